"""What slate rules and pins may speak of: placements, offers of the definitions, the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from services.rules.definitions.reading import Entry
from shared.filling import channels_filling

_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Sold:
    """What is told of an offer or item before anything is shown."""

    kind: int = 0
    """As OfferKind; 0: there is none."""
    category: str = ""
    """The path, `A > B`; empty: none."""
    brand: str = ""
    family: str = ""
    """The same for the variants of an item; empty: it has none."""
    channels: frozenset[int] = frozenset()
    """Empty: all."""
    is_default: bool = False
    """No rule removes it."""


SoldAs = Callable[[str], Sold]
"""Tells of what the catalogue has under an id."""


def nothing_sold(offer_id: str) -> Sold:
    """Tell of a catalogue that has nothing."""
    return Sold()


@dataclass(frozen=True, slots=True)
class Known:
    """What there is, by its name."""

    placements: Mapping[str, Entry]
    offers: Mapping[str, Entry]
    in_catalogue: SoldAs
    segments: Collection[str] = ()

    def sold(self, offer_id: str) -> Sold:
        """Return what is told of an offer of the definitions, else of the catalogue."""
        entry = self.offers.get(offer_id)
        if entry is None:
            return self.in_catalogue(offer_id)
        values = entry.values
        return Sold(
            int(values.get("kind", 0)),
            channels=frozenset(values.get("channels", ())),
            is_default=bool(values.get("is_default", False)),
        )

    def kind(self, offer_id: str) -> int:
        return self.sold(offer_id).kind

    def shows(self, placement: str, kind: int) -> bool:
        """Say whether a placement shows a kind; one that is not known is told elsewhere."""
        entry = self.placements.get(placement)
        return entry is None or kind in entry.values.get("kinds", (kind,))

    def channel(self, placement: str) -> int:
        """Return the channel of a placement, 0 where it is not known."""
        entry = self.placements.get(placement)
        return int(entry.values.get("channel", 0)) if entry else 0

    def filled_on(self, placement: str) -> tuple[int, ...]:
        """Return the channels on which a placement may be filled."""
        return channels_filling(self.channel(placement))

    def limit(self, placement: str) -> int:
        entry = self.placements.get(placement)
        return int(entry.values.get("limit", _MOST_SHOWN)) if entry else _MOST_SHOWN
