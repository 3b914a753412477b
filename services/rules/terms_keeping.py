"""Keeps the terms that promotions are presented on, so that a promise stays what it was."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from services.rules.domain.promised_terms import TermsBook, TermsStore, TermsVersion
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow, PromisedTerms
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

_AGAIN_AFTER_S = 0.5
_HOW_IT_IS_HANDLED = frozenset(
    (
        *("type", "price_led", "members_only", "personal", "group", "contact_policy"),
        *("needs_consent", "min_age", "image_url", "call_to_action"),
    )
)
"""Attributes that are no terms: whom it is offered to, how it counts, what its creative has."""
log = get_logger(__name__)


class KeptTerms:
    """Notes each change of a promotion's terms as the catalogue brings it, and writes it then.

    Every replica notes the same, as all follow one catalogue; what one misses another has written.
    """

    def __init__(self, store: TermsStore, catalogue: Catalogue, clock: BusinessClock) -> None:
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._book = TermsBook()
        self._unwritten: list[TermsVersion] = []
        self._noted = asyncio.Event()

    async def load(self) -> None:
        """Read what is kept; before the first request."""
        for each in await self._store.all():
            self._book.add(each)

    def note(self, offer_nos: Sequence[int]) -> None:
        """Take note of the rows that the catalogue's newest version changed."""
        catalogue, now_us = self._catalogue, self._clock.now_us()
        numbers = np.asarray(offer_nos, np.int64)
        for offer_no in numbers[catalogue.kind[numbers] == OfferKind.PROMOTION].tolist():
            terms = terms_of(catalogue.details(offer_no))
            found = TermsVersion(offer_no, catalogue.version, now_us, terms)
            if self._book.add(found):
                self._unwritten.append(found)
                self._noted.set()

    def of(self, offer_no: int, made_us: int) -> PromisedTerms | None:
        """Return the terms of a promise; None where none were kept."""
        found = self._book.as_of(offer_no, made_us)
        return None if found is None else _told(found)

    def unlike_now(self, offer_no: int, made_us: int) -> PromisedTerms | None:
        """Return the terms of a promise where the offer has others by now."""
        found = self._book.changed_since(offer_no, made_us)
        return None if found is None else _told(found)

    async def run(self) -> None:
        """Write for ever what was noted; a background task of every replica."""
        while True:
            await self._noted.wait()
            try:
                await self.keep_up()
            except TouchpointError as error:
                log.warning("terms_not_written", reason=error.reason)
                await asyncio.sleep(_AGAIN_AFTER_S)

    async def keep_up(self) -> None:
        """Write what was noted, and read what others noted."""
        writing = list(self._unwritten)
        await self._store.add(writing)
        del self._unwritten[: len(writing)]
        if not self._unwritten:
            self._noted.clear()
        await self.load()


def terms_of(row: CatalogueRow) -> bytes:
    """Return the terms of an offer, serialised: equal bytes for equal terms.

    What it is called and says on each channel, what it is about, and the caller's own attributes;
    not whom it is for, where and how long it is presented, or what it is worth to the business.
    """
    terms = PromisedTerms(
        offer_no=row.offer_no,
        title=row.title,
        creative=row.creative,
        channel_creatives=sorted(row.channel_creatives, key=lambda each: each.channel),
        about_categories=sorted(row.about_categories),
        about_nos=sorted(row.about_nos),
        attributes={
            name: value for name, value in row.attributes.items() if name not in _HOW_IT_IS_HANDLED
        },
    )
    return terms.SerializeToString(deterministic=True)


def _told(found: TermsVersion) -> PromisedTerms:
    return PromisedTerms.FromString(found.terms)
