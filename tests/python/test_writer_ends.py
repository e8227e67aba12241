"""Nothing is lost because of how a process ends: children of multiprocessing, exits, forks."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from fresh import python
from records import read_events, run_events

SCRIPT = Path(__file__).with_name("process_ends.py")
CELLS = 27
METHODS = ("fork", "forkserver", "spawn")


@pytest.fixture(scope="module")
def matrices(tmp_path_factory):
    """A process for each part of the matrix: they mostly wait, and all run at once."""
    parts = {}
    for method, wrote in itertools.product(METHODS, (0, 1)):
        folder = tmp_path_factory.mktemp(f"{method}{wrote}")
        command = [sys.executable, str(SCRIPT), method, str(wrote), str(folder)]
        parts[method, wrote] = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    yield parts
    for part in parts.values():
        part.kill()
        part.wait()


@pytest.mark.parametrize("wrote", [0, 1], ids=["parent_silent", "parent_wrote"])
@pytest.mark.parametrize("method", METHODS)
def test_children_of_multiprocessing_lose_nothing(matrices, method, wrote):
    script = matrices[method, wrote]
    printed, errors = script.communicate(timeout=300)
    assert script.returncode == 0, errors
    cells = printed.splitlines()
    assert len(cells) == CELLS
    assert [cell for cell in cells if not cell.endswith(": 300")] == []


@pytest.mark.parametrize("value", ["1.5", "np.float32(1.5)", "[1.5]"])
def test_a_daemon_thread_that_logs_does_not_disturb_the_exit(tmp_path, value):
    code = f"""
        import os, sys, threading
        import numpy as np
        from tfevents import SummaryWriter
        writer = SummaryWriter(sys.argv[1])
        added, enough = [-1], threading.Event()
        def work():
            step = 0
            while True:
                writer.add_scalar("loss", {value}, step)
                added[0] = step
                step += 1
                if step > 500:
                    enough.set()
        threading.Thread(target=work, daemon=True).start()
        enough.wait()
        print(added[0], flush=True)
    """
    for number in range(6):
        folder = tmp_path / str(number)
        done = python(code, folder)
        assert done.returncode == 0, done.stderr
        found = [event.step for event in run_events(folder)]
        assert found == list(range(len(found)))
        assert len(found) > int(done.stdout), "what was added before the exit began"


def test_a_thread_that_logs_after_the_finalisers_of_a_child_is_heard(tmp_path):
    done = python(
        """
        import multiprocessing, sys, threading, time
        from multiprocessing import util
        from tfevents import SummaryWriter
        def child(folder):
            writer = SummaryWriter(folder, flush_secs=3600)
            ended = threading.Event()
            util.Finalize(None, ended.set, exitpriority=-1000)  # behind that of the writer
            def late():
                ended.wait()
                for step in range(100):
                    writer.add_scalar("loss", 1.0, step)
                while writer.stats["pending"]:
                    time.sleep(0.01)
            threading.Thread(target=late).start()
        process = multiprocessing.get_context("fork").Process(target=child, args=sys.argv[1:2])
        process.start()
        process.join()
        assert process.exitcode == 0
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert [event.step for event in run_events(tmp_path)] == list(range(100))


@pytest.mark.parametrize(
    "call",
    [
        "writer.add_scalars('loss', {str(n): 1.0 for n in range(k % 40)}, 1)",
        "writer.add_embedding(np.ones((50, 4)), tag=str(k % 7))",
        "writer.add_scalar('loss', np.float32(1), 1), writer.log({'a': 1.0, 'b': 2}), "
        "writer.flush()",
    ],
)
def test_a_fork_while_other_threads_log_leaves_the_child_free(tmp_path, call):
    done = python(
        f"""
        import os, sys, threading, time, signal
        import numpy as np
        from tfevents import SummaryWriter
        writer = SummaryWriter(sys.argv[1])
        stop, k = threading.Event(), 0
        def work():
            global k
            while not stop.is_set():
                k += 1
                {call}
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(30):
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # a child that hangs is killed
                {call}
                writer.add_scalar("child", float(number), number)
                writer.close()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0, number
        stop.set()
        for thread in threads:
            thread.join()
        writer.close()
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    files = [event for path in tmp_path.glob("events*") for event in read_events(path)]
    steps = [event.step for event in files for value in event.summary.value if value.tag == "child"]
    assert sorted(steps) == list(range(30))


@pytest.mark.parametrize(
    ("call", "shape", "dtype"),
    [
        ("writer.add_image('i', data)", (3, 8000, 8000), "u1"),
        ("writer.add_images('i', data)", (64, 3, 1000, 1000), "u1"),
        ("writer.add_video('v', data)", (1, 2, 3, 1500, 1500), "u1"),
        ("writer.add_video('v', data)", (1, 400, 3, 200, 200), "f4"),
        ("writer.add_embedding(data)", (10**5, 200), "f4"),
        ("writer.add_embedding(np.ones((4096, 2)), label_img=data)", (4096, 3, 120, 120), "u1"),
        ("writer.add_histogram('h', data, bins='auto')", (60_000_000,), "u1"),
        ("writer.add_pr_curve('c', data, data)", (60_000_000,), "u1"),
        ("writer.add_audio('a', data)", (40_000_000,), "f4"),
        ("writer.add_mesh('m', data)", (1, 12_000_000, 3), "f4"),
        ("writer.add_tensor('t', data)", (60_000_000,), "i1"),
        ("writer.add_scalar_batch('s', data, 0)", (8_000_000,), "f8"),
    ],
)
def test_a_signal_ends_a_long_encoding(tmp_path, call, shape, dtype):
    done = python(
        f"""
        import os, pathlib, signal, sys
        import numpy as np
        from tfevents import SummaryWriter
        data = np.ones({shape}, "{dtype}")
        data[..., ::3] = 0
        writer = SummaryWriter(sys.argv[1], max_buffer_bytes=1 << 30, flush_secs=3600)
        before = writer.stats["pending"] + writer.stats["written"]
        def stop(*_):
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        try:
            {call}
        except KeyboardInterrupt:
            # Seen only behind the call, the signal would find all records made.
            records = writer.stats["pending"] + writer.stats["written"] - before
            assert records < {8_000_000 if "batch" in call else 1}, records
            files = [p.name for p in pathlib.Path(sys.argv[1]).rglob("*") if p.is_file()]
            assert all("tfevents" in name for name in files), files
            os._exit(0)
        sys.exit("nothing was interrupted")
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
