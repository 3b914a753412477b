"""What can be told of the rules of one bundle before anybody asks: worked out once for each.

Of a condition the catalogue often settles a part, and rules that differ in their constants or in
what else they read share it: it is looked up once for all of them. And most conditions cannot hold
for somebody without purchases, declines, dislikes or a cart.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from services.rules.domain.absences import ABSENCES
from services.rules.domain.catalogue import CatalogueColumns
from services.rules.domain.columns import OF_CATALOGUE, CandidateColumns, Moment
from services.rules.domain.definitions import Bound, Condition, Rule
from services.rules.domain.person import Numbers
from services.rules.domain.values import BoolColumn, Outcome

Fields = Mapping[str, Any]
"""What fields of the variables are worth, by their name in conditions."""

_MOST_PARTS = 512
"""So many are told apart, a bit of each offer for each; what else there is always passes."""
_MOST_ABSENCES = 4
"""A condition that reads more kinds of a person's past than these is always asked."""
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Absences:
    """Whether a condition may hold for somebody without some of `ABSENCES`."""

    read: frozenset[str]
    """Those that it reads what is missing of."""
    may_hold: Mapping[frozenset[str], bool]
    """By some of these."""


Known = MutableMapping[Condition, Absences]
"""What was found out for bundles before: those that follow share most of their conditions."""
_ANYBODY = Absences(_NONE, {_NONE: True})


@dataclass(frozen=True, slots=True)
class Part:
    """What the catalogue alone says of some rules: which offers they could remove."""

    bound: Bound | None
    """None: it says nothing of them."""
    kinds: frozenset[int]
    """Empty: all."""


class Plan:
    """The parts of a bundle's rules, each once, and the rules by them."""

    def __init__(
        self,
        rules: Sequence[Rule],
        names: frozenset[str],
        catalogue: CatalogueColumns,
        known: Known,
    ) -> None:
        """Take the names of fields that are worth the same for all requests on a channel."""
        self.rules = rules
        self.parts: list[Part] = []
        self.part_of = self._numbered(OF_CATALOGUE | names)
        """The part of each rule."""
        self._absences = [_absences(rule, catalogue, known) for rule in rules]
        self._possible: dict[tuple[str, ...], BoolColumn] = {}

    def possible(self, absent: tuple[str, ...]) -> BoolColumn:
        """Return which rules may hold, or fail, for somebody without these of `ABSENCES`."""
        found = self._possible.get(absent)
        if found is None:
            found = self._possible[absent] = np.array(
                [each.may_hold[each.read.intersection(absent)] for each in self._absences],
                np.bool_,
            )
        return found

    def _numbered(self, known: frozenset[str]) -> Numbers:
        """Collect the parts, and return the number of each rule's own."""
        numbers: dict[Hashable, int] = {}
        found = []
        for rule in self.rules:
            condition = _screened(rule)
            bound = condition.bound(known) if condition is not None else None
            key: Hashable = (bound and bound.key, rule.kinds)
            if key not in numbers and len(numbers) >= _MOST_PARTS:
                bound, key = None, (None, frozenset())
            if key not in numbers:
                numbers[key] = len(self.parts)
                self.parts.append(Part(bound, rule.kinds))
            found.append(numbers[key])
        return np.array(found, np.int64)


class BoundFrame:
    """A frame of columns and known fields, which is all that a bound reads."""

    def __init__(self, columns: CandidateColumns, fields: Fields) -> None:
        self.size = len(columns)
        self.known: dict[int, Outcome] = {}
        self._columns = columns
        self._fields = fields

    def column(self, name: str) -> Any:
        return self._columns[name]

    def field(self, name: str) -> Any:
        return self._fields[name]

    def scalar(self, program: Any) -> Outcome:
        raise KeyError("a bound has no such part")


def columns_of(catalogue: CatalogueColumns, offer_nos: Numbers, moment: Moment) -> CandidateColumns:
    """Return the columns of offers for nobody in particular."""
    return CandidateColumns(catalogue, _unknown, offer_nos, moment)


def may_hold(bound: Bound | None, frame: BoundFrame) -> Any:
    """Return whether, or for which offers, what is bounded may hold or fail."""
    return True if bound is None else np.logical_or(*bound.term(frame, {}))


def _screened(rule: Rule) -> Condition | None:
    """Return the condition without which a rule does nothing; None: there is no such one."""
    return None if rule.lever_when else rule.remove_when


def _absences(rule: Rule, catalogue: CatalogueColumns, known: Known) -> Absences:
    condition = _screened(rule)
    if condition is None:
        return _ANYBODY
    found = known.get(condition)
    if found is None:
        found = known[condition] = _absences_of(condition, catalogue)
    return found


def _absences_of(condition: Condition, catalogue: CatalogueColumns) -> Absences:
    read = [each for each, names in ABSENCES.items() if not names.isdisjoint(condition.fields)]
    if len(read) > _MOST_ABSENCES:
        return _ANYBODY
    frame = BoundFrame(columns_of(catalogue, np.zeros(1, np.int64), Moment(0, 0)), {})
    found = {_NONE: True}
    for absent in (some for count in range(len(read)) for some in combinations(read, count + 1)):
        names = frozenset().union(*(ABSENCES[each] for each in absent))
        bound = condition.bound(names & condition.fields)
        found[frozenset(absent)] = bool(np.any(may_hold(bound, frame)))
    return Absences(frozenset(read), found)


def _unknown(offer_no: int) -> Mapping[str, str]:
    raise KeyError(offer_no)
