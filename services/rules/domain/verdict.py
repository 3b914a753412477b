"""The verdict on each candidate: which placements it may fill, or why it may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from services.rules.domain.acts import Removals, ShadowRemoval, Verdict
from services.rules.domain.catalogue import kind_mask, page_bits
from services.rules.domain.columns import CandidateColumns
from services.rules.domain.contact_gates import counting_anew, passing_gate
from services.rules.domain.contacts import CONTACT_LIMIT, Approach
from services.rules.domain.definitions import Condition, Placement, Rule
from services.rules.domain.person import among
from services.rules.domain.values import BoolColumn, Frame, is_none

OUT_OF_SCHEDULE = 5
WRONG_CHANNEL = 6
NOT_KNOWN_YET = 18
BUDGET_SPENT = 15
ELIGIBILITY = 1
APPLICABILITY = 2
BUDGET_RULE = "budget"
_PLACEMENT_KINDS = "placement_kinds"
_ALL_KINDS: frozenset[int] = frozenset()
__all__ = [
    "APPLICABILITY",
    "BUDGET_RULE",
    "BUDGET_SPENT",
    "CONTACT_LIMIT",
    "ELIGIBILITY",
    "NOT_KNOWN_YET",
    "OUT_OF_SCHEDULE",
    "Removals",
    "Verdict",
    "judge",
]

FrameOf = Callable[[str], Frame]
"""The frame of a placement, or with an empty name of all: equal but for `request.placement`."""


def judge(
    rules: Sequence[Rule],
    asked: Sequence[Placement],
    columns: CandidateColumns,
    frame_of: FrameOf,
    approach: Approach,
    spent: Sequence[int] = (),
) -> Verdict:
    """Judge candidates that the catalogue knows, by rules in their order, budgets and limits.

    `rules` may leave out those that could remove none of the candidates. `spent` are offers there
    is nothing left of for the person. What is promised to them only eligibility removes, and the
    hours in which nobody is approached.
    """
    court = _Court(asked, columns, frame_of)
    court.open()
    for rule in rules:
        if rule.remove_when is not None and court.is_in_session:
            court.apply(rule, rule.remove_when)
    court.leave_out_spent(spent)
    court.limit_contacts(approach)
    for rule in rules:
        if rule.lever_when is not None and court.is_in_session:
            court.multiply(rule, rule.lever_when)
    return court.verdict


class _Court:
    """The state of judging one request."""

    def __init__(
        self, asked: Sequence[Placement], columns: CandidateColumns, frame_of: FrameOf
    ) -> None:
        self.asked = asked
        self.columns = columns
        self.frame_of = frame_of
        self.verdict = Verdict(np.zeros(len(columns), np.uint32))
        self.subjects: BoolColumn | bool = True
        """Which candidates rules apply to: all but default offers."""
        self.is_in_session = True
        """Whether a candidate is left."""
        self.everywhere = (1 << len(asked)) - 1
        """The bits of all placements."""
        self._left: dict[tuple[frozenset[int], int], BoolColumn] = {}
        """What rules for some kinds and placements can still remove; until something is."""

    def open(self) -> None:
        """Let every candidate fill the placements that show its kind, and defaults their own."""
        shown = page_bits(tuple([placement.kinds for placement in self.asked]))
        bits = self.verdict.bits = shown[self.columns.kinds]
        self._exempt_defaults()
        left = np.count_nonzero(bits)
        self.is_in_session = bool(left)
        if left < len(bits):
            gone = self._numbers(bits == 0)
            self.verdict.removals.add(gone, WRONG_CHANNEL, _PLACEMENT_KINDS, ELIGIBILITY)
            self._note(_PLACEMENT_KINDS, len(gone), self.everywhere)

    def apply(self, rule: Rule, condition: Condition) -> None:
        """Remove what the rule's condition holds for, or fails for."""
        allowed = self._allowed(rule)
        if not condition.reads_placement:
            self._remove(rule, condition, "", allowed)
            return
        for index, placement in enumerate(self.asked):
            self._remove(rule, condition, placement.name, allowed & 1 << index)

    def multiply(self, rule: Rule, condition: Condition) -> None:
        """Multiply the levers of candidates that the rule favours."""
        allowed = self._allowed(rule)
        name = self._first(allowed).name if condition.reads_placement else ""
        value, errors = condition.evaluate(self.frame_of(name))
        if errors is not False:
            self.verdict.act(rule.name, shadow=rule.is_shadow).failed = True
        met = np.logical_and(value, np.logical_not(errors)) & self._is_subject(rule)
        met = np.logical_and(met, self.verdict.bits != 0)
        count = int(np.count_nonzero(met))
        if not count:
            return
        self._note(rule.name, count, allowed, shadow=rule.is_shadow)
        if rule.is_shadow:
            return
        if self.verdict.levers is None:
            self.verdict.levers = np.ones(len(self.columns), np.float32)
        self.verdict.levers[met] *= np.float32(rule.lever)

    def leave_out_spent(self, spent: Sequence[int]) -> None:
        """Remove what there is nothing left of."""
        if spent and self.is_in_session:
            left = self._left_for(_ALL_KINDS, self.everywhere)
            hits = among(self.columns.offer_nos, spent) & left
            self._take_away(hits, self.everywhere, BUDGET_SPENT, BUDGET_RULE, APPLICABILITY)

    def limit_contacts(self, approach: Approach) -> None:
        """Remove what would be a contact too many or at a wrong time."""
        if not approach.gates or not self.is_in_session:
            return
        counting = frozenset().union(*(placement.contact_kinds for placement in self.asked))
        for gate in approach.gates:
            passing = passing_gate(gate, counting, self.columns, self.verdict.bits != 0)
            for index, placement in enumerate(self.asked):
                if not placement.contact_kinds:
                    continue
                hits = self._left_for(placement.contact_kinds, 1 << index) & ~passing
                if gate.code == CONTACT_LIMIT:
                    hits &= ~self.columns.promised
                hits = counting_anew(hits, gate, approach, placement, self.columns)
                self._take_away(hits, 1 << index, gate.code, gate.rule, ELIGIBILITY, gate.free_us)

    def _exempt_defaults(self) -> None:
        """Default offers carry no rule; only what is gone or unwanted by the caller is left out."""
        columns = self.columns
        if is_none(columns["offer.is_default"]):
            return
        gone = columns["offer.withdrawn"] | columns["offer.excluded_by_caller"]
        exempt = columns["offer.is_default"] & ~gone
        self.subjects = ~exempt
        ids = columns.catalogue.offer_ids
        for place in np.flatnonzero(exempt).tolist():
            offer_id = ids[int(columns.offer_nos[place])]
            for index, placement in enumerate(self.asked):
                if offer_id in placement.default_offers:
                    self.verdict.bits[place] |= np.uint32(1 << index)

    def _allowed(self, rule: Rule) -> int:
        """Return the bits of the placements that a rule speaks of."""
        if not rule.placements:
            return self.everywhere
        return sum(
            1 << index
            for index, placement in enumerate(self.asked)
            if placement.name in rule.placements
        )

    def _first(self, allowed: int) -> Placement:
        return self.asked[(allowed & -allowed).bit_length() - 1] if allowed else self.asked[0]

    def _is_subject(self, rule: Rule) -> BoolColumn | bool:
        return bool(not rule.kinds) or kind_mask(rule.kinds)[self.columns.kinds]

    def _remove(self, rule: Rule, condition: Condition, placement: str, allowed: int) -> None:
        """Remove from the placements allowed; none where the rule does not speak of them."""
        if not allowed:
            return
        value, errors = condition.evaluate(self.frame_of(placement))
        if errors is not False:
            self.verdict.act(rule.name, shadow=rule.is_shadow).failed = True
            value = np.logical_or(value, errors)
        if value is False or (value is not True and is_none(value)):
            return
        left = self._left_for(rule.kinds, allowed)
        hits: BoolColumn = left if value is True else np.logical_and(left, value)
        if rule.level > ELIGIBILITY and self.columns.moment.promised_nos:
            hits = hits & ~self.columns.promised
        if rule.is_shadow:
            self._imagine(hits, allowed, rule)
        else:
            self._take_away(hits, allowed, rule.code, rule.name, rule.level)

    def _left_for(self, kinds: frozenset[int], allowed: int) -> BoolColumn:
        """Return which subjects of these kinds, all if empty, may still fill such a placement."""
        key = kinds, allowed
        left = self._left.get(key)
        if left is None:
            left = self.verdict.bits & np.uint32(allowed) != 0
            if self.subjects is not True:
                left &= self.subjects
            if kinds:
                left &= kind_mask(kinds)[self.columns.kinds]
            self._left[key] = left
        return left

    def _take_away(
        self,
        hits: BoolColumn,
        allowed: int,
        code: int,
        rule: str,
        level: int,
        free_us: int = 0,
    ) -> None:
        """Take candidates from these placements, one of which each of them may still fill."""
        count = int(np.count_nonzero(hits))
        if not count:
            return
        self._note(rule, count, allowed)
        bits, removals = self.verdict.bits, self.verdict.removals
        losing = bits & np.uint32(allowed)
        bits[hits] &= ~np.uint32(allowed)
        self._left = {}
        self.is_in_session = not is_none(bits)
        if allowed == self.everywhere:
            removals.add(self._numbers(hits), code, rule, level, free_us=free_us)
            return
        for index, placement in enumerate(self.asked):
            there = hits & (losing >> np.uint32(index) & np.uint32(1) != 0)
            removals.add(self._numbers(there), code, rule, level, placement.name, free_us)

    def _imagine(self, hits: BoolColumn, allowed: int, rule: Rule) -> None:
        """Note what a rule in shadow would have taken away."""
        count = int(np.count_nonzero(hits))
        if not count:
            return
        self._note(rule.name, count, allowed, shadow=True)
        if allowed == self.everywhere:
            self.verdict.shadow.append(ShadowRemoval(rule, "", hits))
            return
        for index, placement in enumerate(self.asked):
            there = hits & (self.verdict.bits & np.uint32(allowed & 1 << index) != 0)
            if not is_none(there):
                self.verdict.shadow.append(ShadowRemoval(rule, placement.name, there))

    def _note(self, rule: str, count: int, allowed: int, *, shadow: bool = False) -> None:
        act = self.verdict.act(rule, shadow=shadow)
        act.candidates += count
        act.placement_bits |= allowed

    def _numbers(self, mask: BoolColumn) -> list[int]:
        numbers: list[int] = self.columns.offer_nos[mask].tolist()
        return numbers
