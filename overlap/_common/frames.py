"""Tables of pandas with any names, such as those of files that are not UTF-8."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame", "series"]


def frame(data: Any, **options: Any) -> pd.DataFrame:
    r"""Make a table; texts that Arrow cannot hold are kept as objects.

    Parameters
    ----------
    data, **options : Any
        As for `pandas.DataFrame`.

    Examples
    --------
    >>> frame([{"case": "a\udcff", "dice": 0.5}]).to_dict("records")
    [{'case': 'a\udcff', 'dice': 0.5}]
    """
    import pandas as pd

    try:
        return pd.DataFrame(data, **options)
    except UnicodeEncodeError:
        pass
    if isinstance(data, Mapping):
        names, columns = list(data), list(data.values())
        length = max(len(x) for x in columns if not isinstance(x, str) and hasattr(x, "__len__"))
        rows = [[x if isinstance(x, str) or not hasattr(x, "__len__") else x[k] for x in columns]
                for k in range(length)]  # fmt: skip
    elif data and isinstance(data[0], Mapping):
        names = list(dict.fromkeys(name for row in data for name in row))
        rows = [[row.get(name) for name in names] for row in data]
    else:
        names, rows = list(options.get("columns", ())), [list(row) for row in data]
    options["columns"] = pd.Index(names, dtype=object)
    table = pd.DataFrame(rows, dtype=object, **options)
    for k in range(table.shape[1]):
        with contextlib.suppress(UnicodeEncodeError):
            table.isetitem(k, table.iloc[:, k].infer_objects().array)
    return table


def series(values: Mapping[str, float]) -> pd.Series:
    """Make a series of numbers with names.

    Parameters
    ----------
    values : mapping from str to float
    """
    import pandas as pd

    try:
        return pd.Series(dict(values), dtype="float64")
    except UnicodeEncodeError:
        index = pd.Index(list(values), dtype=object)
        return pd.Series(list(values.values()), index=index, dtype="float64")
