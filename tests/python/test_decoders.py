"""Images, videos and sounds mean the same to two decoders that share no code."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import gifs
import golden
import numpy as np
import png
import pytest
import soundfile
from PIL import Image
from tfevents import SummaryWriter

RNG = np.random.default_rng(5)


def value(directory: Path) -> Any:
    ((_, found),) = golden.by_tag(golden.run(directory))["x"]
    return found


def pillow_frames(data: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(data)) as image:
        found = []
        for index in range(image.n_frames):
            image.seek(index)
            found.append(np.asarray(image.convert("RGB")))
        return found


RAMP = np.arange(256, dtype="u1").reshape(1, 1, 1, 16, 16)
VIDEOS = {
    "gray ramp": RAMP,
    "gray ramps": np.concatenate([RAMP, RAMP[..., ::-1], RAMP // 2], axis=1),
    "gray noise": RNG.integers(0, 256, (1, 5, 1, 9, 7)).astype("u1"),
    "gray floats": RNG.random((1, 3, 1, 16, 16)),
    "black": np.zeros((1, 2, 1, 4, 4), "u1"),
    "white": np.full((1, 2, 1, 4, 4), 255, "u1"),
    "black, then white": np.array([0, 255, 0], "u1").reshape(1, 3, 1, 1, 1).repeat(4, 3),
    "color, then gray": np.concatenate(
        [RNG.integers(0, 256, (1, 1, 3, 16, 16)).astype("u1"), RAMP.repeat(3, 2)], axis=1
    ),
    "gray, then color": np.concatenate(
        [RAMP.repeat(3, 2), RNG.integers(0, 256, (1, 2, 3, 16, 16)).astype("u1")], axis=1
    ),
    "one color": np.tile(np.array([9, 99, 199], "u1").reshape(1, 1, 3, 1, 1), (1, 2, 1, 5, 5)),
    "few colors": RNG.integers(0, 2, (1, 4, 3, 8, 8)).astype("u1") * 255,
    "four channels": RNG.integers(0, 256, (1, 2, 4, 8, 8)).astype("u1"),
    "one pixel": np.full((1, 1, 1, 1, 1), 77, "u1"),
}


@pytest.mark.parametrize("name", VIDEOS)
def test_both_decoders_of_gif_see_the_frames(tmp_path: Path, name: str) -> None:
    video = VIDEOS[name]
    with SummaryWriter(tmp_path) as w:
        w.add_video("x", video, 0)
    data = value(tmp_path).image.encoded_image_string
    pixels = video if video.dtype == np.uint8 else (video.astype("f4") * 255).astype("u1")
    wanted = [frame[:3].transpose(1, 2, 0) for frame in pixels[0]]
    wanted = [frame.repeat(3, 2) if frame.shape[2] == 1 else frame for frame in wanted]
    for decoded in (gifs.frames(data), pillow_frames(data)):
        assert len(decoded) == len(wanted)
        assert all(np.array_equal(got, frame) for got, frame in zip(decoded, wanted, strict=True))


def test_both_decoders_of_gif_see_the_same_colors_of_many(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as w:
        w.add_video("x", RNG.random((2, 3, 3, 40, 40)), 0)
    data = value(tmp_path).image.encoded_image_string
    assert np.array_equal(gifs.frames(data), pillow_frames(data))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_both_decoders_of_png_see_the_pixels(tmp_path: Path, channels: int) -> None:
    pixels = RNG.integers(0, 256, (37, 53, channels)).astype("u1")
    with SummaryWriter(tmp_path) as w:
        w.add_image("x", pixels, 0, dataformats="HWC")
    data = value(tmp_path).image.encoded_image_string
    wanted = pixels.repeat(3, 2) if channels == 1 else pixels
    width, height, rows, _ = png.Reader(bytes=data).asDirect()
    assert np.array_equal(np.vstack(list(rows)).reshape(height, width, -1), wanted)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.asarray(image), wanted)


@pytest.mark.parametrize("channels", [1, 2, 3, 8])
def test_both_decoders_of_wav_hear_the_samples(tmp_path: Path, channels: int) -> None:
    samples = RNG.integers(-(2**15), 2**15, (101, channels)).astype("i2")
    with SummaryWriter(tmp_path) as w:
        w.add_audio("x", samples, 0, sample_rate=22050)
    data = value(tmp_path).audio.encoded_audio_string
    heard, rate = soundfile.read(io.BytesIO(data), dtype="int16", always_2d=True)
    assert rate == 22050
    assert np.array_equal(heard, samples)
    with wave.open(io.BytesIO(data)) as sound:
        assert sound.getparams()[:4] == (channels, 2, 22050, 101)
        assert np.array_equal(np.frombuffer(sound.readframes(101), "<i2"), samples.ravel())
