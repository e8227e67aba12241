"""What to say of a filter that nothing in a log meets: names that are near, or another kind."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

if TYPE_CHECKING:
    from tfevents._filters import Filters, Names

#: Reads columns of a table for the series that meet the filters.
Survey: TypeAlias = Callable[..., pa.Table]

#: So many names are shown, and so many looked at.
_SHOWN, _SEARCHED = 3, 10_000

#: Tables whose rows are of every kind but embeddings, which are no events.
_ALL_KINDS = frozenset({"series", "events"})


def of_runs(given: Names, known: Sequence[str]) -> str:
    """What to say when no run meets `given`."""
    return f"{_shown('runs', given)} matches no run of this log; {_nearest(given, known)}"


def of_rows(table: str, filters: Filters, survey: Survey) -> str | None:
    """What to say when a scan had no rows; nothing if steps or wall times leave them out."""
    tags, plugin, runs = filters["tags"], filters["plugin"], filters["runs"]
    if table == "hparams":  # its metrics are scalars, of other runs, too
        table, runs = "scalars", None
    if tags is not None:
        found = survey(runs, tags)
        if not found.num_rows:
            return _of_tags(tags, runs, survey)
        if plugin is None:
            return _of_kind(table, found)
    if plugin is not None:
        found = survey(runs, tags, plugin)
        if not found.num_rows:
            known = _distinct(survey(runs, tags), "plugin")
            return f"plugin={plugin!r} is the plugin of no series here; {_nearest([plugin], known)}"
        if table != "tensors":  # which has all of a plugin's
            return _of_kind(table, found)
    return None


def _of_tags(given: Names, runs: Names | None, survey: Survey) -> str:
    shown = _shown("tags", given)
    if runs is not None:
        elsewhere = _distinct(survey(None, given), "run")
        if elsewhere:
            return (
                f"{shown} matches no tag of the runs that match {_shown('runs', runs)}; "
                f"there is one in {_list(elsewhere)}"
            )
    known = _distinct(survey(None, None), "tag")
    return f"{shown} matches no tag of this log; {_nearest(given, known)}"


def _of_kind(table: str, found: pa.Table) -> str | None:
    """That the tags which match are of other kinds."""
    kinds = _distinct(found, "kind")
    if table in kinds or not kinds or (table in _ALL_KINDS and kinds != ["embeddings"]):
        return None
    tag = _distinct(found, "tag")[0]
    return f"{tag!r} is a tag of {' and '.join(f'{kind}()' for kind in kinds)}, not of {table}()"


def _distinct(table: pa.Table, column: str) -> list[str]:
    return [name for name in table[column].unique().to_pylist() if name]


def _shown(argument: str, given: Any) -> str:
    """The argument as the user wrote it."""
    if isinstance(given, dict):
        given = given["exactly"]
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    text = repr(given)
    return f"{argument}={text if len(text) <= 100 else text[:100] + '…'}"


def _nearest(given: Names, known: Sequence[str]) -> str:
    """The names that are most like one of `given`, or the first there are."""
    if not known:
        return "there is none"
    near: list[str] = []
    if isinstance(given, list):
        lowered = {name.lower(): name for name in known[:_SEARCHED]}
        for wanted in itertools.islice(given, _SHOWN):
            near += [lowered[name] for name in _similar(wanted.lower(), lowered)]
    if near:
        return f"the nearest are {_list(dict.fromkeys(near))}"
    return f"there are {_list(known)}"


def _similar(wanted: str, known: Iterable[str]) -> list[str]:
    """Names spelled almost like `wanted`, then those that contain it."""
    text = re.sub(r"[*?\[\]]", "", wanted)
    if not text:
        return []
    close = difflib.get_close_matches(text, known, n=_SHOWN, cutoff=0.5)
    containing = (name for name in known if text in name and name not in close)
    return [*close, *itertools.islice(containing, _SHOWN - len(close))]


def _list(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(map(repr, listed[:_SHOWN])) + more
