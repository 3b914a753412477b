"""CEL's strict operators over columns, by the overload that the type checker chose.

Strict: an error in an argument is an error of the result. Integers are 64 bits and overflow is an
error; integer division cuts towards zero (CEL specification, "Arithmetic operators").
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from services.rules.domain.values import Errors, Frame, Maps, Outcome, Term, Words, either, is_none

Ints = npt.NDArray[np.int64]
Operation = Callable[..., Outcome]

_INT_MIN = -(2**63)


def strict(operation: Operation, arguments: tuple[Term, ...]) -> Term:
    """Return the term that applies an operation to what its arguments are worth."""
    if len(arguments) == 2:
        return _binary(operation, *arguments)

    def evaluate(frame: Frame, local: Mapping[str, Any]) -> Outcome:
        outcomes = [argument(frame, local) for argument in arguments]
        errors: Errors = False
        for _, failed in outcomes:
            errors = either(errors, failed)
        if errors is True:
            return False, True
        value, own = operation(*(value for value, _ in outcomes))
        return value, either(errors, own)

    return evaluate


def _binary(operation: Operation, left: Term, right: Term) -> Term:
    def evaluate(frame: Frame, local: Mapping[str, Any]) -> Outcome:
        first, first_errors = left(frame, local)
        second, second_errors = right(frame, local)
        errors = either(first_errors, second_errors)
        if errors is True:
            return False, True
        value, own = operation(first, second)
        return value, either(errors, own)

    return evaluate


def _plain(function: Callable[..., Any]) -> Operation:
    """Make an operation of a function over numbers that cannot fail."""
    return lambda *values: (function(*values), False)


def _compare_numbers(compare: Callable[[Any, Any], Any]) -> Operation:
    return lambda left, right: (compare(left, right), False)


def _compare(compare: Callable[[Any, Any], Any]) -> Operation:
    """Make an operation of a comparison over numbers, truth values or strings."""

    def apply(left: Any, right: Any) -> Outcome:
        if isinstance(left, Words):
            if isinstance(right, Words):
                pairs = zip(left.texts(), right.texts(), strict=True)
                return np.array([compare(one, other) for one, other in pairs], np.bool_), False
            return left.each(lambda word: compare(word, right), np.bool_), False
        if isinstance(right, Words):
            return right.each(lambda word: compare(left, word), np.bool_), False
        return compare(left, right), False

    return apply


def _size(value: Any) -> Outcome:
    if isinstance(value, Words):
        return value.each(len, np.int64), False
    if isinstance(value, Maps):
        return np.array([len(each) for each in value.maps], np.int64), False
    return len(value), False


def _in_list(element: Any, elements: list[Any]) -> Outcome:
    if isinstance(element, Words):
        known = set(elements)
        return element.each(known.__contains__, np.bool_), False
    if isinstance(element, np.ndarray):
        found = np.zeros(len(element), np.bool_)
        for known_element in elements:
            found |= element == known_element
        return found, False
    return element in elements, False


def _in_map(key: Any, maps: Maps) -> Outcome:
    if isinstance(key, Words):
        pairs = zip(key.texts(), maps.maps, strict=True)
        return np.array([text in each for text, each in pairs], np.bool_), False
    return np.array([key in each for each in maps.maps], np.bool_), False


def _index_map(maps: Maps, key: Any) -> Outcome:
    keys = key.texts() if isinstance(key, Words) else [key] * len(maps.maps)
    found = [each.get(text) for text, each in zip(keys, maps.maps, strict=True)]
    missing = np.array([text is None for text in found], np.bool_)
    return Words(np.arange(len(found)), [text or "" for text in found]), (
        missing if missing.any() else False
    )


def _join(left: Any, right: Any) -> Outcome:
    if isinstance(left, Words) and isinstance(right, Words):
        pairs = zip(left.texts(), right.texts(), strict=True)
        texts = [one + other for one, other in pairs]
        return Words(np.arange(len(texts)), texts), False
    if isinstance(left, Words):
        return left.map(lambda word: word + right), False
    if isinstance(right, Words):
        return right.map(lambda word: left + word), False
    return left + right, False


def _wrapped(left: Any, right: Any) -> tuple[Ints, Ints]:
    return np.asarray(left, np.int64), np.asarray(right, np.int64)


def _errors(failed: npt.NDArray[np.bool_]) -> Errors:
    return False if is_none(failed) else failed


def _add(left: Any, right: Any) -> Outcome:
    a, b = _wrapped(left, right)
    with np.errstate(over="ignore"):
        total = a + b
    return total, _errors(((a ^ total) & (b ^ total)) < 0)


def _subtract(left: Any, right: Any) -> Outcome:
    a, b = _wrapped(left, right)
    with np.errstate(over="ignore"):
        rest = a - b
    return rest, _errors(((a ^ b) & (a ^ rest)) < 0)


def _multiply(left: Any, right: Any) -> Outcome:
    a, b = np.broadcast_arrays(*_wrapped(left, right))
    with np.errstate(over="ignore"):
        product = a * b
    lowest = (a == _INT_MIN) & (b == -1) | (b == _INT_MIN) & (a == -1)
    divisor = np.where((b == 0) | lowest, 1, b)
    back = _cut(product, divisor)
    return product, _errors((b != 0) & ((back != a) | lowest) | lowest)


def _divide(left: Any, right: Any) -> Outcome:
    a, b = np.broadcast_arrays(*_wrapped(left, right))
    failed = (b == 0) | (a == _INT_MIN) & (b == -1)
    return _cut(a, np.where(failed, 1, b)), _errors(failed)


def _modulo(left: Any, right: Any) -> Outcome:
    a, b = np.broadcast_arrays(*_wrapped(left, right))
    failed = (b == 0) | (a == _INT_MIN) & (b == -1)
    return np.fmod(a, np.where(failed, 1, b)), _errors(failed)


def _cut(a: Ints, b: Ints) -> Ints:
    """Divide towards zero; `b` is never 0, nor -1 where `a` is the lowest integer."""
    rest = np.fmod(a, b)
    quotient: Ints = (a - rest) // b
    return quotient


def _negate(value: Any) -> Outcome:
    lowest = value == _INT_MIN
    with np.errstate(over="ignore"):
        return -value, _errors(lowest)


def _double_division(left: Any, right: Any) -> Outcome:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        return np.divide(left, right), False


def _double(function: Callable[[Any, Any], Any]) -> Operation:
    def apply(left: Any, right: Any) -> Outcome:
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return function(left, right), False

    return apply


_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "less": operator.lt,
    "less_equals": operator.le,
    "greater": operator.gt,
    "greater_equals": operator.ge,
}

OPERATIONS: Mapping[str, Operation] = {
    "equals": _compare(operator.eq),
    "not_equals": _compare(operator.ne),
    **{
        f"{name}_{kind}": _compare_numbers(compare)
        for name, compare in _COMPARISONS.items()
        for kind in ("int64", "double")
    },
    **{f"{name}_string": _compare(compare) for name, compare in _COMPARISONS.items()},
    "add_int64": _add,
    "subtract_int64": _subtract,
    "multiply_int64": _multiply,
    "divide_int64": _divide,
    "modulo_int64": _modulo,
    "negate_int64": _negate,
    "add_double": _double(operator.add),
    "subtract_double": _double(operator.sub),
    "multiply_double": _double(operator.mul),
    "divide_double": _double_division,
    "negate_double": _plain(operator.neg),
    "int64_to_double": _plain(np.float64),
    "int64_to_int64": _plain(lambda value: value),
    "double_to_double": _plain(lambda value: value),
    "add_string": _join,
    "contains_string": _compare(lambda text, part: part in text),
    "starts_with_string": _compare(str.startswith),
    "ends_with_string": _compare(str.endswith),
    "size_string": _size,
    "string_size": _size,
    "size_map": _size,
    "map_size": _size,
    "in_list": _in_list,
    "in_map": _in_map,
    "index_map": _index_map,
}
"""By CEL overload id; what is not here is evaluated candidate by candidate."""

NEEDS_COLUMN = frozenset(
    name
    for name in OPERATIONS
    if name.endswith(("_int64", "_double")) and name.split("_")[0] not in _COMPARISONS
) | {"index_map", "in_map", "size_map", "map_size", "int64_to_double"}
"""Operations of which at least one argument must be a column."""
