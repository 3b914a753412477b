"""Retrieval's part of a bundle: which kinds placements show, and the offers defined in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import CatalogueStore, Rejection
from services.retrieval.intake import read_offers
from shared.definitions import BundleSource, CompileError
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import GetActiveBundleResponse


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
    """A `BundleSource` that writes the offers of each bundle into the catalogue as it comes.

    So they have numbers, on every replica, before the bundle can become active. Writing them again
    changes nothing. Where a bundle was written and does not become active, or an earlier one is put
    into force again, what the active one says of its offers is written anew.
    """

    def __init__(
        self,
        source: BundleSource,
        store: CatalogueStore,
        currency: str,
        written: Callable[[], Awaitable[None]],
    ) -> None:
        self._source = source
        self._store = store
        self._currency = currency
        self._written = written
        self._numbers: dict[str, NDArray[np.uint32]] = {}
        self._rejections: dict[str, list[str]] = {}
        self._written_last = ""
        """The bundle whose offers the catalogue has as it says; empty: none was written here."""

    async def active(self) -> GetActiveBundleResponse:
        state = await self._source.active()
        is_settled = bool(self._written_last and state.bundle_hash and not state.preparing_hash)
        if is_settled and self._written_last != state.bundle_hash:
            await self._write(await self._source.bundle(state.bundle_hash))
        return state

    async def bundle(self, bundle_hash: str) -> Bundle:
        """Return a bundle, its offers being in the catalogue but for those `compile` tells of."""
        bundle = await self._source.bundle(bundle_hash)
        self._rejections[bundle_hash] = await self._write(bundle)
        entries = await self._store.find([offer.offer_id for offer in bundle.offers])
        self._numbers[bundle_hash] = np.array([entry.offer_no for entry in entries], np.uint32)
        return bundle

    async def _write(self, bundle: Bundle) -> list[str]:
        """Write a bundle's offers; returns what is wrong with any."""
        drafts, rejections = read_offers(bundle.offers, self._currency, defined=True)
        written = await self._store.write(drafts)
        self._written_last = bundle.bundle_hash
        await self._written()
        return [_told(bundle, rejection) for rejection in (*rejections, *written.rejections)]

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
