"""What people in variants of experiments are treated by, made once for each combination."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.rules.v1.experiments_pb2 import ExperimentVariant, Switches
from touchpoint.rules.v1.rules_pb2 import Bundle, RuleMode

MOST_KEPT = 256
"""Combinations of variants; of more the one not asked for longest is made anew when it is again."""
Treated = TypeVar("Treated")
Key = tuple[tuple[str, str], ...]
"""Experiments and their variants, of those that change something here."""


@dataclass(frozen=True, slots=True)
class Switched:
    """What is switched, by name."""

    off: frozenset[str] = frozenset()
    on: frozenset[str] = frozenset()

    @classmethod
    def of(cls, switches: Iterable[Switches]) -> Switched:
        """Add up the switches of several variants; no two experiments touch the same name."""
        every = list(switches)
        return cls(
            frozenset(name for each in every for name in each.off),
            frozenset(name for each in every for name in each.on),
        )

    def is_in_force(self, name: str, mode: int) -> bool:
        """Say whether something of this name and mode is in force for those treated so."""
        return name in self.on or (name not in self.off and mode != RuleMode.OFF)


class Treatments(Generic[Treated]):
    """What a service makes for each combination of variants, as soon as somebody is in it."""

    def __init__(
        self,
        bundle: Bundle,
        parts: Sequence[str],
        make: Callable[[Sequence[ExperimentVariant]], Treated],
    ) -> None:
        """`parts` are the fields of a variant that matter here; `make` gets those that have one."""
        self._make = make
        self._changing: Mapping[tuple[str, str], ExperimentVariant] = {
            (experiment.experiment, variant.variant): variant
            for experiment in bundle.experiments
            for variant in experiment.variants
            if any(variant.HasField(part) for part in parts)  # type: ignore[arg-type]
        }
        self._made: dict[Key, Treated] = {}

    def of(self, variants: Sequence[VariantOf], untreated: Treated) -> Treated:
        """Return what holds for somebody in these variants; `untreated` where they change nothing.

        Variants that the bundle does not have change nothing.
        """
        changing = self._changing
        if not changing:
            return untreated
        named = [(each.experiment, each.variant) for each in variants]
        key = tuple([each for each in named if each in changing])
        if not key:
            return untreated
        made = self._made.pop(key, None)
        if made is None:
            if len(self._made) >= MOST_KEPT:
                self._made.pop(next(iter(self._made)), None)
            made = self._make([changing[each] for each in key])
        self._made[key] = made  # behind the others: they are forgotten in turn
        return made

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._made)
