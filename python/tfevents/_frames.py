"""Tables as pandas data frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tfevents import _extras
from tfevents._columns import is_list

if TYPE_CHECKING:
    import pandas as pd


def to_pandas(read: Callable[[], pa.Table], options: dict[str, Any]) -> pd.DataFrame:
    """The rows that `read` returns as a data frame; `options` as for `pyarrow.Table.to_pandas`.

    Lists of structs stay in Arrow: there would be a Python dict for each bucket of each histogram.
    """
    _extras.require("pandas", "pandas", "to_pandas()")
    frame: pd.DataFrame = read().to_pandas(**{"types_mapper": _arrow_dtype, **options})
    return frame


def _arrow_dtype(kind: pa.DataType) -> Any:
    if not is_list(kind) or not pa.types.is_struct(kind.value_type):
        return None
    import pandas as pd

    return pd.ArrowDtype(kind)
