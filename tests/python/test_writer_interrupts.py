"""Ctrl-C while a large value is copied: the call ends, and nothing of the value is written."""

from __future__ import annotations

import pytest
from fresh import python


@pytest.mark.parametrize(
    "call",
    [
        "files.event_writer.add_event(bytes(size))",
        "files.add_onnx_graph(bytes(size))",
        "writer.add_tensor('t', np.zeros(size // 4, 'f4'))",
        "writer.add_audio('a', np.zeros(size // 2, 'i2'))",
        "writer.add_mesh('m', np.zeros((1, size // 12, 3), 'f4'))",
        "writer.add_text('t', 'x' * size)",
    ],
)
def test_a_value_that_is_interrupted_is_not_written(tmp_path, call):
    done = python(
        f"""
        import os, signal, sys
        import numpy as np
        from tfevents import SummaryWriter
        def stop(*_):
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, stop)
        writer = SummaryWriter(sys.argv[1], flush_secs=3600, max_buffer_bytes=2**31)
        files = writer.file_writer
        for size in (2**26, 2**27, 2**28, 2**29, 2**30):
            before = writer._added()
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.001)
                {call}
            except KeyboardInterrupt:
                if writer._added() == before:
                    os._exit(0)  # nothing of those before needs to be written
                # It was done before the signal was looked at: a larger one takes longer.
        print("every value was added", file=sys.stderr, flush=True)
        os._exit(1)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
