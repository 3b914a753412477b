"""The operators of CEL that treat errors specially: an error gives way to what decides anyway.

CEL specification, "Logical operators": `false && error` is false and `true || error` is true, in
either order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from services.rules.domain.values import (
    Errors,
    Frame,
    Maps,
    Outcome,
    Term,
    Words,
    either,
    is_none,
    spread,
)


def conjunction(first: Term, *others: Term) -> Term:
    """Return `first && other && …`; what follows is not looked at where it is settled for all."""
    return _connective(first, others, decisive=False)


def disjunction(first: Term, *others: Term) -> Term:
    """Return `first || other || …`; what follows is not looked at where it is settled for all."""
    return _connective(first, others, decisive=True)


def _connective(first: Term, others: tuple[Term, ...], *, decisive: bool) -> Term:
    def evaluate(frame: Frame, local: Mapping[str, Any]) -> Outcome:
        outcome = first(frame, local)
        for term in others:
            if outcome[1] is False and _settles(outcome[0], decisive):
                return decisive, False
            outcome = _joined(outcome, term(frame, local), decisive, frame.size)
        return outcome

    return evaluate


def _joined(left: Outcome, right: Outcome, decisive: bool, size: int) -> Outcome:
    """Return `left && right` or `left || right` of two outcomes."""
    neutral = not decisive
    first, first_errors = left
    second, second_errors = right
    if second_errors is False and second is decisive:
        return right
    if first_errors is False and first is neutral:
        return right
    if second_errors is False and second is neutral:
        return left
    if first_errors is False and second_errors is False:
        return (np.logical_or if decisive else np.logical_and)(first, second), False
    return _with_errors(size, left, right, decisive)


def _settles(value: Any, decisive: bool) -> bool:
    """Say whether a value settles a connective for all candidates, so that the rest is moot."""
    if isinstance(value, bool):
        return value is decisive
    return is_none(~value if decisive else value)


def _with_errors(size: int, left: Outcome, right: Outcome, decisive: bool) -> Outcome:
    decided = np.zeros(size, np.bool_)
    for value, errors in (left, right):
        decided |= (spread(value, size) == decisive) & ~spread(errors, size)
    failed = (spread(left[1], size) | spread(right[1], size)) & ~decided
    return (decided if decisive else ~decided), failed


def negation(term: Term) -> Term:
    """Return `!term`."""

    def evaluate(frame: Frame, local: Mapping[str, Any]) -> Outcome:
        value, errors = term(frame, local)
        return (not value if isinstance(value, bool) else ~value), errors

    return evaluate


def choice(condition: Term, then: Term, otherwise: Term) -> Term:
    """Return `condition ? then : otherwise`; the branch not taken may fail without harm."""

    def evaluate(frame: Frame, local: Mapping[str, Any]) -> Outcome:
        chosen, errors = condition(frame, local)
        if isinstance(chosen, bool):
            value, branch_errors = (then if chosen else otherwise)(frame, local)
            return value, either(errors, branch_errors)
        yes, yes_errors = then(frame, local)
        no, no_errors = otherwise(frame, local)
        if yes_errors is True and no_errors is True:
            return False, True
        branch: Errors = False
        if yes_errors is not False or no_errors is not False:
            size = frame.size
            branch = np.where(chosen, spread(yes_errors, size), spread(no_errors, size))
        if yes_errors is True or no_errors is True:
            return (no if yes_errors is True else yes), either(errors, branch)
        return _select(chosen, yes, no), either(errors, branch)

    return evaluate


def _select(chosen: Any, yes: Any, no: Any) -> Any:
    if isinstance(yes, Maps) or isinstance(no, Maps):
        raise TypeError("maps are not chosen between")
    if isinstance(yes, str | Words) or isinstance(no, str | Words):
        return _select_words(chosen, yes, no)
    return np.where(chosen, yes, no)


def _select_words(chosen: Any, yes: str | Words, no: str | Words) -> Words:
    first, second = _as_words(yes, len(chosen)), _as_words(no, len(chosen))
    codes = np.where(chosen, first.codes, second.codes + len(first.words))
    return Words(codes, [*first.words, *second.words])


def _as_words(value: str | Words, size: int) -> Words:
    return Words(np.zeros(size, np.intp), [value]) if isinstance(value, str) else value


def quantifier(elements: Term, variable: str, predicate: Term, *, exists: bool) -> Term:
    """Return `elements.exists(variable, predicate)`, or `.all`, over a list equal for everybody."""
    start = not exists

    def evaluate(frame: Frame, local: Mapping[str, Any]) -> Outcome:
        values, errors = elements(frame, local)
        if errors is not False:
            return start, errors
        outcome: Outcome = (start, False)
        for element in values:
            if outcome[1] is False and outcome[0] is exists:
                break
            inner = {**local, variable: element}
            met = predicate(frame, inner)
            outcome = _joined(outcome, met, exists, frame.size)
        return outcome

    return evaluate
