"""A sweep: one run for each setting, its hyperparameters in the run's own file."""

import itertools
import sys
from pathlib import Path

import numpy as np
from tfevents import SummaryWriter


def train(lr: float, momentum: bool, writer: SummaryWriter) -> float:
    """Minimises a bowl from a fixed start and gives the last loss."""
    at, speed, loss = np.array([3.0, -2.0]), np.zeros(2), 0.0
    for step in range(50):
        loss = float(at @ at)
        writer.add_scalar("loss", loss, step)
        speed = 0.9 * speed * momentum - lr * 2 * at
        at = at + speed
    return loss


def main(log_dir: str = "runs/sweep") -> dict[str, float]:
    """Tries every setting and gives the losses by run."""
    losses = {}
    for lr, momentum in itertools.product([0.01, 0.1], [False, True]):
        run = f"lr{lr}_{'momentum' if momentum else 'plain'}"
        with SummaryWriter(Path(log_dir) / run) as writer:
            losses[run] = train(lr, momentum, writer)
            setting = {"lr": lr, "momentum": momentum, "start": "fixed"}
            writer.add_hparams(setting, {"loss/last": losses[run]}, run_name=".")
    return losses


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
