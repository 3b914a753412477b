"""Gathers what a back-test needs from a running suite, or makes it of what definitions say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cli.backtest.past import Past, Persons
from cli.calling import call, call_each, service
from services.profile.domain.reading import NO_TIERS, Tiers
from services.profile.replaying_people import tiers_of
from services.rules.definitions import check_definitions
from services.rules.definitions.checking import Checked
from services.rules.pinning import sold_in
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.profile.v1.profile_service_pb2 import (
    StreamHistoryRequest,
    StreamIdentitiesRequest,
)
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.retrieval.v1.retrieval_pb2 import Offer
from touchpoint.retrieval.v1.retrieval_service_pb2 import StreamCatalogueRequest
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_pb2 import Bundle, DefinitionFile
from touchpoint.rules.v1.rules_service_pb2 import GetBundleRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

_STREAM_TIMEOUT_S = 3600.0
Tell = Callable[[int, int], None]
"""Told how much of how much is here."""


def catalogue_of_suite(home: Path | None) -> Catalogue:
    """Return the catalogue as retrieval has it."""
    made = Catalogue(details=True, variants=True, translations=True)
    with service("retrieval", home) as channel:
        stub = RetrievalServiceStub(channel)
        for response in call_each(
            stub.StreamCatalogue, StreamCatalogueRequest(), _STREAM_TIMEOUT_S
        ):
            made.apply(response.batch)
    return made


def bundle_named(name: str, home: Path | None) -> Bundle:
    """Return a bundle by its hash; empty: the active one."""
    with service("rules", home) as channel:
        found = call(RulesServiceStub(channel).GetBundle, GetBundleRequest(bundle_hash=name))
        bundle: Bundle = found.bundle
        return bundle


def bundle_of(files: Sequence[DefinitionFile], catalogue: Catalogue) -> Checked:
    """Check definitions against a catalogue, and make the bundle of them."""
    return check_definitions(files, sold_in(catalogue))


def with_offers(catalogue: Catalogue, offers: Iterable[Offer]) -> None:
    """Let a catalogue have the offers of definitions that were not applied yet."""
    rows = []
    number = catalogue.size
    for offer in offers:
        known = catalogue.offer_no(offer.offer_id)
        if known and not catalogue.withdrawn[known]:
            continue
        number = max(number, 1)
        row = CatalogueRow(
            offer_no=known or number,
            offer_id=offer.offer_id,
            kind=offer.kind,
            title=offer.title,
            cost_micros=-1,
            stock=-1,
            lever=offer.lever or 1.0,
            channels=offer.channels,
            attributes=offer.attributes,
            is_default=offer.is_default,
            is_defined=True,
            is_journey_only=offer.is_journey_only,
            starts_us=offer.starts_time.ToMicroseconds(),
            ends_us=offer.ends_time.ToMicroseconds(),
        )
        rows.append(row)
        number += not known
    version = catalogue.version
    catalogue.apply(CatalogueBatch(previous_version=version, version=version + 1, rows=rows))


def tiers_of_suite(home: Path | None) -> Tiers:
    """Return from when on a value tier is whose, as profile has it now."""
    with service("profile", home) as channel:
        history = ProfileServiceStub(channel).StreamHistory
        responses = call_each(history, StreamHistoryRequest(), _STREAM_TIMEOUT_S)
        first = next(responses, None)  # it alone tells them; without events there are none
    return tiers_of(first.tiers) if first is not None else NO_TIERS


def past_of_suite(
    catalogue: Catalogue, home: Path | None, tell: Tell
) -> tuple[Past, Persons, Tiers]:
    """Return all that profile recorded, who is one with whom, and from when on a tier is whose."""
    with service("profile", home) as channel:
        stub = ProfileServiceStub(channel)
        identities = call_each(stub.StreamIdentities, StreamIdentitiesRequest(), _STREAM_TIMEOUT_S)
        persons = Persons(
            told.person_ids
            for response in identities
            for told in response.sets
            if len(told.person_ids) > 1
        )
        past, tiers = Past(persons, catalogue), NO_TIERS
        for response in call_each(stub.StreamHistory, StreamHistoryRequest(), _STREAM_TIMEOUT_S):
            past.add(response.events)
            if response.HasField("tiers"):
                tiers = tiers_of(response.tiers)
            tell(response.position, response.end)
    return past, persons, tiers
