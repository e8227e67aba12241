"""A fork while another thread uses a writer for the first time leaves the child free."""

from __future__ import annotations

from fresh import python


def test_a_fork_during_the_first_number_of_another_thread(tmp_path):
    # Each attempt needs a process that has not seen NumPy's numbers. The attempts differ in when
    # they fork; without the names that the module makes when it is loaded, some of these hang.
    done = python(
        """
        import os, signal, sys, threading
        import numpy as np
        from tfevents import SummaryWriter

        def attempt(number):
            writer = SummaryWriter(f"{sys.argv[1]}/{number}")
            value, started = np.float32(1), []
            def work():
                started.append(True)
                writer.add_scalar("loss", value, 1)
            sys.setswitchinterval(1e-6)
            threading.Thread(target=work).start()
            while not started:
                pass
            for _ in range(number % 50):
                pass
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # a child that hangs is killed
                writer.add_scalar("loss", value, 2)
                os._exit(0)
            os._exit(os.waitpid(child, 0)[1] != 0)

        for number in range(80):
            child = os.fork()
            if child == 0:
                attempt(number)
            assert os.waitpid(child, 0)[1] == 0, number
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
