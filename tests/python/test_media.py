"""Images, figures, videos and sounds, decoded again by others."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
from PIL import Image
from tfevents import SummaryWriter

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8)


def value(directory: Path, tag: str = "x") -> Any:
    ((_, found),) = golden.by_tag(golden.run(directory))[tag]
    return found


def picture(directory: Path) -> np.ndarray:
    image = value(directory).image
    with Image.open(io.BytesIO(image.encoded_image_string)) as decoded:
        assert decoded.format == "PNG"
        assert decoded.size == (image.width, image.height)
        assert len(decoded.getbands()) == image.colorspace
        return np.asarray(decoded)


@pytest.mark.parametrize("layout", ["HWC", "CHW", "WHC", "hwc"])
def test_png_holds_the_pixels(tmp_path: Path, layout: str) -> None:
    moved = PIXELS.transpose(["HWC".index(letter) for letter in layout.upper()])
    with SummaryWriter(tmp_path) as w:
        w.add_image("x", moved, dataformats=layout)
    assert np.array_equal(picture(tmp_path), PIXELS)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_number_of_channels(tmp_path: Path, channels: int) -> None:
    pixels = RNG.integers(0, 256, (5, 7, channels)).astype(np.uint8)
    with SummaryWriter(tmp_path) as w:
        w.add_image("x", pixels, dataformats="HWC")
    wanted = np.repeat(pixels, 3, axis=2) if channels == 1 else pixels
    assert np.array_equal(picture(tmp_path), wanted)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "?", "i8"])
def test_numbers_mean_zero_to_one_and_are_limited(tmp_path: Path, dtype: str) -> None:
    numbers = np.array([[-1, 0, 0.5, 1, 2]]).astype(dtype)
    with SummaryWriter(tmp_path) as w:
        w.add_image("x", numbers, dataformats="HW")
    wanted = (numbers.astype("f4") * 255).clip(0, 255).astype("u1")
    assert np.array_equal(picture(tmp_path)[..., 0], wanted)


def test_a_batch_is_a_grid_and_a_list_a_batch(tmp_path: Path) -> None:
    batch = RNG.integers(0, 256, (9, 3, 2, 2)).astype(np.uint8)
    with SummaryWriter(tmp_path / "a") as w:
        w.add_images("x", batch)
    with SummaryWriter(tmp_path / "b") as w:
        w.add_images("x", list(batch), dataformats="CHW")
    grid = picture(tmp_path / "a")
    assert grid.shape == (4, 16, 3)
    for index, image in enumerate(batch):
        row, column = divmod(index, 8)
        tile = grid[row * 2 : row * 2 + 2, column * 2 : column * 2 + 2]
        assert np.array_equal(tile, image.transpose(1, 2, 0))
    assert not grid[2:, 2:].any()
    assert np.array_equal(picture(tmp_path / "b"), grid)


def test_rescaled_boxes_have_the_size_of_the_picture(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_image_with_boxes("x", np.zeros((3, 10, 20)), [1, 1, 5, 5], rescale=2)
    pixels = picture(tmp_path)
    assert pixels.shape == (20, 40, 3)
    assert pixels[..., 0].max() > 200


def test_a_figure_is_its_pixels(tmp_path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figures = [plt.figure(figsize=(2, 1), dpi=50) for _ in range(2)]
    for figure in figures:
        figure.patch.set_facecolor((1, 0, 0))
    with SummaryWriter(tmp_path / "one") as w:
        w.add_figure("x", figures[0], close=False)
        assert plt.fignum_exists(figures[0].number)
    with SummaryWriter(tmp_path / "two") as w:
        w.add_figure("x", figures)
    assert not plt.get_fignums()
    one, two = picture(tmp_path / "one"), picture(tmp_path / "two")
    assert one.shape == (50, 100, 3)
    assert two.shape == (50, 200, 3)
    assert (two == [255, 0, 0]).all()


@pytest.mark.parametrize("layout", ["NTCHW", "NTHWC"])
def test_videos_stand_side_by_side(tmp_path: Path, layout: str) -> None:
    video = RNG.integers(0, 2, (3, 4, 3, 5, 6)).astype(np.uint8) * 255
    given = video.transpose(["NTCHW".index(letter) for letter in layout])
    with SummaryWriter(tmp_path) as w:
        w.add_video("x", given, fps=20, dataformats=layout)
    with Image.open(io.BytesIO(value(tmp_path).image.encoded_image_string)) as gif:
        assert (gif.format, gif.n_frames, gif.size) == ("GIF", 4, (12, 10))
        assert gif.info["duration"] == 50
        gif.seek(2)
        frame = np.asarray(gif.convert("RGB"))
    assert np.array_equal(frame[5:, :6], video[2, 2].transpose(1, 2, 0))
    assert not frame[5:, 6:].any()


def test_many_colors_of_a_video_are_nearly_kept(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 64 * 64).reshape(1, 1, 1, 64, 64).repeat(3, axis=2)
    ramp[:, :, 1] *= 0.5
    ramp[:, :, 2] = ramp[:, :, 2].swapaxes(-1, -2)
    with SummaryWriter(tmp_path) as w:
        w.add_video("x", ramp)
    with Image.open(io.BytesIO(value(tmp_path).image.encoded_image_string)) as gif:
        got = np.asarray(gif.convert("RGB")).astype(float) / 255
    assert abs(got - ramp[0, 0].transpose(1, 2, 0)).max() < 0.2


@pytest.mark.parametrize("shape", [(8,), (8, 1), (1, 8), (8, 2)])
def test_wav_holds_the_samples(tmp_path: Path, shape: tuple[int, ...]) -> None:
    samples = RNG.uniform(-1.2, 1.2, shape)
    with SummaryWriter(tmp_path) as w:
        w.add_audio("x", samples, sample_rate=16000)
    audio = value(tmp_path).audio
    with wave.open(io.BytesIO(audio.encoded_audio_string)) as sound:
        assert sound.getparams()[:4] == (audio.num_channels, 2, 16000, 8)
        frames = np.frombuffer(sound.readframes(8), "<i2")
    assert np.array_equal(frames, (samples.clip(-1, 1) * 32767).astype("i2").ravel())
    assert (audio.sample_rate, audio.length_frames) == (16000, 8)


def test_int16_samples_stay_as_they_are(tmp_path: Path) -> None:
    samples = np.array([-32768, 0, 32767], np.int16)
    with SummaryWriter(tmp_path) as w:
        w.add_audio("x", samples)
    with wave.open(io.BytesIO(value(tmp_path).audio.encoded_audio_string)) as sound:
        assert np.array_equal(np.frombuffer(sound.readframes(3), "<i2"), samples)
