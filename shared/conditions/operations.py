"""CEL's operators over single values, by the overload that the type checker chose.

Integers are 64 bits and overflow is an error; integer division cuts towards zero; doubles follow
IEEE 754 (CEL specification, "Arithmetic operators").
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

Operation = Callable[..., Any]

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_DAY_S = 86_400.0


class FailedError(Exception):
    """Evaluating failed where CEL says that it does; no mistake of ours."""


def _whole(function: Operation) -> Operation:
    """Return an operation over integers that fails where the result has more than 64 bits."""

    def apply(*values: int) -> int:
        result: int = function(*values)
        if not _INT_MIN <= result <= _INT_MAX:
            raise FailedError
        return result

    return apply


def _divide(left: int, right: int) -> int:
    if not right:
        raise FailedError
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _modulo(left: int, right: int) -> int:
    if not right or (left == _INT_MIN and right == -1):
        raise FailedError
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _divide_doubles(left: float, right: float) -> float:
    if right:
        return left / right
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _at_key(found: Mapping[Any, Any], key: Any) -> Any:
    # Maps of protobuf make a missing key when they are indexed.
    value = found.get(key)
    if value is None:
        raise FailedError
    return value


def _at_place(found: Sequence[Any], place: int) -> Any:
    if not 0 <= place < len(found):
        raise FailedError
    return found[place]


def _contains(text: str, part: str) -> bool:
    return part in text


def _is_in(element: Any, elements: Any) -> bool:
    return element in elements


def _same(value: Any) -> Any:
    return value


def _days(duration: Any) -> float:
    return float(duration.total_seconds() / _DAY_S)


_ORDERED: Mapping[str, Operation] = {
    "less": operator.lt,
    "less_equals": operator.le,
    "greater": operator.gt,
    "greater_equals": operator.ge,
}

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "equals": operator.eq,
        "not_equals": operator.ne,
        **{
            f"{name}_{kind}": compare
            for name, compare in _ORDERED.items()
            for kind in ("int64", "double", "string", "timestamp", "duration")
        },
        "add_int64": _whole(operator.add),
        "subtract_int64": _whole(operator.sub),
        "multiply_int64": _whole(operator.mul),
        "divide_int64": _whole(_divide),
        "modulo_int64": _modulo,
        "negate_int64": _whole(operator.neg),
        "add_double": operator.add,
        "subtract_double": operator.sub,
        "multiply_double": operator.mul,
        "divide_double": _divide_doubles,
        "negate_double": operator.neg,
        "int64_to_double": float,
        "int64_to_int64": _same,
        "double_to_double": _same,
        "add_string": operator.add,
        "contains_string": _contains,
        "starts_with_string": str.startswith,
        "ends_with_string": str.endswith,
        **dict.fromkeys(
            (f"{first}_{last}" for kind in ("string", "list", "map")
             for first, last in (("size", kind), (kind, "size"))),
            len,
        ),
        "in_list": _is_in,
        "in_map": _is_in,
        "index_map": _at_key,
        "index_list": _at_place,
        "subtract_timestamp_timestamp": operator.sub,
        "duration_to_days": _days,
    }
)  # fmt: skip
"""What is not here is evaluated by CEL."""
