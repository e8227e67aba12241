"""The protobuf messages of event files and of the contents plugins put into them.

    from tfevents.proto import Event, HParamsPluginData

They read and write the same bytes as TensorBoard's and TensorFlow's, but live in a descriptor pool
of their own: neither has to be installed, and importing either beside this module, before or after,
changes nothing for anyone. A message of this module is therefore no instance of theirs; what goes
from one to the other goes as bytes.

Names are TensorBoard's. Two would mean two things: the hyperparameters' `DataType` is
`HParamsDataType` here, and protobuf's `Any` is `ProtobufAny`.

Nothing is built before it is asked for: the pool with the first name, a class with its own name.
"""

from __future__ import annotations

import copyreg
import threading
from binascii import a2b_base64
from functools import cache, reduce
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.message_factory import GetMessageClass

from ._descriptors import ENUMS, FILES, MESSAGES

__all__ = sorted([*MESSAGES, *ENUMS])

_building = threading.RLock()


@cache
def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(a2b_base64(FILES)).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def _adopt(message: Any, name: str) -> Any:
    """Makes a class what an import would have made it: named, picklable, its nested ones in it."""
    message.__module__ = __name__
    message.__qualname__ = name
    # Messages pickle by their full name in the default pool, where these are not.
    copyreg.pickle(message, lambda made: (_restore, (name, made.SerializePartialToString())))
    for nested in message.DESCRIPTOR.nested_types:
        if not nested.GetOptions().map_entry:
            inner = _adopt(GetMessageClass(nested), f"{name}.{nested.name}")
            if not hasattr(message, nested.name):  # protobuf in pure Python
                setattr(message, nested.name, inner)
    return message


def _restore(name: str, payload: bytes) -> Any:
    outer, *inner = name.split(".")
    return reduce(getattr, inner, __getattr__(outer)).FromString(payload)


def _message(name: str) -> Any:
    return _adopt(GetMessageClass(_pool().FindMessageTypeByName(MESSAGES[name])), name)


def _enum(name: str) -> Any:
    return EnumTypeWrapper(_pool().FindEnumTypeByName(ENUMS[name]))


def __getattr__(name: str) -> Any:
    build = _message if name in MESSAGES else _enum if name in ENUMS else None
    if build is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with _building:
        if name not in globals():
            globals()[name] = build(name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
