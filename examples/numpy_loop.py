"""A loop without a framework: many scalars a step, a whole series at once, and images."""

import sys

import numpy as np
from tfevents import SummaryWriter


def main(log_dir: str = "runs/walk") -> int:
    """Logs a random walk to ``log_dir`` and gives the number of its points."""
    rng = np.random.default_rng(0)
    walk = rng.normal(size=(10_000, 2)).cumsum(axis=0)
    with SummaryWriter(log_dir) as writer:
        # One series, ten thousand points, no Python loop.
        writer.add_scalar_batch("walk/x", walk[:, 0], np.arange(len(walk)))
        for step in range(0, len(walk), 1000):
            so_far = walk[: step + 1000]
            # One event for everything that belongs to a step.
            writer.log({"walk/mean": so_far.mean(), "walk/spread": so_far.std()}, step)
            visits, *_ = np.histogram2d(so_far[:, 0], so_far[:, 1], bins=64)
            writer.add_image("visits", visits / visits.max(), step, dataformats="HW")
    return len(walk)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
