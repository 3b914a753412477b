"""The caller's own attributes of offers, unpacked when a condition first asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.catalogue import Catalogue


class OfferAttributes:
    """Attributes by catalogue number, on a catalogue that keeps details."""

    def __init__(self) -> None:
        self.catalogue: Catalogue | None = None
        self._known: dict[int, Mapping[str, str]] = {}

    def of(self, offer_no: int) -> Mapping[str, str]:
        """Return the attributes of an offer that the catalogue knows."""
        known = self._known.get(offer_no)
        if known is None:
            assert self.catalogue is not None, "no catalogue was given"
            known = self._known[offer_no] = dict(self.catalogue.details(offer_no).attributes)
        return known

    def forget(self, offer_nos: Sequence[int]) -> None:
        """Drop what changed in the catalogue."""
        for offer_no in offer_nos:
            self._known.pop(offer_no, None)
