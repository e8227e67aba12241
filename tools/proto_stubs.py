"""Writes the type stub of python/tfevents/proto from compiled descriptors.

Every message becomes a class with typed fields, a constructor, and `HasField` and `WhichOneof` that
know their arguments; its comment in the .proto file becomes its docstring. Enums are wrappers with
one constant a value, as protobuf makes them; fields that hold them are ints.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

HEAD = '''\
# ruff: noqa: A002, E501, N802
# fmt: off
"""The messages of event files and of the plugins' contents. Made by tools/generate_protos.py."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

from google.protobuf.internal.containers import (
    MessageMap,
    RepeatedCompositeFieldContainer,
    RepeatedScalarFieldContainer,
    ScalarMap,
)
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.internal.well_known_types import Any as _AnyMethods
from google.protobuf.internal.well_known_types import ListValue as _ListValueMethods
from google.protobuf.internal.well_known_types import Struct as _StructMethods
from google.protobuf.message import Message

# What a constructor takes for a message: the message, or its fields.
_Fields: TypeAlias = Mapping[str, object]
'''

Field = FieldDescriptorProto
WIDTH = 100
# Messages to which protobuf's Python runtime adds methods.
METHODS = {
    "google.protobuf.Any": "_AnyMethods",
    "google.protobuf.ListValue": "_ListValueMethods",
    "google.protobuf.Struct": "_StructMethods",
}
SCALARS = {
    Field.TYPE_DOUBLE: "float",
    Field.TYPE_FLOAT: "float",
    Field.TYPE_BOOL: "bool",
    Field.TYPE_STRING: "str",
    Field.TYPE_BYTES: "bytes",
}


class Scope:
    """What is known of a file while it is written: its comments, and all names."""

    def __init__(self, file: FileDescriptorProto, public: dict[str, str]) -> None:
        self.public = public
        self.own = not file.package.startswith("google.")
        self.comments = {
            tuple(place.path): " ".join(place.leading_comments.split())
            for place in file.source_code_info.location
        }

    def comment(self, path: Sequence[int]) -> str:
        """What the .proto file says above the thing at `path`."""
        return self.comments.get(tuple(path), "") if self.own else ""

    def name(self, full: str) -> str:
        """The Python name of a message, given `.package.Outer.Inner`."""
        outer = full.removeprefix(".")
        inner: list[str] = []
        while outer not in self.public:
            outer, _, last = outer.rpartition(".")
            inner.insert(0, last)
        return ".".join([self.public[outer], *inner])


def stub(files: FileDescriptorSet, public: dict[str, str]) -> str:
    """The text of the stub. `public` names every top-level message and enum by its full name."""
    parts: dict[str, list[str]] = {}
    for file in files.file:
        scope = Scope(file, public)
        for at, enum in enumerate(file.enum_type):
            full = f"{file.package}.{enum.name}"
            parts[public[full]] = [*enum_class(enum, scope, (5, at), public[full])]
        for at, message in enumerate(file.message_type):
            full = f"{file.package}.{message.name}"
            parts[public[full]] = [*message_class(message, scope, (4, at), full)]
    exported = "".join(f'    "{name}",\n' for name in sorted(parts))
    body = "".join("\n" + "".join(f"{line}\n" for line in parts[name]) for name in sorted(parts))
    return re.sub(r"\n{3,}", "\n\n", f"{HEAD}\n__all__ = [\n{exported}]\n{body}")


def enum_class(
    enum: EnumDescriptorProto, scope: Scope, path: tuple[int, ...], name: str
) -> Iterator[str]:
    """A class of the enum's wrapper, and the one instance there is."""
    yield f"class _{name}(EnumTypeWrapper):"
    yield from docstring(scope.comment(path))
    for value in enum.value:
        yield f"    {value.name}: Final = {value.number}"
    yield ""
    yield f"{name}: Final[_{name}]"


def message_class(
    message: DescriptorProto, scope: Scope, path: tuple[int, ...], full: str
) -> Iterator[str]:
    """A message's class, those nested in it included."""
    bases = f"Message, {METHODS[full]}" if full in METHODS else "Message"
    yield f"class {scope.name(full).rpartition('.')[2]}({bases}):"
    yield from docstring(scope.comment(path))
    maps = {}
    for at, nested in enumerate(message.nested_type):
        inner = f"{full}.{nested.name}"
        if nested.options.map_entry:
            maps[f".{inner}"] = nested
            continue
        yield ""
        yield from indented(message_class(nested, scope, (*path, 3, at), inner))
    for at, enum in enumerate(message.enum_type):
        yield ""
        yield from indented(enum_class(enum, scope, (*path, 4, at), enum.name))
        for value in enum.value:
            yield f"    {value.name}: Final = {value.number}"
    yield ""
    for at, field in enumerate(message.field):
        for line in textwrap.wrap(scope.comment((*path, 2, at)), WIDTH - 6):
            yield f"    # {line}"
        given, _ = types(field, scope, maps)
        if field.label == Field.LABEL_REPEATED or field.type == Field.TYPE_MESSAGE:
            yield "    @property"
            yield f"    def {field.name}(self) -> {given}: ..."
        else:
            yield f"    {field.name}: {given}"
    yield from indented(methods(message, scope, maps))


def methods(
    message: DescriptorProto, scope: Scope, maps: dict[str, DescriptorProto]
) -> Iterator[str]:
    """The constructor, and the methods whose arguments are names of fields."""
    yield "def __init__("
    yield "    self,"
    yield "    *,"
    for field in message.field:
        _, taken = types(field, scope, maps)
        yield f"    {field.name}: {taken} | None = ...,"
    yield ") -> None: ..."
    present = [
        field.name
        for field in message.field
        if field.HasField("oneof_index")
        or (field.type == Field.TYPE_MESSAGE and field.label != Field.LABEL_REPEATED)
    ]
    groups = {
        oneof.name: [
            field.name
            for field in message.field
            if field.HasField("oneof_index") and field.oneof_index == at
        ]
        for at, oneof in enumerate(message.oneof_decl)
        if not oneof.name.startswith("_")  # the presence of one field
    }
    if present or groups:
        choice = literal(sorted({*present, *groups}))
        yield f"def HasField(self, field_name: {choice}) -> bool: ..."
    if len(groups) == 1:
        ((group, members),) = groups.items()
        choice, answer = literal([group]), literal(members)
        yield f"def WhichOneof(self, oneof_group: {choice}) -> {answer} | None: ..."


def literal(names: Iterable[str]) -> str:
    """A Literal of these names."""
    return "Literal[" + ", ".join(f'"{name}"' for name in names) + "]"


def types(field: Field, scope: Scope, maps: dict[str, DescriptorProto]) -> tuple[str, str]:
    """What reading the field gives, and what the constructor takes for it."""
    if entry := maps.get(field.type_name):
        (key, _), (value, taken) = (types(part, scope, {}) for part in entry.field)
        kind = "MessageMap" if entry.field[1].type == Field.TYPE_MESSAGE else "ScalarMap"
        return f"{kind}[{key}, {value}]", f"Mapping[{key}, {taken}]"
    if field.type == Field.TYPE_MESSAGE:
        given = scope.name(field.type_name)
        taken = f"{given} | _Fields"
        container = "RepeatedCompositeFieldContainer"
    else:
        given = SCALARS.get(field.type, "int")
        taken = "int | str" if field.type == Field.TYPE_ENUM else given
        container = "RepeatedScalarFieldContainer"
    if field.label == Field.LABEL_REPEATED:
        return f"{container}[{given}]", f"Iterable[{taken}]"
    return given, taken


def docstring(text: str) -> Iterator[str]:
    """A comment as the docstring of a class: its first sentence, then the others."""
    first, stop, rest = text.partition(". ")
    if rest:
        yield f'    """{first}{stop.strip()}'
        yield ""
        yield from (f"    {line}" for line in textwrap.wrap(rest, WIDTH - 8))
        yield '    """'
    elif text:
        yield f'    """{text}"""'
    if text:
        yield ""


def indented(lines: Iterable[str]) -> Iterator[str]:
    """The lines one level deeper."""
    return (f"    {line}" if line else "" for line in lines)
