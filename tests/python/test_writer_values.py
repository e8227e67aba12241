"""Numbers that are not as they should be: written as far as possible, and never silently lost."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
from PIL import Image
from tfevents import SummaryWriter


def value(directory: Path, tag: str = "x") -> Any:
    ((_, found),) = golden.by_tag(golden.run(directory))[tag]
    return found


def pixels(directory: Path) -> np.ndarray:
    with Image.open(io.BytesIO(value(directory).image.encoded_image_string)) as image:
        return np.asarray(image.convert("RGB"))


def samples(directory: Path) -> list[int]:
    with wave.open(io.BytesIO(value(directory).audio.encoded_audio_string)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").tolist()


def counts(directory: Path) -> list[list[float]]:
    """True and false positives of a curve."""
    rows = np.array(value(directory).tensor.float_val).reshape(6, -1)
    return rows[:2].tolist()


NAN_IMAGE = np.array([[np.nan, 0.5], [np.inf, -np.inf]])
NAN_VIDEO = np.full((1, 2, 1, 2, 2), np.nan)
ODD: dict[str, tuple[Callable[[SummaryWriter], None], str]] = {
    "image": (lambda w: w.add_image("x", NAN_IMAGE, 1, dataformats="HW"), "img_tensor"),
    "video": (lambda w: w.add_video("x", NAN_VIDEO, 1), "vid_tensor"),
    "audio": (lambda w: w.add_audio("x", np.array([np.nan, 0.5]), 1), "snd_tensor"),
    "curve of NaN": (lambda w: w.add_pr_curve("x", [1, 0], [np.nan, 0.5], 1), "predictions"),
    "curve above 1": (lambda w: w.add_pr_curve("x", [1, 0], [1.0000001, 0.5], 1), "predictions"),
    "histogram of rule": (lambda w: w.add_histogram("x", [np.nan, 1, 2], 1, "auto"), "values"),
    "histogram of number": (lambda w: w.add_histogram("x", [np.inf, 1, 2], 1, 3), "values"),
    "histogram of moments": (lambda w: w.add_histogram("x", [np.inf, 1, 2], 1, "scott"), "values"),
    "boxes": (
        lambda w: w.add_image_with_boxes("x", np.zeros((3, 9, 9)), [[1, 1, np.nan, 5]], 1),
        "box_tensor",
    ),
    "labels": (
        lambda w: w.add_image_with_boxes(
            "x", np.zeros((3, 9, 9)), [[1, 1, 5, 5]] * 2, 1, labels=["a"]
        ),
        "labels",
    ),
}
LOST: dict[str, Callable[[SummaryWriter], None]] = {
    "histogram": lambda w: w.add_histogram("x", np.ma.array([1.0, 2.0], mask=True), 1),
    "tensor": lambda w: w.add_tensor("x", np.ma.array([1, 2], mask=[False, True]), 1),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_numbers_are_written_with_a_warning(tmp_path: Path, name: str) -> None:
    add, argument = ODD[name]
    with SummaryWriter(tmp_path) as w:
        with pytest.warns(RuntimeWarning, match=rf"^`{argument}` must be .*\(tag 'x'\)$") as caught:
            add(w)
        w.flush()
        assert (w.stats["written"], w.stats["dropped"]) == (1, 0)
    assert [Path(warning.filename).name for warning in caught] == [Path(__file__).name]
    assert value(tmp_path)


@pytest.mark.parametrize("name", ODD)
def test_odd_numbers_are_written_in_silence_if_asked_to(tmp_path: Path, name: str) -> None:
    with SummaryWriter(tmp_path, on_error="drop") as w:
        ODD[name][0](w)
    assert value(tmp_path)


@pytest.mark.parametrize("name", ODD)
def test_odd_numbers_raise_if_asked_to(tmp_path: Path, name: str) -> None:
    add, argument = ODD[name]
    error = pytest.raises(ValueError, match=f"^`{argument}` must be")
    with SummaryWriter(tmp_path, on_error="raise") as w, error:
        add(w)
    assert len(golden.run(tmp_path)) == 1


@pytest.mark.parametrize("name", LOST)
def test_what_cannot_be_written_is_counted(tmp_path: Path, name: str) -> None:
    with SummaryWriter(tmp_path / "warn") as w:
        with pytest.warns(RuntimeWarning, match="masked"):
            LOST[name](w)
        assert w.stats["dropped"] == 1
    with SummaryWriter(tmp_path / "drop", on_error="drop") as w:
        LOST[name](w)
        assert w.stats["dropped"] == 1
    with SummaryWriter(tmp_path / "raise", on_error="raise") as w:
        with pytest.raises(ValueError, match="masked"):
            LOST[name](w)
        assert w.stats["dropped"] == 0


def test_nan_is_black_and_silent_and_infinities_are_limited(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path / "i", on_error="drop") as w:
        w.add_image("x", NAN_IMAGE, dataformats="HW")
    assert pixels(tmp_path / "i")[..., 0].tolist() == [[0, 127], [255, 0]]
    with SummaryWriter(tmp_path / "a", on_error="drop") as w:
        w.add_audio("x", np.array([0.5, np.nan, np.inf, -np.inf, 2]))
    assert samples(tmp_path / "a") == [16383, 0, 32767, -32767, 32767]


# What torch 2.15 counts, of labels 1, 1, 1, 0 with five thresholds.
TORCH_COUNTS = [
    ([0.1, np.nan, 0.9, 0.2], [[2, 1, 1, 1, 0], [1, 0, 0, 0, 0]]),
    ([0.1, 1.0000001, 1.0, 0.2], [[3, 2, 2, 2, 2], [1, 0, 0, 0, 0]]),
    ([0.1, 1.5, -0.1, 0.2], [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0]]),
    ([0.1, np.inf, -np.inf, 0.2], [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0]]),
]


@pytest.mark.parametrize(("scores", "wanted"), TORCH_COUNTS)
def test_predictions_beyond_the_thresholds_count_as_in_torch(
    tmp_path: Path, scores: list[float], wanted: list[list[float]]
) -> None:
    with SummaryWriter(tmp_path, on_error="drop") as w:
        w.add_pr_curve("x", [1, 1, 1, 0], scores, num_thresholds=5)
    assert counts(tmp_path) == wanted


@pytest.mark.parametrize(
    "weights", [2, 2.0, np.float32(2), np.array(2.0), np.array([2]), [2, 2, 2, 2], [[2]]], ids=repr
)
def test_weights_broadcast(tmp_path: Path, weights: Any) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_pr_curve("x", [1, 1, 1, 0], [0.1, 0.5, 0.9, 0.2], None, 5, weights)
    assert counts(tmp_path) == [[6, 4, 4, 2, 0], [2, 0, 0, 0, 0]]


def test_one_threshold_and_one_element_make_a_curve(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path / "a") as w:
        w.add_pr_curve("x", [1, 1, 1, 0], [0.1, 0.5, 0.9, 0.2], num_thresholds=1)
    assert counts(tmp_path / "a") == [[3], [1]]
    with SummaryWriter(tmp_path / "b") as w:
        w.add_pr_curve("x", np.array(True), np.array([0.5]), num_thresholds=3)
    assert counts(tmp_path / "b") == [[1, 1, 0], [0, 0, 0]]


def test_what_a_mask_hides_is_not_counted(tmp_path: Path) -> None:
    values = np.ma.array([1.0, 2.0, 1000.0, 4.0], mask=[0, 0, 1, 0])
    with SummaryWriter(tmp_path / "h") as w:
        w.add_histogram("x", values, bins=[0, 1.5, 3, 10, 2000])
    histogram = value(tmp_path / "h").histo
    assert (histogram.num, histogram.max, histogram.sum, histogram.sum_squares) == (3, 4, 7, 21)
    assert list(histogram.bucket) == [0, 1, 1, 1]
    scores = np.ma.array([0.1, 0.5, 0.9, 0.2], mask=[0, 1, 0, 0])
    with SummaryWriter(tmp_path / "p") as w:
        w.add_pr_curve("x", np.ma.array([1, 1, 1, 0], mask=[0, 0, 1, 0]), scores, None, 5)
    assert counts(tmp_path / "p") == [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0]]


def test_what_a_mask_hides_is_black_and_silent(tmp_path: Path) -> None:
    picture = np.ma.array(np.full((2, 2), 200, "u1"), mask=[[0, 1], [0, 0]])
    with SummaryWriter(tmp_path / "i") as w:
        w.add_image("x", picture, dataformats="HW")
    assert pixels(tmp_path / "i")[..., 0].tolist() == [[200, 0], [200, 200]]
    with SummaryWriter(tmp_path / "l") as w:
        w.add_images("x", [picture[None]], dataformats="CHW")
    assert pixels(tmp_path / "l")[..., 0].tolist() == [[200, 0], [200, 200]]
    with SummaryWriter(tmp_path / "a") as w:
        w.add_audio("x", np.ma.array([0.5, 0.5], mask=[0, 1]))
    assert samples(tmp_path / "a") == [16383, 0]


def test_what_a_mask_hides_is_nan(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_scalar("a", np.ma.array(5.0, mask=True), 0)
        w.add_scalar("b", np.ma.masked, 0)
        w.add_scalar("c", np.ma.array([7], mask=[True]), 0)
        w.log({"d": np.ma.array(5.0, mask=True), "e": np.ma.masked, "f": np.ma.array(5.0)}, 0)
        w.add_scalar_batch("g", np.ma.array([1, 2], mask=[0, 1]), [0, 1])
        w.add_tensor("h", np.ma.array([1.0, 2.0], mask=[0, 1], dtype="f4"))
    tags = golden.by_tag(golden.run(tmp_path))
    got = {tag: [value.simple_value for _, value in tags[tag]] for tag in "abcdefg"}
    wanted = {tag: [np.nan] for tag in "abcde"} | {"f": [5.0], "g": [1.0, np.nan]}
    assert str(got) == str(wanted)
    assert str(list(tags["h"][0][1].tensor.float_val)) == "[1.0, nan]"


SURROGATES: list[tuple[str, dict[str, Any], str]] = [
    ("add_scalar", {"tag": "\udc80", "scalar_value": 1.0, "global_step": 1}, "`tag`"),
    ("add_scalar", {"tag": "a", "scalar_value": 1.0, "display_name": "\udc80"}, "`display_name`"),
    (
        "add_scalar",
        {"tag": "a", "scalar_value": 1.0, "summary_description": "\udc80"},
        "`summary_description`",
    ),
    ("add_scalars", {"main_tag": "\udc80", "tag_scalar_dict": {"a": 1}}, "`main_tag`"),
    (
        "add_scalars",
        {"main_tag": "a", "tag_scalar_dict": {"\udc80": 1}},
        "a key of `tag_scalar_dict`",
    ),
    ("log", {"values": {"\udc80": 1.0}, "step": 1}, "a key of `values`"),
    ("add_scalar_batch", {"tag": "\udc80", "values": [1], "steps": [1]}, "`tag`"),
    ("add_histogram", {"tag": "\udc80", "values": [1]}, "`tag`"),
    ("add_image", {"tag": "\udc80", "img_tensor": np.zeros((3, 2, 2))}, "`tag`"),
    ("add_text", {"tag": "a", "text_string": "x\udc80"}, "`text_string`"),
    ("add_text", {"tag": "\udc80", "text_string": "x"}, "`tag`"),
    ("add_hparams", {"hparam_dict": {"\udc80": 1}, "metric_dict": {}}, "a key of `hparam_dict`"),
    ("add_hparams", {"hparam_dict": {"a": "\udc80"}, "metric_dict": {}}, r"`hparam_dict\['a'\]`"),
    ("add_hparams", {"hparam_dict": {}, "metric_dict": {"\udc80": 1}}, "a key of `metric_dict`"),
    (
        "add_hparams",
        {
            "hparam_dict": {"a": "b"},
            "metric_dict": {},
            "hparam_domain_discrete": {"a": ["\udc80"]},
        },
        r"`hparam_domain_discrete\['a'\]`",
    ),
    ("add_embedding", {"mat": np.zeros((1, 2)), "tag": "\udc80"}, "`tag`"),
    ("add_embedding", {"mat": np.zeros((1, 2)), "metadata": ["\udc80"]}, "a cell of `metadata`"),
    (
        "add_embedding",
        {
            "mat": np.zeros((1, 2)),
            "metadata": [["a", "b"]],
            "metadata_header": ["\udc80", "c"],
        },
        "a cell of `metadata`",
    ),
    (
        "add_image_with_boxes",
        {
            "tag": "a",
            "img_tensor": np.zeros((3, 9, 9)),
            "box_tensor": [[1, 1, 5, 5]],
            "labels": ["\udc80"],
        },
        r"`labels\[0\]`",
    ),
    (
        "add_custom_scalars",
        {"layout": {"\udc80": {"b": ["Multiline", ["x"]]}}},
        "a category of `layout`",
    ),
    (
        "add_custom_scalars",
        {"layout": {"a": {"\udc80": ["Multiline", ["x"]]}}},
        "a chart of `layout`",
    ),
    (
        "add_custom_scalars",
        {"layout": {"a": {"b": ["Multiline", ["\udc80"]]}}},
        r"a tag of `layout\[…\]\['b'\]`",
    ),
    ("add_mesh", {"tag": "\udc80", "vertices": np.zeros((1, 4, 3))}, "`tag`"),
    ("add_tensor", {"tag": "\udc80", "tensor": np.zeros(3)}, "`tag`"),
]


@pytest.mark.parametrize(("method", "arguments", "name"), SURROGATES, ids=range(len(SURROGATES)))
def test_a_lone_surrogate_is_refused_by_name(
    tmp_path: Path, method: str, arguments: dict[str, Any], name: str
) -> None:
    error = pytest.raises(ValueError, match=f"^{name} must be a str without lone surrogates")
    with SummaryWriter(tmp_path) as w, error:
        getattr(w, method)(**arguments)
    assert len(golden.run(tmp_path)) == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "number",
    [Decimal("1.5"), Fraction(3, 2), "1.5", b"1.5", np.str_(" 1.5 "), np.array(1.5, ">f4")],
    ids=repr,
)
def test_whatever_holds_a_number_is_a_scalar(tmp_path: Path, number: Any) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_scalar("x", number, 1)
        w.log({"y": number}, 1)
        w.add_scalars("z", {"k": number}, 1)
    assert value(tmp_path).simple_value == value(tmp_path, "y").simple_value == 1.5
    assert value(tmp_path / "z_k", "z").simple_value == 1.5


@pytest.mark.parametrize("number", [Decimal("sNaN"), 1j, "x", b"x", None, object()], ids=repr)
def test_what_holds_none_is_refused(tmp_path: Path, number: Any) -> None:
    error = pytest.raises((TypeError, ValueError), match=r"^`scalar_value` must be a")
    with SummaryWriter(tmp_path) as w, error:
        w.add_scalar("x", number, 1)


@pytest.mark.parametrize("step", [Decimal(2**60), Fraction(2**60), np.int64(2**60), 2.0**60])
def test_whatever_holds_an_integer_is_a_step(tmp_path: Path, step: Any) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_scalar("x", 1.0, step)
    assert golden.run(tmp_path)[-1].step == 2**60


@pytest.mark.parametrize(
    "step",
    [Decimal("5.5"), Fraction(1, 2), "5", b"5", np.nan, np.inf, Decimal("NaN"), np.ma.masked],
    ids=repr,
)
def test_no_step_is_guessed(tmp_path: Path, step: Any) -> None:
    error = pytest.raises((TypeError, ValueError), match=r"^`global_step` must be an integer, not")
    with SummaryWriter(tmp_path) as w, error:
        w.add_scalar("x", 1.0, step)


BIG = np.array([[0.0, 0.25], [0.5, 1.0]], ">f8")
CALLS: dict[str, Callable[[SummaryWriter, Any], None]] = {
    "histogram": lambda w, a: w.add_histogram("x", a, 1),
    "histogram of rule": lambda w, a: w.add_histogram("x", a, 1, "auto"),
    "edges": lambda w, a: w.add_histogram("x", [0.3, 0.4], 1, a.ravel()),
    "image": lambda w, a: w.add_image("x", a, 1, dataformats="HW"),
    "audio": lambda w, a: w.add_audio("x", a, 1),
    "tensor": lambda w, a: w.add_tensor("x", a, 1),
    "batch": lambda w, a: w.add_scalar_batch("x", a[0], (a[1] * 2).astype(a.dtype.str[0] + "i4")),
    "curve": lambda w, a: w.add_pr_curve("x", (a > 0.3).astype(a.dtype), a, 1, weights=a + 1),
    "mesh": lambda w, a: w.add_mesh("x", np.resize(a, (1, 2, 3)).astype(a.dtype), global_step=1),
    "boxes": lambda w, a: w.add_image_with_boxes("x", np.resize(a, (3, 9, 9)), a.ravel() * 5, 1),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", [">f8", ">f4", ">f2"])
def test_byte_order_and_strides_change_nothing(tmp_path: Path, name: str, dtype: str) -> None:
    big = BIG.astype(dtype)
    strided = np.zeros((4, 6), dtype)[::2, ::3]
    strided[...] = big
    native = BIG.astype(dtype[1:])
    for folder, array in (("big", big), ("strided", strided), ("native", native)):
        with SummaryWriter(tmp_path / folder) as w:
            CALLS[name](w, array)
    found = [golden.run(tmp_path / folder)[1:] for folder in ("big", "strided", "native")]
    summaries = [[event.summary for event in events] for events in found]
    assert summaries[0] == summaries[1] == summaries[2]
    assert summaries[0]
