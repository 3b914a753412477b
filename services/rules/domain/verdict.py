"""The verdict on each candidate: which placements it may fill, or why it may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.rules.domain.columns import KINDS, CandidateColumns
from services.rules.domain.contacts import Approach
from services.rules.domain.definitions import MARKETING, Condition, Placement, Policy, Rule
from services.rules.domain.values import BoolColumn, Frame, Outcome

Bits = npt.NDArray[np.uint32]

WRONG_CHANNEL = 6
CONTACT_LIMIT = 8
NOT_KNOWN_YET = 18
ELIGIBILITY = 1
_PLACEMENT_KINDS = "placement_kinds"
_CONTACT_RULE = f"contacts.{MARKETING}"

FrameOf = Callable[[str], Frame]
"""The frame of a placement, or with an empty name of all: equal but for `request.placement`."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One candidate that may not be shown, or not there."""

    offer_no: int
    code: int
    rule: str
    level: int
    placement: str = ""
    """Empty: all placements of the request."""


@dataclass(slots=True)
class Verdict:
    """What may be shown where; arrays are over the candidates judged."""

    bits: Bits
    """Bit i: may fill placement i of the request; 0: removed."""
    removals: list[Removal] = field(default_factory=list)
    levers: npt.NDArray[np.float32] | None = None
    """None: all 1."""
    failed_rules: list[str] = field(default_factory=list)
    """Rules that could not be evaluated for some candidate, which they removed."""


def judge(
    policy: Policy,
    asked: Sequence[Placement],
    columns: CandidateColumns,
    frame_of: FrameOf,
    approach: Approach,
) -> Verdict:
    """Judge candidates that the catalogue knows, by every rule and by the contact limit."""
    court = _Court(asked, columns, frame_of)
    court.open()
    for rule in policy.rules:
        if rule.remove_when is not None and court.is_in_session:
            court.apply(rule, rule.remove_when)
    court.limit_contacts(approach)
    for rule in policy.rules:
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
        self.exempt: BoolColumn = np.zeros(len(columns), np.bool_)

    @property
    def is_in_session(self) -> bool:
        """Whether a candidate is left."""
        return bool(self.verdict.bits.any())

    def open(self) -> None:
        """Let every candidate fill the placements that show its kind, and defaults their own."""
        kinds, bits = self.columns.kinds, self.verdict.bits
        for index, placement in enumerate(self.asked):
            shown = np.isin(np.arange(len(KINDS)), list(placement.kinds))
            bits |= shown[kinds].astype(np.uint32) << np.uint32(index)
        self._exempt_defaults()
        for place in np.flatnonzero(bits == 0).tolist():
            self._note(place, WRONG_CHANNEL, _PLACEMENT_KINDS, ELIGIBILITY)

    def apply(self, rule: Rule, condition: Condition) -> None:
        """Remove what the rule's condition holds for, or fails for."""
        allowed = self._allowed(rule)
        if condition.reads_placement and len(self.asked) > 1:
            for index, placement in enumerate(self.asked):
                if allowed >> index & 1:
                    self._remove(rule, self._hits(rule, condition, placement), 1 << index)
        elif allowed:
            self._remove(rule, self._hits(rule, condition, self._first(allowed)), allowed)

    def multiply(self, rule: Rule, condition: Condition) -> None:
        """Multiply the levers of candidates that the rule favours."""
        value, errors = self._evaluate(condition, self._first(self._allowed(rule)))
        met = np.logical_and(value, np.logical_not(errors)) & self._is_subject(rule)
        if np.any(met):
            if self.verdict.levers is None:
                self.verdict.levers = np.ones(len(self.columns), np.float32)
            self.verdict.levers[met] *= np.float32(rule.lever)

    def limit_contacts(self, approach: Approach) -> None:
        """Remove what would be a contact too many, unless it counts already."""
        if approach.left > 0 or not self.is_in_session:
            return
        for index, placement in enumerate(self.asked):
            if not placement.contact_kinds or placement.name in approach.placements:
                continue
            hits = np.isin(self.columns.kinds, list(placement.contact_kinds)) & ~self.exempt
            if approach.offer_nos and not placement.one_contact:
                hits &= ~np.isin(self.columns.offer_nos, list(approach.offer_nos))
            self._take_away(hits, 1 << index, CONTACT_LIMIT, _CONTACT_RULE, ELIGIBILITY)

    def _exempt_defaults(self) -> None:
        """Default offers carry no rule; only what is gone or unwanted by the caller is left out."""
        columns = self.columns
        if not columns["offer.is_default"].any():
            return
        gone = columns["offer.withdrawn"] | columns["offer.excluded_by_caller"]
        self.exempt = columns["offer.is_default"] & ~gone
        ids = columns.catalogue.offer_ids
        for place in np.flatnonzero(self.exempt).tolist():
            offer_id = ids[int(columns.offer_nos[place])]
            for index, placement in enumerate(self.asked):
                if offer_id in placement.default_offers:
                    self.verdict.bits[place] |= np.uint32(1 << index)

    def _allowed(self, rule: Rule) -> int:
        """Return the bits of the placements that a rule speaks of."""
        if not rule.placements:
            return (1 << len(self.asked)) - 1
        return sum(
            1 << index
            for index, placement in enumerate(self.asked)
            if placement.name in rule.placements
        )

    def _first(self, allowed: int) -> Placement:
        return self.asked[(allowed & -allowed).bit_length() - 1] if allowed else self.asked[0]

    def _is_subject(self, rule: Rule) -> BoolColumn | bool:
        return bool(not rule.kinds) or np.isin(self.columns.kinds, list(rule.kinds))

    def _evaluate(self, condition: Condition, placement: Placement) -> Outcome:
        return condition.evaluate(
            self.frame_of(placement.name if condition.reads_placement else "")
        )

    def _hits(self, rule: Rule, condition: Condition, placement: Placement) -> BoolColumn | None:
        value, errors = self._evaluate(condition, placement)
        if errors is not False:
            self.verdict.failed_rules.append(rule.name)
            value = np.logical_or(value, errors)
        if value is False:
            return None
        hits: BoolColumn = ~self.exempt & value & self._is_subject(rule)
        return hits

    def _remove(self, rule: Rule, hits: BoolColumn | None, allowed: int) -> None:
        if hits is not None:
            self._take_away(hits, allowed, rule.code, rule.name, rule.level)

    def _take_away(self, hits: BoolColumn, allowed: int, code: int, rule: str, level: int) -> None:
        bits = self.verdict.bits
        losing = bits & np.uint32(allowed)
        everything = (1 << len(self.asked)) - 1
        for place in np.flatnonzero(hits & (losing != 0)).tolist():
            lost = int(losing[place])
            bits[place] ^= np.uint32(lost)
            if allowed == everything:
                self._note(place, code, rule, level)
                continue
            for index, placement in enumerate(self.asked):
                if lost >> index & 1:
                    self._note(place, code, rule, level, placement.name)

    def _note(self, place: int, code: int, rule: str, level: int, placement: str = "") -> None:
        offer_no = int(self.columns.offer_nos[place])
        self.verdict.removals.append(Removal(offer_no, code, rule, level, placement))
