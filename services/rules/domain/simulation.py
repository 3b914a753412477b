"""What other definitions would have changed in recorded decisions: for whom, and which offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from math import sqrt

from services.rules.domain.replays import Fidelity, PlacementReplay, Reason, Replay, Skip

_Z = 1.959964
"""Standard deviations to either side that hold 95%."""
_NOTHING = 1e-9
"""Sums of weights are no nearer than that."""


class By(IntEnum):
    """By what decisions are grouped, by its number in the proto."""

    CHANNEL = 1
    PLACEMENT = 2
    PERSON = 3
    SEGMENT = 4


@dataclass(slots=True)
class Weighed:
    """Decisions and how many of them change, each for as many as it stands for."""

    decisions: float = 0.0
    changed: float = 0.0
    _squares: float = 0.0

    def add(self, weight: float, *, changes: bool) -> None:
        self.decisions += weight
        self._squares += weight * weight
        if changes:
            self.changed += weight

    @property
    def share(self) -> float:
        """Of those that change; 0 where there is none."""
        return self.changed / self.decisions if self.decisions else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The share is in it with a probability of 95% (Wilson 1927).

        Unequal weights tell less than as many equal ones: Kish's effective number of them counts.
        """
        if not self.decisions:
            return 0.0, 1.0
        share, n = self.share, self.decisions**2 / self._squares
        middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n))
        return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


@dataclass(slots=True)
class Shift:
    """How often something is so by the one bundle and by the other."""

    before: float = 0.0
    after: float = 0.0
    came: float = 0.0
    """Decisions in which it is so by the new one alone."""
    went: float = 0.0

    def add(self, weight: float, before: float, after: float) -> None:
        """Add a decision in which it is so many times so."""
        self.before += weight * before
        self.after += weight * after
        if after and not before:
            self.came += weight
        if before and not after:
            self.went += weight

    @property
    def gain(self) -> float:
        """How much more often; exactly 0 where it comes to nothing."""
        gain = self.after - self.before
        return gain if abs(gain) > _NOTHING * max(self.before, self.after) else 0.0


@dataclass(slots=True)
class RuleShifts:
    """What one rule removes."""

    candidates: Shift = field(default_factory=Shift)
    decisions: Shift = field(default_factory=Shift)


@dataclass(frozen=True, slots=True)
class Example:
    """A decision that changes, on one of its placements."""

    replay: Replay
    placement: PlacementReplay


class Examples:
    """Keeps some decisions that change, of different reasons as far as there are."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._kept: dict[object, list[Example]] = {}

    def add(self, replay: Replay) -> None:
        for placement in replay.placements:
            if placement.changes:
                found = self._kept.setdefault(_alike(placement.reasons), [])
                if len(found) < self._at_most:
                    found.append(Example(replay, placement))

    def chosen(self) -> list[Example]:
        """Return the first of each reason, then the second of each; each decision once."""
        found: dict[str, Example] = {}
        for turn in range(self._at_most):
            for examples in self._kept.values():
                if turn < len(examples) and len(found) < self._at_most:
                    found.setdefault(examples[turn].replay.decision_id, examples[turn])
        return list(found.values())


def _alike(reasons: Sequence[Reason]) -> object:
    """Return what examples have in common that are of one reason: the first."""
    if not reasons:
        return None
    first = reasons[0]
    return first.cause, first.removal.rule if first.removal is not None else ""


class Simulation:
    """Counts decisions made again by both bundles, in any order."""

    def __init__(self, examples: int = 10) -> None:
        self.replayed = 0
        self.unranked = 0
        self.first_us = 0
        """When the first of all that were looked at was decided; 0: none was."""
        self.skipped: Counter[Skip] = Counter()
        self.fidelity: Counter[Fidelity] = Counter()
        self.still_allowed = 0
        """Of those of which the fidelity is known."""
        self.all = Weighed()
        self.groups: dict[tuple[By, str], Weighed] = {}
        self.offers: dict[int, Shift] = {}
        self.rules: dict[str, RuleShifts] = {}
        self.acceptances = Shift()
        self.value = Shift()
        self.examples = Examples(examples)

    def skip(self, decided_us: int, reason: Skip) -> None:
        """Note a decision that could not be made again."""
        self._begin(decided_us)
        self.skipped[reason] += 1

    def add(self, replay: Replay, channel: str) -> None:
        """Count a decision that was; `channel` is the name of its channel."""
        self._begin(replay.decided_us)
        self.replayed += 1
        self.unranked += not replay.is_ranked
        if replay.fidelity is not None:
            self.fidelity[replay.fidelity] += 1
            self.still_allowed += replay.is_still_allowed
        self.all.add(replay.weight, changes=replay.changes)
        self._group(replay, channel)
        self._offers(replay)
        self._rules(replay)
        for each in replay.placements:
            before, after = each.before, each.after
            self.acceptances.add(replay.weight, before.acceptances, after.acceptances)
            self.value.add(replay.weight, before.value, after.value)
        if replay.changes:
            self.examples.add(replay)

    def grouped(self) -> list[tuple[By, str, Weighed]]:
        """Return the groups by property, and of each the most affected first."""
        rows = [(by, name, found) for (by, name), found in self.groups.items()]
        return sorted(rows, key=lambda row: (row[0], -row[2].changed, -row[2].decisions, row[1]))

    def gaining(self) -> list[tuple[int, Shift]]:
        """Return the offers that more decisions show, those that gain most first."""
        rows = [(no, shift) for no, shift in self.offers.items() if shift.gain > 0]
        return sorted(rows, key=lambda row: (-row[1].gain, row[0]))

    def losing(self) -> list[tuple[int, Shift]]:
        """Return the offers that fewer decisions show, those that lose most first."""
        rows = [(no, shift) for no, shift in self.offers.items() if shift.gain < 0]
        return sorted(rows, key=lambda row: (row[1].gain, row[0]))

    def differing(self) -> list[tuple[str, RuleShifts]]:
        """Return the rules that remove more or less, the largest difference first."""
        rows = [(rule, found) for rule, found in self.rules.items() if found.candidates.gain]
        return sorted(rows, key=lambda row: (-abs(row[1].candidates.gain), row[0]))

    def _begin(self, decided_us: int) -> None:
        self.first_us = min(self.first_us or decided_us, decided_us)

    def _group(self, replay: Replay, channel: str) -> None:
        whole = [(By.CHANNEL, channel), (By.PERSON, replay.person)]
        whole += [(By.SEGMENT, each) for each in dict.fromkeys(replay.segments)]
        for key in whole:
            self._weighed(key).add(replay.weight, changes=replay.changes)
        changing: dict[str, bool] = {}
        for each in replay.placements:
            changing[each.placement] = changing.get(each.placement, False) or each.changes
        for placement, changes in changing.items():
            self._weighed((By.PLACEMENT, placement)).add(replay.weight, changes=changes)

    def _weighed(self, key: tuple[By, str]) -> Weighed:
        return self.groups.setdefault(key, Weighed())

    def _offers(self, replay: Replay) -> None:
        before = _shown(each.before.offer_nos for each in replay.placements)
        after = _shown(each.after.offer_nos for each in replay.placements)
        for no in before | after:
            self.offers.setdefault(no, Shift()).add(replay.weight, no in before, no in after)

    def _rules(self, replay: Replay) -> None:
        old, new = replay.removed_before, replay.removed_after
        for rule in old.keys() | new.keys():
            before, after = old.get(rule, 0), new.get(rule, 0)
            found = self.rules.setdefault(rule, RuleShifts())
            found.candidates.add(replay.weight, before, after)
            found.decisions.add(replay.weight, before > 0, after > 0)


def _shown(placements: Iterable[Sequence[int]]) -> set[int]:
    return {no for offer_nos in placements for no in offer_nos}
