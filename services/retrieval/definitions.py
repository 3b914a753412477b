"""Retrieval's part of a bundle: which kinds placements show, and the offers defined in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import CatalogueStore, Rejection
from services.retrieval.intake import read_offers
from shared.definitions import BundleSource, CompileError
from shared.exchange import Exchange
from shared.logging import get_logger
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import GetActiveBundleResponse

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """What a placement shows, and where."""

    kinds: frozenset[int]
    channel: int


@dataclass(frozen=True, slots=True)
class Definitions:
    """A compiled bundle."""

    places: Mapping[str, Place]
    defined_nos: NDArray[np.uint32]
    """Numbers of the offers defined in the bundle."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """Attribute of a person to the attribute of items that its question is about."""

    def beside(self, other: Definitions) -> Definitions:
        """Return what either of two bundles shows, where it is not known yet which one decides."""
        places = {
            name: Place(place.kinds | other.places.get(name, place).kinds, place.channel)
            for name, place in self.places.items()
        }
        defined_nos = np.union1d(self.defined_nos, other.defined_nos)
        return Definitions(places, defined_nos, {**other.asked, **self.asked})


class DefinedOffers:
    """A `BundleSource` that brings the offers of bundles into the catalogue.

    New ones have numbers, on every replica, before their bundle can become active. Those that are
    there already change when it is active, so that a bundle that is refused changes nothing, and
    change back when an earlier one is active again. Writing them again changes nothing.
    """

    def __init__(
        self,
        source: BundleSource,
        store: CatalogueStore,
        currency: str,
        written: Callable[[], Awaitable[None]],
        exchanged: Callable[[Exchange], None] = lambda exchange: None,
    ) -> None:
        """`exchanged` hears of the currencies of the bundle that is in force."""
        self._source = source
        self._store = store
        self._currency = currency
        self._written = written
        self._exchanged = exchanged
        self._in_force = ""
        """The bundle whose offers were written last as those of everybody."""
        self._numbers: dict[str, NDArray[np.uint32]] = {}
        self._rejections: dict[str, list[str]] = {}

    async def active(self) -> GetActiveBundleResponse:
        """Return what is in force, its offers being in the catalogue as it says."""
        state = await self._source.active()
        if state.bundle_hash not in ("", self._in_force):
            await self._bring_into_force(await self._source.bundle(state.bundle_hash))
            self._in_force = state.bundle_hash
        return state

    async def bundle(self, bundle_hash: str) -> Bundle:
        """Return a bundle, its new offers being in the catalogue unless `compile` refuses it."""
        bundle = await self._source.bundle(bundle_hash)
        drafts, rejections = read_offers(bundle.offers, self._currency, defined=True)
        rejections += await self._store.check(drafts)
        offer_ids = [offer.offer_id for offer in bundle.offers]
        if not rejections:
            known = {entry.offer_id for entry in await self._store.find(offer_ids)}
            await self._store.write([draft for draft in drafts if draft.offer_id not in known])
            await self._written()
        self._rejections[bundle_hash] = [_told(bundle, rejection) for rejection in rejections]
        entries = await self._store.find(offer_ids)
        self._numbers[bundle_hash] = np.array([entry.offer_no for entry in entries], np.uint32)
        return bundle

    async def _bring_into_force(self, bundle: Bundle) -> None:
        drafts, rejections = read_offers(bundle.offers, self._currency, defined=True)
        written = await self._store.write(drafts)
        await self._written()
        self._exchanged(Exchange(bundle.currencies))
        for rejection in (*rejections, *written.rejections):  # there was none when it was prepared
            log.warning("defined_offer_not_written", problem=_told(bundle, rejection))

    async def acknowledge(self, bundle_hash: str, failure: str) -> None:
        await self._source.acknowledge(bundle_hash, failure)

    def compile(self, bundle: Bundle) -> Definitions:
        """Return retrieval's part of a bundle that `bundle` returned."""
        numbers = self._numbers.pop(bundle.bundle_hash)
        rejections = self._rejections.pop(bundle.bundle_hash)
        if rejections:
            raise CompileError("; ".join(rejections))
        places = {
            placement.placement: Place(frozenset(placement.kinds), placement.channel)
            for placement in bundle.placements
        }
        asked = {
            question.attribute: question.item_attribute
            for question in bundle.questions
            if question.item_attribute
        }
        return Definitions(places, numbers, asked)


def _told(bundle: Bundle, rejection: Rejection) -> str:
    offer_id = bundle.offers[rejection.index].offer_id
    return f"offer {offer_id!r}: {rejection.field}: {rejection.message}"
