"""What a disk refuses to deliver costs itself and what stands behind it in the same file."""

import json
import os
import subprocess
import sys
import textwrap

import pytest
from eventfiles import event, make_older, record, scalar, write

#: From the offset BAD on, reads of files whose path holds "/bad/" fail, as from a bad sector.
FAILS = """
    #define _GNU_SOURCE
    #include <errno.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    ssize_t pread64(int fd, void *bytes, size_t count, off64_t offset) {
        char link[64], path[4096] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        off64_t bad = atol(getenv("BAD"));
        if (length > 0 && strstr(path, "/bad/") && offset + (off64_t) count > bad) {
            if (offset >= bad) { errno = EIO; return -1; }
            count = bad - offset;
        }
        return syscall(SYS_pread64, fd, bytes, count, offset);
    }
    ssize_t pread(int fd, void *bytes, size_t count, off_t offset) {
        return pread64(fd, bytes, count, offset);
    }
"""

READS = """
    import json, sys, warnings
    import tfevents

    warnings.simplefilter("ignore")
    found = []
    for options in ({}, {"restarts": "last"}, {"checksum": False}):
        logs = tfevents.open(sys.argv[1], mmap="never", **options)
        found.append([
            logs.scalars().to_arrow().select(["run", "step"]).to_pylist(),
            logs.damage().to_arrow().to_pylist(),
        ])
    try:
        tfevents.open(sys.argv[1], on_damage="raise").scalars().count()
    except tfevents.DamagedFileError as error:
        found.append([error.offset, error.reason])
    print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def bad_disk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    (folder / "fails.c").write_text(FAILS)
    library = folder / "fails.so"
    build = ["cc", "-shared", "-fPIC", "-o", str(library), str(folder / "fails.c")]
    subprocess.run(build, check=True, capture_output=True)
    return {**os.environ, "LD_PRELOAD": str(library)}


@pytest.mark.parametrize("records", [30, 60_000])
@pytest.mark.parametrize("part", [0, 0.5, 0.97])
def test_all_records_before_the_bad_place_are_read(tmp_path, bad_disk, records, part):
    one = record(event(0, scalar("x", 0)))
    whole = write(tmp_path / "whole" / "x.tfevents", raw=one * 2)
    path = write(tmp_path / "bad" / "x.tfevents", raw=one * records)
    make_older(path, 10)
    make_older(whole, 20)
    size = len(one) * records
    bad = int(size * part)
    environment = {**bad_disk, "BAD": str(bad)}
    code = [sys.executable, "-c", textwrap.dedent(READS), str(tmp_path)]
    done = subprocess.run(code, env=environment, check=True, capture_output=True, text=True)
    *found, raised = json.loads(done.stdout)
    readable = bad // len(one)
    offset = readable * len(one)
    for rows, damage in found:
        assert [row["run"] for row in rows] == ["bad"] * readable + ["whole"] * 2
        assert damage == [
            {
                "path": str(path),
                "offset": offset,
                "length": size - offset,
                "reason": "Input/output error",
            }
        ]
    assert raised == [offset, "Input/output error"]
