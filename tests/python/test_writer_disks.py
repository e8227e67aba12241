"""What writers do on disks that refuse, are full, are slow or hang."""

from __future__ import annotations

import os
import subprocess
import warnings

import pytest
from fresh import python
from records import run_events
from tfevents import _native
from tfevents.proto import Event, Summary


@pytest.fixture
def small_disk(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting is not permitted")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


#: While $HANG/write or $HANG/sync exists, such calls do not return, but on files below "/free/".
#: $HANG/waits says that one waits.
HANGS = """
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    static void hang(const char *call, int fd) {
        char link[64], path[4096] = "", gate[4096], waits[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, path, sizeof path - 1) > 0 && strstr(path, "/free/")) return;
        snprintf(gate, sizeof gate, "%s/%s", getenv("HANG"), call);
        snprintf(waits, sizeof waits, "%s/waits", getenv("HANG"));
        while (access(gate, F_OK) == 0) {
            close(open(waits, O_CREAT | O_WRONLY, 0600));
            usleep(1000);
        }
    }
    int fdatasync(int fd) { hang("sync", fd); return syscall(SYS_fdatasync, fd); }
    int fsync(int fd) { hang("sync", fd); return syscall(SYS_fsync, fd); }
    ssize_t write(int fd, const void *p, size_t n) {
        if (fd > 2) hang("write", fd);
        return syscall(SYS_write, fd, p, n);
    }
"""


@pytest.fixture(scope="module")
def hanging_calls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hangs")
    (folder / "hangs.c").write_text(HANGS)
    build = ["cc", "-shared", "-fPIC", "-o", str(folder / "hangs.so"), str(folder / "hangs.c")]
    try:
        subprocess.run(build, check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("no C compiler")
    return str(folder / "hangs.so")


@pytest.fixture
def hanging_disk(tmp_path_factory, hanging_calls):
    folder = tmp_path_factory.mktemp("hang")
    return {**os.environ, "LD_PRELOAD": hanging_calls, "HANG": str(folder)}


class TestTrouble:
    """Disks that refuse."""

    def test_the_directory_is_a_file(self, tmp_path):
        blocked = tmp_path / "file"
        blocked.write_text("")
        with pytest.raises(OSError, match="file"):
            _native.Writer(blocked, on_error="raise")
        with pytest.warns(RuntimeWarning, match="file"):
            writer = _native.Writer(blocked)
        for step in range(1000):
            writer.add_scalar("t", 1.0, step)
        with pytest.warns(RuntimeWarning, match="file"):
            writer.close()
        assert writer.stats["dropped"] == 1000
        assert writer.stats["written"] == writer.stats["pending"] == 0
        silent = _native.Writer(blocked, on_error="drop")
        silent.add_scalar("t", 1.0, 1)
        silent.close()
        assert silent.stats["dropped"] == 1
        assert "file" in silent.stats["last_error"]

    def test_a_read_only_directory(self, small_disk):
        writer = _native.Writer(small_disk)
        writer.add_scalar("t", 1.0, 1)
        writer.close()
        remount = ["mount", "-o", "remount,ro", str(small_disk)]
        subprocess.run(remount, check=True)
        with pytest.raises(OSError, match="Read-only"):
            _native.Writer(small_disk, on_error="raise")
        writer.add_scalar("t", 1.0, 2)
        with pytest.warns(RuntimeWarning, match="Read-only"):
            writer.close()
        assert (writer.stats["written"], writer.stats["dropped"]) == (1, 1)
        assert [event.step for event in run_events(small_disk)] == [1]

    def test_a_deleted_directory_comes_back(self, tmp_path):
        run = tmp_path / "run"
        writer = _native.Writer(run)
        writer.add_scalar("t", 1.0, 1)
        writer.flush()
        writer.path.unlink()
        run.rmdir()
        writer.add_scalar("t", 1.0, 2)
        with pytest.warns(RuntimeWarning, match="deleted"):
            writer.flush()
        writer.close()
        assert [event.step for event in run_events(run)] == [2]
        assert (writer.stats["written"], writer.stats["dropped"]) == (1, 1)

    LIMITED = """
        import resource, sys, warnings
        from tfevents import _native
        warnings.simplefilter("ignore")
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
        writer = _native.Writer(sys.argv[1], on_error=sys.argv[2], flush_secs=0.01)
        raised = False
        for step in range(2000):
            try:
                writer.add_scalar("loss", 1.0, step)
            except OSError as error:
                assert error.errno == 27 and "tfevents" in str(error.filename), error
                raised = True
            if step % 100 == 99:
                try:
                    writer.flush()
                except OSError:
                    raised = True
        assert raised == (sys.argv[2] == "raise"), raised
        try:
            writer.close()
        except OSError:
            pass
        stats = writer.stats
        assert stats["pending"] == 0 and stats["last_error"], stats
        print(stats["written"], stats["dropped"])
    """

    @pytest.mark.parametrize("policy", ["warn", "raise", "drop"])
    def test_a_file_size_limit(self, tmp_path, policy):
        done = python(self.LIMITED, tmp_path, policy)
        assert done.returncode == 0, done.stderr
        written, dropped = map(int, done.stdout.split())
        steps = [event.step for event in run_events(tmp_path)]
        assert len(steps) == written > 0
        assert steps == sorted(set(steps))
        if policy == "warn":
            assert steps == list(range(2000)), "the next file takes what this one does not"
        assert policy == "raise" or written + dropped == 2000

    def test_a_full_disk_warns_and_goes_on(self, small_disk):
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(40_000))
        run = small_disk / "run"
        writer = _native.Writer(run, max_buffer_bytes=100_000, flush_secs=0.01)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for step in range(5000):
                writer.add_scalar("loss", 1.0, step)
            writer.flush()
        assert any("space" in str(warning.message) for warning in caught)
        assert writer.stats["dropped"] > 0
        kept = [event.step for event in run_events(run)]
        assert kept == list(range(len(kept))), "whole records, and no torn one"
        assert writer.stats["written"] == len(kept)
        pending = writer.stats["pending"]
        ballast.unlink()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            writer.flush()
        after = [event.step for event in run_events(run)]
        assert len(after) > len(kept), "there is room again"
        assert writer.stats["written"] == len(after)
        assert writer.stats["pending"] < pending
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            writer.close()
        stats = writer.stats
        assert stats["written"] + stats["dropped"] == 5000

    def test_a_full_disk_raises_if_asked(self, small_disk):
        writer = _native.Writer(small_disk, on_error="raise", flush_secs=0.001)
        with pytest.raises(OSError, match="space") as caught:
            for step in range(1_000_000):
                writer.add_scalar("loss", 1.0, step)
        assert caught.value.errno == 28
        with pytest.raises(OSError, match="space"):
            writer.close()
        writer.close()

    def test_a_disk_that_does_not_answer_is_not_waited_for(self, tmp_path, hanging_disk):
        done = python(
            """
            import os, pathlib, sys, threading, time
            from tfevents import _native
            hang = pathlib.Path(os.environ["HANG"])
            writer = _native.Writer(sys.argv[1], durability="fsync", flush_secs=3600)
            writer.add_scalar("t", 1.0, 0)
            (hang / "sync").touch()
            thread = threading.Thread(target=writer.flush, daemon=True)
            thread.start()
            while not (hang / "waits").exists():
                time.sleep(0.001)
            for step in range(1, 10_000):
                writer.add_scalar("t", 1.0, step)
            assert thread.is_alive(), "flush waits for fsync"
            (hang / "sync").unlink()
            thread.join()
            writer.close()
            """,
            tmp_path,
            env=hanging_disk,
        )
        assert done.returncode == 0, done.stderr
        assert [event.step for event in run_events(tmp_path)] == list(range(10_000))

    def test_close_returns_from_a_disk_that_hangs(self, tmp_path, hanging_disk):
        done = python(
            """
            import os, pathlib, sys, time, warnings
            from tfevents import _native
            writer = _native.Writer(sys.argv[1], close_timeout=0.3)
            pathlib.Path(os.environ["HANG"], "write").touch()
            writer.add_scalar("t", 1.0, 1)
            before = time.perf_counter()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                writer.close()
            assert time.perf_counter() - before > 0.25
            assert "given up" in str(caught[0].message)
            assert writer.stats["dropped"] == 1 and writer.stats["pending"] == 0
            os._exit(0)
            """,
            tmp_path,
            env=hanging_disk,
        )
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize("on_error", ["warn", "raise", "drop"])
    def test_a_writer_is_opened_on_a_disk_that_hangs(self, tmp_path, hanging_disk, on_error):
        done = python(
            """
            import os, pathlib, sys, warnings
            from tfevents import SummaryWriter
            gate = pathlib.Path(os.environ["HANG"], "write")
            gate.touch()
            folder, on_error = sys.argv[1:]
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    writer = SummaryWriter(folder, close_timeout=0.3, on_error=on_error)
                except TimeoutError:
                    assert on_error == "raise"
                    os._exit(0)
            messages = [str(one.message) for one in caught]
            assert on_error != "raise"
            assert len(messages) == (on_error == "warn"), messages
            assert "did not answer" in writer.stats["last_error"]
            writer.add_scalar("t", 1.0, 1)
            gate.unlink()
            writer.flush()
            assert writer.stats["written"] == 1
            """,
            tmp_path,
            on_error,
            env=hanging_disk,
        )
        assert done.returncode == 0, done.stderr
        if on_error != "raise":
            assert [event.step for event in run_events(tmp_path)] == [1]

    def test_ctrl_c_ends_the_opening_of_a_writer(self, tmp_path, hanging_disk):
        done = python(
            """
            import os, pathlib, signal, sys
            from tfevents import SummaryWriter
            def stop(*_):
                raise KeyboardInterrupt
            pathlib.Path(os.environ["HANG"], "write").touch()
            signal.signal(signal.SIGALRM, stop)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            try:
                SummaryWriter(sys.argv[1])
            except KeyboardInterrupt:
                os._exit(0)
            os._exit(1)
            """,
            tmp_path,
            env=hanging_disk,
        )
        assert done.returncode == 0, done.stderr

    def test_close_and_flush_have_one_deadline_for_all_files(self, tmp_path, hanging_disk):
        done = python(
            """
            import os, pathlib, sys, time, warnings
            from tfevents import SummaryWriter
            writer = SummaryWriter(sys.argv[1], close_timeout=1.0, flush_secs=3600)
            writer.add_scalars("loss", {str(number): 1.0 for number in range(60)}, 1)
            pathlib.Path(os.environ["HANG"], "write").touch()
            for end, limit in ((lambda: writer.flush(timeout=0.5), 0.5), (writer.close, 1.0)):
                before = time.perf_counter()
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    end()
                # One file after the other would take sixty times as long.
                assert limit * 0.9 < time.perf_counter() - before < limit * 30
                (warning,) = caught
                assert "did not answer" in str(warning.message), warning
                assert "59 more files" in str(warning.message), warning
            assert writer.stats["dropped"] == 60 and writer.stats["pending"] == 0
            with SummaryWriter(sys.argv[1] + "/free") as other:
                other.add_scalar("t", 1.0, 1)
            assert other.stats["written"] == 1, "a writer on another disk does not wait"
            os._exit(0)
            """,
            tmp_path,
            env=hanging_disk,
        )
        assert done.returncode == 0, done.stderr

    def test_small_records_pass_a_large_one_on_a_full_disk(self, small_disk):
        writer = _native.Writer(small_disk, flush_secs=3600)
        event = Event(step=1, summary=Summary(value=[{"tag": "large", "simple_value": 1.0}]))
        event.summary.value[0].metadata.summary_description = "x" * 200_000
        writer.add_event(event.SerializeToString())
        for step in range(2, 100):
            writer.add_scalar("small", 1.0, step)
        with pytest.warns(RuntimeWarning, match="space"):
            writer.flush()
        assert [event.step for event in run_events(small_disk)] == list(range(2, 100))
        assert (writer.stats["written"], writer.stats["pending"]) == (98, 1)
        subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
        writer.close()
        assert [event.step for event in run_events(small_disk)] == [*range(2, 100), 1]

    def test_ctrl_c_ends_a_flush(self, tmp_path, hanging_disk):
        done = python(
            """
            import os, pathlib, signal, sys, threading, time
            from tfevents import _native
            hang = pathlib.Path(os.environ["HANG"])
            writer = _native.Writer(sys.argv[1], durability="fsync", flush_secs=3600)
            writer.add_scalar("t", 1.0, 1)
            (hang / "sync").touch()
            def interrupt():
                while not (hang / "waits").exists():
                    time.sleep(0.001)
                os.kill(os.getpid(), signal.SIGINT)
            try:
                threading.Thread(target=interrupt).start()
                writer.flush()
            except KeyboardInterrupt:
                os._exit(0)
            os._exit(1)
            """,
            tmp_path,
            env=hanging_disk,
        )
        assert done.returncode == 0, done.stderr
