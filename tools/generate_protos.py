# /// script
# requires-python = ">=3.11"
# dependencies = ["grpcio-tools==1.85.1"]
# ///
"""Turns rust/core/proto/*.proto into the files of python/tfevents/proto that are generated.

    python tools/generate_protos.py            # write them
    python tools/generate_protos.py --check    # write nothing; exit 1 if they are stale

`_descriptors.py` holds the serialised FileDescriptorSet and the public names; `__init__.pyi` types
every field of every message. Both are checked in, so that installing needs no protoc.
"""

from __future__ import annotations

import argparse
import base64
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

sys.path.insert(0, str(Path(__file__).parent))
from proto_stubs import stub

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "rust" / "core" / "proto"
TARGET = ROOT / "python" / "tfevents" / "proto"

# Public names that would otherwise mean two things.
RENAMED = {
    "tfevents.hparams.DataType": "HParamsDataType",
    "google.protobuf.Any": "ProtobufAny",
}


def compiled() -> FileDescriptorSet:
    """All files, imported ones included, each after what it imports."""
    sources = sorted(path.name for path in SOURCES.glob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "set.pb")
        flags = [f"-I{SOURCES}", "--include_imports", "--include_source_info"]
        command = [sys.executable, "-m", "grpc_tools.protoc", *flags, f"--descriptor_set_out={out}"]
        subprocess.run([*command, *sources], check=True)
        return FileDescriptorSet.FromString(out.read_bytes())


def bare(file: FileDescriptorProto) -> FileDescriptorProto:
    """The file without what only compilers of other languages and readers of comments want."""
    copy = FileDescriptorProto.FromString(file.SerializeToString(deterministic=True))
    copy.ClearField("source_code_info")
    copy.ClearField("options")
    for message in (waiting := list(copy.message_type)):
        waiting.extend(message.nested_type)
        for field in message.field:
            field.ClearField("json_name")  # follows from the name
    return copy


def names(files: FileDescriptorSet) -> tuple[dict[str, str], dict[str, str]]:
    """Public name to full name, of messages and of enums."""
    messages: dict[str, str] = {}
    enums: dict[str, str] = {}
    for file in files.file:
        for kind, things in ((messages, file.message_type), (enums, file.enum_type)):
            for thing in things:
                full = f"{file.package}.{thing.name}"
                public = RENAMED.get(full, thing.name)
                if public in messages or public in enums:
                    raise SystemExit(f"two things would be called {public}; see RENAMED")
                kind[public] = full
    return dict(sorted(messages.items())), dict(sorted(enums.items()))


def table(name: str, entries: dict[str, str]) -> str:
    """A dict literal, one entry a line."""
    lines = "".join(f'    "{key}": "{value}",\n' for key, value in entries.items())
    return f"{name} = {{\n{lines}}}\n"


def descriptors(files: FileDescriptorSet) -> str:
    """The text of `_descriptors.py`."""
    small = FileDescriptorSet(file=[bare(file) for file in files.file])
    encoded = base64.b64encode(small.SerializeToString(deterministic=True)).decode()
    messages, enums = names(files)
    parts = [
        '"""The messages of rust/core/proto, compiled. Made by tools/generate_protos.py."""\n',
        "# Public name: full name.",
        table("MESSAGES", messages),
        table("ENUMS", enums),
        "# A serialised FileDescriptorSet, in base64.",
        'FILES = b"""\\',
        *textwrap.wrap(encoded, 96),
        '"""',
    ]
    return "\n".join(parts) + "\n"


def main() -> int:
    """Writes or checks; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    check = parser.parse_args().check

    files = compiled()
    messages, enums = names(files)
    wanted = {
        TARGET / "_descriptors.py": descriptors(files),
        TARGET / "__init__.pyi": stub(
            files, {full: name for name, full in (messages | enums).items()}
        ),
    }
    stale = [
        path
        for path, text in wanted.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        print(f"{'stale' if check else 'wrote'}: {path.relative_to(ROOT)}")
        if not check:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
