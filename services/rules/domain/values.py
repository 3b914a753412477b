"""What a condition's terms are worth: one value for all candidates, or a column of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

BoolColumn = npt.NDArray[np.bool_]
Errors = bool | BoolColumn
"""Where evaluation failed: nowhere, everywhere, or for the candidates that are true."""
Outcome = tuple[Any, Errors]
"""A value and its errors; where there is an error the value means nothing.

The value is a Python scalar or list when it is the same for all candidates, else an int64,
float64 or bool array, `Words` or `Maps`.
"""


class Frame(Protocol):
    """What is known while one request's conditions are evaluated."""

    size: int
    """Number of candidates."""
    known: dict[int, Outcome]
    """What terms were worth that are evaluated once, by their numbers."""

    def column(self, name: str) -> Any:
        """Return a column such as `offer.stock`: an array, `Words` or `Maps`."""
        ...

    def field(self, name: str) -> Any:
        """Return a field such as `customer.age`, which is the same for all candidates."""
        ...

    def scalar(self, program: Any) -> Outcome:
        """Return what a term is worth that depends on no candidate; evaluated once."""
        ...


Term = Callable[[Frame, Mapping[str, Any]], Outcome]
"""An evaluable part of a condition; the mapping holds the variables of comprehensions."""


def once(number: int, term: Term) -> Term:
    """Return a term that is evaluated once in each frame; the same number is the same term."""

    def evaluate(frame: Frame, local: Mapping[str, Any]) -> Outcome:
        outcome = frame.known.get(number)
        if outcome is None:
            outcome = frame.known[number] = term(frame, local)
        return outcome

    return evaluate


@dataclass(frozen=True, slots=True)
class Words:
    """A column of strings: each is `words[codes[i]]`."""

    codes: npt.NDArray[np.intp]
    words: Sequence[str]

    def each(self, of_word: Callable[[str], Any], dtype: type[np.generic]) -> npt.NDArray[Any]:
        """Apply a function to every distinct word and spread the results over the column."""
        return np.array([of_word(word) for word in self.words], dtype)[self.codes]

    def map(self, of_word: Callable[[str], str]) -> Words:
        return Words(self.codes, [of_word(word) for word in self.words])

    def texts(self) -> list[str]:
        words = self.words
        return [words[code] for code in self.codes.tolist()]


def words_of(texts: Sequence[str]) -> Words:
    """Return the column of these strings, one per candidate."""
    return Words(np.arange(len(texts)), texts)


@dataclass(frozen=True, slots=True)
class Maps:
    """A column of text maps, such as the attributes of each offer."""

    maps: Sequence[Mapping[str, str]]


def either(left: Errors, right: Errors) -> Errors:
    """Return where at least one of the two failed."""
    if left is False or right is True:
        return right
    if right is False or left is True:
        return left
    return left | right


def is_none(column: npt.NDArray[Any]) -> bool:
    """Say whether nothing in a column is true; counting is several times faster than `any`."""
    return not np.count_nonzero(column)


def spread(value: Any, size: int) -> BoolColumn:
    """Return a truth value or a column of them as a column."""
    return np.broadcast_to(np.asarray(value, np.bool_), (size,))
