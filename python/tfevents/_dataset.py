"""A scan as a `pyarrow.dataset.Dataset`, into which engines push columns and conditions.

Conditions on run, tag and step narrow what is read; whatever they say is applied again to what was
read, so a condition that is not understood costs time, never rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds

if TYPE_CHECKING:
    from tfevents._scan import Scan

#: One comparison as pyarrow prints it: ``(step >= 2)``, ``(run == "a")``.
_COMPARISON = re.compile(
    r"\(?(?P<column>run|tag|step) (?P<operator>==|>=|<=|>|<) "
    r'(?P<value>-?\d+|"(?:[^"\\]|\\.)*")\)?'
)


class ScanDataset(ds.Dataset):  # type: ignore[misc]  # pyarrow has no types
    """A dataset over the rows of a scan."""

    _scan: Scan

    @classmethod
    def over(cls, scan: Scan) -> ScanDataset:
        """The dataset over `scan`."""
        dataset = cls.__new__(cls)
        dataset._scan = scan
        return dataset

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return self._scan.schema

    def scanner(
        self,
        columns: Any = None,
        filter: ds.Expression | None = None,  # noqa: A002
        batch_size: int | None = None,
        **options: Any,
    ) -> ds.Scanner:
        """A scanner over the rows that meet `filter`; options as for `pyarrow.dataset`."""
        options = {key: value for key, value in options.items() if key in _SCANNER_OPTIONS}
        if batch_size is not None:
            options["batch_size"] = batch_size
        wanted, bounds = self._push_down(columns, filter)
        narrowed = self._narrowed(wanted, bounds)
        reader = pa.RecordBatchReader.from_stream(narrowed)
        return ds.Scanner.from_batches(reader, columns=columns, filter=filter, **options)

    def _narrowed(self, wanted: list[str] | None, bounds: dict[str, Any]) -> Scan:
        """The scan with `bounds`; without them where they would change which columns there are."""
        schema = self.schema
        if wanted is not None:
            schema = pa.schema([schema.field(name) for name in wanted])
        if bounds:
            try:
                narrowed = self._scan._narrowed(wanted, bounds)
            except ValueError:  # a column that only other rows have
                pass
            else:
                if narrowed.schema == schema:
                    return narrowed
        return self._scan._narrowed(wanted, {})

    def _push_down(
        self, columns: Any, condition: ds.Expression | None
    ) -> tuple[list[str] | None, dict[str, Any]]:
        """The columns to read, and conditions no stricter than `condition`."""
        text = "" if condition is None else str(condition)
        wanted: list[str] | None = None
        if isinstance(columns, (list, tuple)) and all(isinstance(c, str) for c in columns):
            named = [name for name in self.schema.names if name in columns or name in text]
            wanted = named or self.schema.names[:1]
        return wanted, _bounds(text)

    def to_table(self, **options: Any) -> pa.Table:
        """The rows as a table; options as for `scanner`."""
        return self.scanner(**options).to_table()

    def to_batches(self, **options: Any) -> Iterator[pa.RecordBatch]:
        """The rows as batches; options as for `scanner`."""
        yield from self.scanner(**options).to_batches()

    def count_rows(self, filter: ds.Expression | None = None, **options: Any) -> int:  # noqa: A002
        """How many rows meet `filter`."""
        if filter is None:
            return self._scan.count()
        scanner = self.scanner(columns=self.schema.names[:1], filter=filter, **options)
        return int(scanner.count_rows())

    def head(self, num_rows: int, **options: Any) -> pa.Table:
        """The first rows."""
        return self.scanner(**options).head(num_rows)

    def get_fragments(self, filter: ds.Expression | None = None) -> Iterator[ds.Fragment]:  # noqa: A002
        """The rows in memory, as the one fragment they are."""
        yield from ds.dataset(self.to_table(filter=filter)).get_fragments()

    def __reduce__(self) -> Any:
        raise TypeError("a dataset over a scan cannot be pickled; pickle the path")


_SCANNER_OPTIONS = frozenset(
    {"use_threads", "memory_pool", "batch_readahead", "fragment_readahead"}
)


def _bounds(text: str) -> dict[str, Any]:
    """Bounds on run, tag and step from a conjunction of comparisons; from anything else nothing."""
    terms = _conjunction(text)
    low, high = None, None
    names: dict[str, set[str]] = {}
    for term in terms:
        found = _COMPARISON.fullmatch(term)
        if found is None:
            continue
        column, operator = found["column"], found["operator"]
        try:
            value = json.loads(found["value"], strict=False)
        except ValueError:
            continue  # escaped as JSON does not
        if column == "step" and isinstance(value, int):
            if not -(2**63) < value < 2**63 - 1:
                continue  # steps and bounds are of 64 bits; the condition is applied again
            first = {"==": value, ">=": value, ">": value + 1}.get(operator)
            last = {"==": value, "<=": value, "<": value - 1}.get(operator)
            low = first if low is None else low if first is None else max(low, first)
            high = last if high is None else high if last is None else min(high, last)
        elif operator == "==" and isinstance(value, str):
            names.setdefault(column, set()).add(value)
    bounds: dict[str, Any] = {
        f"{column}s": {"exactly": sorted(values)} for column, values in names.items()
    }
    backwards = low is not None and high is not None and low > high
    if not backwards and (low is not None or high is not None):
        stop = None if high is None or high >= 2**63 - 1 else high + 1
        bounds["steps"] = (low, stop, 1)
    return bounds


def _conjunction(text: str) -> list[str]:
    """The terms of ``((a and b) and c)``; a single term for anything that is no conjunction."""
    inner = text[1:-1] if text.startswith("(") and _closes_at(text) == len(text) - 1 else text
    depth, quoted, start = 0, False, 0
    terms = []
    at = 0
    while at < len(inner):
        character = inner[at]
        if quoted:
            if character == "\\":
                at += 1
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0 and inner.startswith(" and ", at):
            terms.append(inner[start:at])
            at += 4
            start = at + 1
        at += 1
    if not terms:
        return [text]
    terms.append(inner[start:])
    return [term for one in terms for term in _conjunction(one)]


def _closes_at(text: str) -> int:
    """Where the parenthesis that `text` begins with closes."""
    depth, quoted = 0, False
    at = 0
    while at < len(text):
        character = text[at]
        if quoted:
            if character == "\\":
                at += 1
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1
