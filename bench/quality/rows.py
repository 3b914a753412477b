"""A figure of quality as a row of the table: a mean over persons, with its interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.figures import Definition, significant
from bench.quality.scores import interval

Row = Mapping[str, Any]
Tell = Callable[[str], None]


def row(name: str, values: NDArray[np.float64], definition: Definition) -> Row:
    """Return the mean of values, one per person, with the interval that holds it."""
    mean = float(values.mean())
    return {
        "name": name,
        "value": significant(mean),
        "unit": definition.unit,
        "target": definition.target,
        "ok": definition.is_met(mean),
        "spread": [significant(bound) for bound in interval(values)],
    }


def over(
    name: str, rival: str, ours: NDArray[np.float64], theirs: NDArray[np.float64], unit: str
) -> Row:
    """Return by how much ours is more than a rival's for the same persons, in the same order.

    Compared in pairs, because persons differ among themselves by far more than rankings do: an
    interval without 0 tells two apart whose own intervals overlap.
    """
    return row(f"{name}_over_{rival}", ours - theirs, Definition("quality", unit))
