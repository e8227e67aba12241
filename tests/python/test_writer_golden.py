"""What torch and tensorboardX write, we write: every field of every event, wall times aside.

The exceptions stand in the tests by name, each with its reason; `docs/writing.md` tells users.
"""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
import replay
from PIL import Image
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

Written = tuple[Path, Path]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Our ``torch_all`` and ``tbx_all``."""
    directory = tmp_path_factory.mktemp("replayed")
    rng = np.random.default_rng(replay.SEED)
    replay.torch_all(directory / "torch_all", rng)
    replay.tbx_all(directory / "tbx_all", rng)
    return directory / "torch_all", directory / "tbx_all"


def frames(encoded: bytes) -> list[np.ndarray]:
    """Every frame of an image file, as RGB."""
    with Image.open(io.BytesIO(encoded)) as image:
        pictures = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            pictures.append(np.asarray(image.convert("RGB")))
        return pictures


def plain(value: Any) -> Any:
    """A copy of a value with encoded pictures replaced by what cannot differ."""
    copy = type(value)()
    copy.CopyFrom(value)
    if copy.HasField("image"):
        copy.image.encoded_image_string = b""
    return copy


def hparams(value: Any) -> Any:
    """The message in the metadata of a hyperparameter value."""
    content = value.metadata.plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content)


def assert_same(ours: Any, theirs: Any) -> None:
    """Two values with the same fields, pictures compared by their pixels."""
    if theirs.metadata.plugin_data.plugin_name == "hparams":
        assert ours.tag == theirs.tag
        assert hparams(ours) == hparams(theirs)  # their map has no order
        return
    got, wanted = plain(ours), plain(theirs)
    if wanted.HasField("histo"):
        # Theirs is a BLAS dot product, whose order of addition depends on the machine.
        assert got.histo.sum_squares == pytest.approx(wanted.histo.sum_squares, rel=1e-14)
        got.histo.sum_squares = wanted.histo.sum_squares
    assert got == wanted, ours.tag
    if theirs.HasField("image"):
        got = frames(ours.image.encoded_image_string)
        wanted = frames(theirs.image.encoded_image_string)
        assert len(got) == len(wanted)
        if len(got) == 1:
            assert np.array_equal(got[0], wanted[0]), ours.tag


def compare(ours: Path, theirs: Path, skip: Any = (), tags: Any = None) -> None:
    """Two runs, event by event; ``tags`` are those we name otherwise."""
    tags = tags or {}
    mine, golds = golden.run(ours), golden.run(theirs)
    mine = [e for e in mine if not any(v.tag in skip for v in e.summary.value)]
    golds = [e for e in golds if not any(tags.get(v.tag, v.tag) in skip for v in e.summary.value)]
    assert len(mine) == len(golds)
    for got, wanted in zip(mine, golds, strict=True):
        assert got.step == wanted.step
        assert got.WhichOneof("what") == wanted.WhichOneof("what")
        if wanted.HasField("summary"):
            assert len(got.summary.value) == len(wanted.summary.value)
            for value, gold in zip(got.summary.value, wanted.summary.value, strict=True):
                gold.tag = tags.get(gold.tag, gold.tag)
                assert_same(value, gold)
        else:
            got.ClearField("source_metadata")
            wanted.ClearField("source_metadata")
            got.wall_time = wanted.wall_time
            assert got == wanted


def test_every_event_of_torch_is_equal(written: Written) -> None:
    # NaN is not equal to itself: `edge` has a test of its own.
    compare(written[0], golden.GOLDEN / "torch_all", skip={"edge"})


def test_non_finite_scalars_keep_their_bits(written: Written) -> None:
    ours = golden.by_tag(golden.run(written[0]))["edge"]
    theirs = golden.by_tag(golden.run(golden.GOLDEN / "torch_all"))["edge"]
    bits = [
        np.float32([value.simple_value for _, value in run]).tobytes() for run in (ours, theirs)
    ]
    assert bits[0] == bits[1]


def test_a_restart_is_equal(written: Written) -> None:
    compare(written[0] / "restart", golden.GOLDEN / "torch_all" / "restart")


def test_a_sub_run_of_hparams_differs_only_in_true_booleans(written: Written) -> None:
    ours = golden.run(written[0] / "hp")
    theirs = golden.run(golden.GOLDEN / "torch_all" / "hp")
    assert len(ours) == len(theirs)
    tags = golden.by_tag(theirs)
    for tag, ((step, value),) in golden.by_tag(ours).items():
        ((their_step, gold),) = tags[tag]
        assert step == their_step
        if tag == "_hparams_/experiment":
            wanted = hparams(gold)
            for info in wanted.experiment.hparam_infos:
                if info.name == "c":
                    info.type = api_pb2.DATA_TYPE_BOOL
            assert hparams(value) == wanted
        elif tag == "_hparams_/session_start_info":
            wanted = hparams(gold)
            wanted.session_start_info.hparams["c"].bool_value = True
            assert hparams(value) == wanted
        else:
            assert_same(value, gold)


def test_every_event_of_tensorboardx_is_equal(written: Written) -> None:
    compare(
        written[1],
        golden.GOLDEN / "tbx_all",
        # Their mesh has no components and "null" for a configuration; their samples are times 32768
        # and rounded, not times 32767 and truncated as torch's: `snd` is compared below.
        skip={"mesh_VERTEX", "snd"},
        tags={"mesh_1": "mesh_VERTEX"},
    )
    for name in ("a", "b"):
        compare(written[1] / f"grp_{name}", golden.GOLDEN / "tbx_all" / "grp" / name)


def test_sounds_of_tensorboardx_differ_by_rounding_only(written: Written) -> None:
    samples = []
    for directory in (written[1], golden.GOLDEN / "tbx_all"):
        ((_, value),) = golden.by_tag(golden.run(directory))["snd"]
        with wave.open(io.BytesIO(value.audio.encoded_audio_string)) as sound:
            assert (sound.getframerate(), sound.getnchannels()) == (8000, 1)
            samples.append(np.frombuffer(sound.readframes(800), "<i2").astype(int))
    assert abs(samples[0] - samples[1]).max() <= 2


def test_hparams_of_tensorboardx_are_equal_but_for_the_missing_steps(written: Written) -> None:
    ours = golden.by_tag(golden.run(written[1] / "hpx"))
    theirs = golden.by_tag(golden.run(golden.GOLDEN / "tbx_all" / "hpx"))
    assert ours.keys() == theirs.keys()
    for tag, ((step, value),) in ours.items():
        assert step == 3
        assert_same(value, theirs[tag][0][1])


def test_embedding_files_are_equal(written: Written) -> None:
    for path in ("00001/emb", "00002/emb2"):
        for name in ("metadata.tsv", "tensors.tsv"):
            wanted = (golden.GOLDEN / "tbx_all" / path / name).read_text()
            assert (written[1] / path / name).read_text() == wanted, path


def test_sounds_of_torch_are_equal_bytes(written: Written) -> None:
    sounds = [
        golden.by_tag(golden.run(directory))["snd"][0][1].audio.encoded_audio_string
        for directory in (written[0], golden.GOLDEN / "torch_all")
    ]
    assert sounds[0] == sounds[1]


def test_videos_show_the_same_frames_as_nearly_as_256_colors_allow(written: Written) -> None:
    rng = np.random.default_rng(0)
    few = rng.integers(0, 2, (1, 3, 3, 4, 4)).astype("u1") * 255
    from tfevents import SummaryWriter

    with SummaryWriter(written[0] / "few") as w:
        w.add_video("v", few, 0, fps=10)
    ((_, value),) = golden.by_tag(golden.run(written[0] / "few"))["v"]
    got = frames(value.image.encoded_image_string)
    assert np.array_equal(np.stack(got), few[0].transpose(0, 2, 3, 1))
    with Image.open(io.BytesIO(value.image.encoded_image_string)) as image:
        assert image.info["duration"] == 100
        assert image.info["loop"] == 0
