"""What a scan reads, in words: for its `repr` and for `Scan.explain`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tfevents import _follow

if TYPE_CHECKING:
    from tfevents._filters import Filters
    from tfevents._log import Log

_SHOWN_NAMES, _SHOWN_FILES = 3, 20

_ORDER = "runs in natural order; files by the wall time of their first event; records as stored"

_RESTARTS = {
    "all": "every attempt's points",
    "last": "without the points that a restart superseded",
}


def filters(given: Filters, options: dict[str, Any]) -> list[str]:
    """The conditions, each as the argument that it was given by."""
    shown: dict[str, object] = {
        "runs": _names(given["runs"]),
        "tags": _names(given["tags"]),
        "steps": _steps(given["steps"]),
        "wall_time": given["wall_time"],
        "plugin": None if given["plugin"] is None else repr(given["plugin"]),
        **{name: repr(value) for name, value in options.items()},
    }
    return [f"{name}={value}" for name, value in shown.items() if value is not None]


def line(
    table: str, log: Log, given: Filters, options: dict[str, Any], columns: list[str] | None
) -> str:
    """The `repr` of a scan."""
    conditions = filters(given, options)
    if _restarts_matter(table):
        conditions.append(f"restarts={log.options[0]!r}")
    named = ", ".join([table, *conditions])
    if columns is None:
        return f"<tfevents.Scan of {named}, not read yet>"
    return f"<tfevents.Scan of {named}: {', '.join(columns)}>"


def text(
    table: str, log: Log, given: Filters, options: dict[str, Any], columns: list[str] | None
) -> str:
    """What `Scan.explain` returns."""
    # Metrics of a session may lie in other runs than the one that it is shown as.
    reads = log.reads(None if table == "hparams" else given["runs"])
    restarts = log.options[0]
    parts = {
        "table": table,
        "filters": ", ".join(filters(given, options)) or "none",
        "columns": ", ".join(columns or ["those that the first use finds in the log"]),
        "restarts": f"{restarts!r}, {_RESTARTS[restarts]}" if _restarts_matter(table) else None,
        "passes": "; ".join(_passes(table, given, options, restarts)),
        "verified": _verified(table, checksum=log.options[2]),
        "runs": f"{len(log.runs(given['runs']))} of {len(log.native.runs)}",
        "order": None if table == "embeddings" else _ORDER,
        "files": f"{len(reads)}, {sum(size for *_, size in reads):,} bytes",
    }
    if table == "embeddings":
        parts["files"] = "projector files beside the events; none of the events"
        reads = []
    lines = [f"{name:<9} {value}" for name, value in parts.items() if value is not None]
    lines += [f"  {run}  {path}  {size:,}" for run, path, size in reads[:_SHOWN_FILES]]
    if len(reads) > _SHOWN_FILES:
        lines.append(f"  and {len(reads) - _SHOWN_FILES} more")
    return "\n".join(lines)


def _restarts_matter(table: str) -> bool:
    return table in _follow.KINDS or table == "series"


def _passes(table: str, given: Filters, options: dict[str, Any], restarts: str) -> list[str]:
    """What is read, and how often."""
    passes = []
    if _pattern(given["tags"]) is not None:
        passes.append("the names of all tags, for the pattern, once for all scans")
    if restarts == "last" and _restarts_matter(table):
        passes.append("keys, to find the restarts")
    if "dtype" in options:
        passes.append("shapes, for the type of `values`, once")
    if table == "hparams":
        passes.append("sessions and metrics, once")
    elif table == "embeddings":
        passes.append("the projector files, once for the columns")
    return [*passes, "rows"]


def _verified(table: str, *, checksum: bool) -> str:
    if table in {"files", "damage"}:
        return "every record, and what it holds"
    if table == "embeddings":
        return "nothing; projector files have no checksums"
    if not checksum:
        return "lengths, and payloads that do not parse (checksum=False)"
    if table == "series":
        return "lengths, payloads below 16 KiB"
    return "lengths, payloads below 16 KiB, and those larger ones that are used"


def _pattern(given: Any) -> re.Pattern[str] | None:
    if isinstance(given, dict):
        given = given.get("given")
    return given if isinstance(given, re.Pattern) else None


def _names(given: Any) -> str | None:
    if isinstance(given, dict) and "within" in given:
        ranges = zip(given["within"][::2], given["within"][1::2], strict=True)
        bounds = " or ".join(f"{low!r} to before {high!r}" for low, high in ranges)
        inner = _names(given["given"])
        return bounds if inner is None else f"{inner} within {bounds}"
    if isinstance(given, dict):
        given = given["exactly"]
    if not isinstance(given, list):
        return None if given is None else repr(given)
    return _listed(given)


def _steps(given: Any) -> str | None:
    if not isinstance(given, tuple):
        return None if given is None else _listed(given)
    bounds = ["" if bound is None else str(bound) for bound in given[:2]]
    return ":".join([*bounds, *([str(given[2])] if given[2] != 1 else [])])


def _listed(items: list[Any]) -> str:
    if len(items) == 1:
        return repr(items[0])
    shown = ", ".join(map(repr, items[:_SHOWN_NAMES]))
    more = len(items) - _SHOWN_NAMES
    return f"[{shown}, … {more} more]" if more > 0 else f"[{shown}]"
