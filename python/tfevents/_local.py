"""Paths that writers take: local ones, as text, as path objects or as ``file://`` URLs."""

from __future__ import annotations

import os
import re
import sys
from urllib.parse import unquote

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
# `pathlib` makes one slash of two: `Path("s3://bucket")` is `s3:/bucket`. Only known schemes count
# then, since another name with a colon may be a directory.
_PATH_URL = re.compile(
    r"(abfss?|adl|az|azure|dbfs|file|ftp|gcs|gs|hdfs|https?|memory|oci|oss|s3[an]?|sftp|viewfs|"
    r"wasbs?|webhdfs):/",
    re.IGNORECASE,
)


def local_path(given: str | os.PathLike[str], name: str) -> str:
    """The local path that an argument names.

    Args:
        given: A path, or a ``file://`` URL, whose percent escapes are decoded.
        name: The argument.

    Raises:
        TypeError: If it is no path.
        ValueError: If it is a URL of another kind.
    """
    path = os.fspath(given) if isinstance(given, str | os.PathLike) else None
    if not isinstance(path, str):
        message = f"`{name}` must be a str or a path object, not {given!r}"
        raise TypeError(message)
    url = _URL.match(path) or _PATH_URL.match(path)
    if url is None:
        return path
    if url[1].lower() == "file":
        rest = path[len("file:") :]
        # Neither `?` nor `#` ends the path: there are no queries here.
        host, slash, below = rest.removeprefix("//").partition("/")
        if slash and host in ("", "localhost"):
            return unquote(below if sys.platform == "win32" else slash + below)
        message = f"`{name}` must be a file URL of this machine (file:///path), not {path!r}"
        raise ValueError(message)
    message = (
        f"`{name}` must be a local path or a file:// URL, not {path!r}: writing to object stores "
        "and other remote file systems is not supported; write to a local directory and copy it"
    )
    raise ValueError(message)
