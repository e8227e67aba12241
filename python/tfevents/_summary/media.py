"""Sounds, texts and tensors."""

from __future__ import annotations

import operator
from typing import Any

from tfevents import _arrays, _checks, _native
from tfevents._summary.base import Base

_LARGEST = 2**31


class Media(Base):
    """The audio, text and tensor methods of `SummaryWriter`."""

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: Any = None,
        sample_rate: int = 44100,
        walltime: Any = None,
    ) -> None:
        """Adds a sound, as 16-bit WAV.

        Args:
            tag: The tag.
            snd_tensor: ``[frames]`` or ``[frames, channels]``: floats from -1 to 1 (others are
                limited to that), or int16. What a masked array hides is 0. NaN is written as 0,
                as ``on_error`` says: with a warning, if not told otherwise.
            global_step: The step, an integer.
            sample_rate: Frames a second.
            walltime: Seconds since 1970; now, if None.

        Raises:
            ValueError: If the shape or the dtype is another.
        """
        packed = _arrays.pack(snd_tensor, "snd_tensor", hidden=0)
        rate = operator.index(sample_rate)
        if not 0 < rate < 2**32:
            message = f"`sample_rate` must be a number from 1 to 4294967295, not {rate}"
            raise ValueError(message)
        made = _native.audio_value(_checks.tag(tag), packed, rate)
        self._emit_fitted(tag, made, global_step, walltime)

    def add_text(
        self, tag: str, text_string: str, global_step: Any = None, walltime: Any = None
    ) -> None:
        """Adds a text, shown as Markdown. The tag gets ``/text_summary`` appended, as torch does.

        Args:
            tag: The tag.
            text_string: The text.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.

        Raises:
            ValueError: If the text holds a lone surrogate: TensorBoard reads UTF-8 only.
        """
        text = _checks.tag(text_string, "text_string").encode()
        value = _native.strings_value(_checks.tag(tag) + "/text_summary", [text], [1], "text")
        self._emit([value], global_step, walltime)

    def add_tensor(
        self, tag: str, tensor: Any, global_step: Any = None, walltime: Any = None
    ) -> None:
        """Adds an array, its dtype and shape kept. No dashboard shows it, every reader finds it.

        Args:
            tag: The tag.
            tensor: Numbers, of any dtype and shape, below 2 GiB. What a masked array hides is NaN;
                for integers, which have none, ``on_error`` says what happens: nothing is written,
                with a warning, if not told otherwise.
            global_step: The step, an integer.
            walltime: Seconds since 1970; now, if None.
        """
        _checks.tag(tag)
        if _arrays.mask_of(tensor) is not None and tensor.dtype.kind in "biu":
            problem = f"`tensor` must be floats where elements are masked, not {tensor.dtype}"
            self._unfit(tag, f"{problem}; pass tensor.filled(…)", lost=True)
            return
        packed = _arrays.pack(tensor, "tensor")
        if packed[0].nbytes >= _LARGEST:
            message = f"`tensor` must be smaller than 2 GiB, not {packed[0].nbytes} bytes"
            raise ValueError(message)
        value = _native.tensor_value(tag, packed, "fields", "tensor")
        self._emit([value], global_step, walltime)
