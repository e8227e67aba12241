"""A training loop as PyTorch users write it; only the import of the writer differs.

Fits a line by gradient descent. Run it, then look: ``tensorboard --logdir runs``.
"""

import sys

import numpy as np
from tfevents import SummaryWriter  # was: from torch.utils.tensorboard import SummaryWriter


def main(log_dir: str = "runs/line") -> float:
    """Trains, logs to ``log_dir`` and gives the last loss."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 3)).astype(np.float32)
    target = x @ np.array([1.0, -2.0, 0.5], np.float32) + 0.1
    weights, bias, loss = np.zeros(3, np.float32), np.float32(0), 0.0
    with SummaryWriter(log_dir) as writer:
        for step in range(100):
            error = x @ weights + bias - target
            loss = float((error**2).mean())
            gradient = 2 * x.T @ error / len(x)
            weights -= 0.1 * gradient
            bias -= 0.2 * error.mean()
            writer.add_scalar("loss/train", loss, step)
            if step % 10 == 0:
                writer.add_histogram("weights/gradient", gradient, step)
                writer.add_scalars("norm", {"w": np.linalg.norm(weights), "b": abs(bias)}, step)
        writer.add_text("result", f"**{loss:.2e}** after 100 steps", 100)
        writer.add_hparams({"lr": 0.1, "shuffle": False}, {"hparam/loss": loss})
    return loss


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
