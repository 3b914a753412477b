"""What came of playing the past, of all people or of a share of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from cli.backtest.playing import Went
from services.scenario.backtest.journeys import RoomsAsked
from services.scenario.backtest.record import Record
from services.scenario.domain.how_often import Met


@dataclass(slots=True)
class Played:
    """All of it, as it can be brought from process to process."""

    record: Record
    went: Went
    met: list[Met]
    """In the order in which it happened."""
    rooms: RoomsAsked
    failures: Counter[str] = field(default_factory=Counter)
    """Events that could not be folded, by why."""


def together(shares: Sequence[Played]) -> Played:
    """Return what came of all shares, as if one had been played."""
    whole = shares[0]
    for each in shares[1:]:
        whole.record.add(each.record)
        whole.went.add(each.went)
        whole.met.extend(each.met)
        whole.failures.update(each.failures)
        whole.rooms.add(each.rooms)
    whole.met.sort(key=lambda each: each.time_us)
    return whole
