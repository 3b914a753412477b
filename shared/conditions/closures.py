"""Conditions over single values as functions: how parts of them are joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shared.conditions.operations import OPERATIONS, FailedError

_UNSET = object()


class Values(Protocol):
    """What fields are worth, by `customer.age` and the like, and `now`; variables of loops too."""

    def __getitem__(self, name: str) -> Any: ...

    def __setitem__(self, name: str, value: Any) -> None: ...


Evaluate = Callable[[Values], Any]
"""Raises `FailedError` where CEL fails."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a condition, and what is known of it beforehand."""

    evaluate: Evaluate
    field: str = ""
    """It is a field, or a variable of a loop."""
    constant: Any = _UNSET

    @property
    def is_constant(self) -> bool:
        return self.constant is not _UNSET


def constant(value: Any) -> Part:
    return Part(lambda values: value, constant=value)


def field(name: str) -> Part:
    return Part(lambda values: values[name], field=name)


def applied(overload: str, parts: tuple[Part, ...]) -> Part:
    """Return an operation; those of a field and a constant, as most are, in one step."""
    operation = OPERATIONS[overload]
    if len(parts) == 1:
        inner = parts[0].evaluate
        return Part(lambda values: operation(inner(values)))
    left, right = parts
    name, other = left.field, right.field
    first, second = left.constant, right.constant
    if name and right.is_constant:
        return Part(lambda values: operation(values[name], second))
    if left.is_constant and other:
        return Part(lambda values: operation(first, values[other]))
    one, two = left.evaluate, right.evaluate
    return Part(lambda values: operation(one(values), two(values)))


def connective(parts: list[Evaluate], *, decisive: bool) -> Evaluate:
    """Return `&&` or `||`: an error gives way to what decides anyway, in either order."""

    def evaluate(values: Values) -> Any:
        has_failed = False
        for part in parts:
            try:
                if part(values) is decisive:
                    return decisive
            except FailedError:
                has_failed = True
        if has_failed:
            raise FailedError
        return not decisive

    return evaluate


def quantifier(elements: Evaluate, variable: str, part: Evaluate, *, decisive: bool) -> Evaluate:
    """Return `exists` or `all` over a list, or over the keys of a map."""

    def evaluate(values: Values) -> Any:
        has_failed = False
        for element in elements(values):
            values[variable] = element
            try:
                if part(values) is decisive:
                    return decisive
            except FailedError:
                has_failed = True
        if has_failed:
            raise FailedError
        return not decisive

    return evaluate
