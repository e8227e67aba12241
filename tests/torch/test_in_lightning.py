"""The logger in Lightning itself, beside Lightning's own."""

from __future__ import annotations

import pickle
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
import tfevents
import torch
import yaml
from lightning.fabric import Fabric
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import TensorBoardLogger as LightningLogger
from tfevents.integrations.lightning import TensorBoardLogger

QUIET = {
    "accelerator": "cpu",
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "log_every_n_steps": 1,
}
LOGGERS = (TensorBoardLogger, LightningLogger)
HPARAMS = {
    "float": 0.3,
    "int": 1,
    "string": "abc",
    "bool": True,
    "dict": {"a": {"b": "c"}},
    "list": [1, 2, 3],
    "dicts": [{"a": 1}, {"b": 2}],
    "namespace": Namespace(foo=Namespace(bar="buzz")),
    "layer": torch.nn.BatchNorm1d,
    "tensor": torch.zeros(2, 2, 2),
    "array": np.zeros([2, 2, 2]),
    123: 3,
    5j: 5,
    "none": None,
}
pytestmark = pytest.mark.filterwarnings("ignore")


class Model(BoringModel):
    """Logs in every way a module can."""

    def __init__(self, rate: float = 0.5, name: str = "x") -> None:  # noqa: ARG002  (Lightning's)
        super().__init__()
        self.save_hyperparameters()

    def training_step(self, batch: Any, index: int) -> Any:
        result = super().training_step(batch, index)
        self.log("loss", result["loss"], on_step=True, on_epoch=True)
        self.log_dict({"a": index, "b": torch.tensor(2.0 * index)})
        self.logger.log_metrics({"pair": {"x": 1.0, "y": index}}, self.global_step)
        return result

    def validation_step(self, *_: Any) -> None:
        self.log("val", 1.0)


def scalars(root: Path) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Points by run, relative to the root, and tag."""
    found: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for path in sorted(root.rglob("*tfevents*")):
        for event in golden.events(path):
            for value in event.summary.value:
                if value.WhichOneof("value") == "simple_value":
                    key = (str(path.parent.relative_to(root)), value.tag)
                    found.setdefault(key, []).append((event.step, value.simple_value))
    return found


def test_a_training_logs_what_lightnings_logger_does(tmp_path: Path) -> None:
    logged, settings, tables = [], [], []
    for logger in LOGGERS:
        torch.manual_seed(0)
        root = tmp_path / logger.__module__
        trainer = Trainer(
            logger=logger(root, prefix="p"), max_epochs=2, limit_train_batches=3, **QUIET
        )
        assert trainer.log_dir == trainer.logger.log_dir
        trainer.fit(Model())
        run = root / "lightning_logs" / "version_0"
        assert (trainer.log_dir, trainer.logger.log_dir) == (str(run), str(run))
        assert len(list((run / "checkpoints").iterdir())) == 1
        logged.append(scalars(root))
        settings.append(yaml.safe_load((run / "hparams.yaml").read_text()))
        (row,) = tfevents.open(root).hparams().to_arrow().to_pylist()
        tables.append({name: row[name] for name in ("rate", "name", "group", "status")})
    assert logged[0] == logged[1]
    assert settings == [{"rate": 0.5, "name": "x"}] * 2
    assert tables[0] == tables[1]


def test_hyperparameters_are_lightnings(tmp_path: Path) -> None:
    tables = []
    for logger in LOGGERS:
        made = logger(tmp_path / logger.__module__)
        made.log_hyperparams(HPARAMS, {"m": torch.tensor([0.5])}, step=3)
        made.finalize("success")
        (row,) = tfevents.open(made.log_dir).hparams().to_arrow().to_pylist()
        tables.append(row)
        assert made.hparams.keys() == HPARAMS.keys()
        assert (Path(made.log_dir) / "hparams.yaml").exists()
    # torch writes booleans as numbers.
    assert tables[0].pop("bool") is True
    assert tables[1].pop("bool") == 1.0
    assert tables[0] == tables[1]


def test_none_is_no_hyperparameter(tmp_path: Path) -> None:
    for logger in LOGGERS:
        made = logger(tmp_path / logger.__module__)
        made.log_hyperparams(None)
        made.finalize("success")
        assert scalars(tmp_path / logger.__module__) == {
            ("lightning_logs/version_0", "hp_metric"): [(0, -1.0)]
        }
        assert made.hparams == {}


@pytest.mark.parametrize("logger", LOGGERS)
def test_versions_and_names(tmp_path: Path, logger: Any) -> None:
    root = tmp_path / "n"
    for name in ("version_0", "version_1", "version_nonumber", "other"):
        (root / name).mkdir(parents=True)
    assert logger(tmp_path, name="n").version == 2
    assert logger(tmp_path, name="n", version=1).version == 1
    assert logger(tmp_path, name="n", version="v").log_dir == str(root / "v")
    assert logger(tmp_path, name="n", version="v", sub_dir="s").log_dir == str(root / "v" / "s")
    for name in ("", None):
        made = logger(tmp_path / "none", name=name, version=0)
        assert Path(made.root_dir) == tmp_path / "none"
        made.log_hyperparams({"a": 1})
        made.finalize("success")
        assert (tmp_path / "none" / "version_0").is_dir()


@pytest.mark.parametrize("logger", LOGGERS)
def test_home_and_variables_are_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logger: Any
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLACE", "somewhere")
    assert logger("~/x", version=0).log_dir == str(tmp_path / "x/lightning_logs/version_0")
    assert logger("$PLACE", version=0).log_dir == "somewhere/lightning_logs/version_0"


@pytest.mark.parametrize("logger", LOGGERS)
@pytest.mark.parametrize("step", [10, None])
def test_metrics_of_any_number_type(tmp_path: Path, logger: Any, step: int | None) -> None:
    made = logger(tmp_path)
    numbers = {"f": 0.5, "i": 1, "t": torch.tensor(0.25), "n": torch.tensor(2), "h": np.half(3)}
    made.log_metrics(numbers, step)
    made.finalize("success")
    found = {tag: points for (_, tag), points in scalars(tmp_path).items()}
    assert found == {name: [(step or 0, float(number))] for name, number in numbers.items()}
    with pytest.raises(ValueError, match="object"):
        logger(tmp_path).log_metrics({"x": object()})


@pytest.mark.parametrize("logger", LOGGERS)
def test_the_graph_of_a_model(tmp_path: Path, logger: Any) -> None:
    model = BoringModel()
    made = logger(tmp_path, log_graph=True)
    made.log_graph(model, torch.rand(2, 32))
    made.finalize("success")
    (file,) = (tmp_path / "lightning_logs" / "version_0").glob("*tfevents*")
    assert any(event.HasField("graph_def") for event in golden.events(file))
    for example, text in ((None, "was not given"), ({"x": 1}, "can't be traced")):
        model.example_input_array = example
        with pytest.warns(UserWarning, match=text):
            made.log_graph(model)
    unasked = logger(tmp_path)
    unasked.log_graph(model, torch.rand(2, 32))
    assert unasked._experiment is None


@pytest.mark.parametrize("logger", LOGGERS)
def test_finalize_closes_what_was_opened(tmp_path: Path, logger: Any) -> None:
    made = logger(tmp_path, default_hp_metric=False)
    made.finalize("any")
    assert made._experiment is None
    made.log_metrics({"a": 1.0})
    made.finalize("any")
    assert made.experiment.file_writer is None
    copy = pickle.loads(pickle.dumps(made))
    assert copy.log_dir == made.log_dir


@pytest.mark.parametrize("logger", LOGGERS)
def test_accumulated_gradients_count_steps(tmp_path: Path, logger: Any) -> None:
    options = {**QUIET, "log_every_n_steps": 3}
    trainer = Trainer(
        logger=logger(tmp_path, default_hp_metric=False),
        limit_train_batches=12,
        limit_val_batches=0,
        max_epochs=3,
        accumulate_grad_batches=2,
        **options,
    )
    trainer.fit(Model())
    found = {tag: points for (_, tag), points in scalars(tmp_path).items()}
    assert [step for step, _ in found["loss_epoch"]] == [5, 11, 17]


@pytest.mark.parametrize("logger", LOGGERS)
def test_a_linked_directory_has_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logger: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lightning_logs" / "version_3").mkdir(parents=True)
    (tmp_path / "link").symlink_to("lightning_logs")
    assert logger("link", name="").version == 4


def test_omegaconf_hyperparameters(tmp_path: Path) -> None:
    omegaconf = pytest.importorskip("omegaconf")
    tables = []
    for logger in LOGGERS:
        made = logger(tmp_path / logger.__module__)
        made.log_hyperparams(omegaconf.OmegaConf.create({"a": {"b": 1}, "c": [1, 2]}), {"m": 1})
        made.finalize("success")
        tables.append(tfevents.open(made.log_dir).hparams().to_arrow().to_pylist())
        assert yaml.safe_load((Path(made.log_dir) / "hparams.yaml").read_text()) == {
            "a": {"b": 1},
            "c": [1, 2],
        }
    assert tables[0] == tables[1]


def test_fabric_takes_it(tmp_path: Path) -> None:
    made = TensorBoardLogger(tmp_path)
    fabric = Fabric(loggers=made, accelerator="cpu", devices=1)
    fabric.log("a", torch.tensor(1.5), step=2)
    made.finalize("success")
    assert scalars(tmp_path) == {("lightning_logs/version_0", "a"): [(2, 1.5)]}


CLI = """
import sys
from lightning.pytorch.cli import LightningCLI
from lightning.pytorch.demos.boring_classes import BoringModel

for version in range(2):
    cli = LightningCLI(BoringModel, args=[
        "fit", f"--trainer.logger={sys.argv[1]}", f"--trainer.logger.save_dir={sys.argv[2]}",
        "--trainer.max_steps=1", "--trainer.accelerator=cpu",
        "--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false",
    ])
    assert cli.trainer.log_dir.endswith(f"version_{version}"), cli.trainer.log_dir
"""


@pytest.mark.parametrize("logger", LOGGERS)
def test_the_command_line_runs_twice(tmp_path: Path, logger: Any) -> None:
    name = f"{logger.__module__}.{logger.__qualname__}"
    subprocess.run([sys.executable, "-c", CLI, name, tmp_path], check=True, timeout=300)
    configs = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("config.yaml"))
    assert [str(path.parent) for path in configs] == [
        f"lightning_logs/version_{version}" for version in range(2)
    ]


STANDALONE = """
import sys
import pytorch_lightning as pl
from tfevents.integrations.lightning import TensorBoardLogger

assert issubclass(TensorBoardLogger, pl.loggers.TensorBoardLogger)
assert "lightning.pytorch" not in sys.modules
logger = TensorBoardLogger(sys.argv[1])
trainer = pl.Trainer(logger=logger, accelerator="cpu")
assert trainer.log_dir == logger.log_dir
"""


def test_the_standalone_package_has_it_too(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", STANDALONE, tmp_path], check=True, timeout=300)


def test_no_other_writer_is_needed(tmp_path: Path) -> None:
    code = """
import sys
import lightning.fabric.loggers.tensorboard as fabric
# As where neither TensorBoard nor tensorboardX is installed.
fabric._TENSORBOARD_AVAILABLE = fabric._TENSORBOARDX_AVAILABLE = False
from tfevents.integrations.lightning import TensorBoardLogger

logger = TensorBoardLogger(sys.argv[1])
logger.log_hyperparams({"a": 1})
logger.log_metrics({"b": 2.0}, 1)
logger.finalize("success")
"""
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True, timeout=300)
    run = tmp_path / "lightning_logs" / "version_0"
    assert {tag for _, tag in scalars(tmp_path)} == {"hp_metric", "b"}
    assert yaml.safe_load((run / "hparams.yaml").read_text()) == {"a": 1}
