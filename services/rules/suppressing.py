"""Whom nobody is to approach just now, with what, and why; for many people at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.rules.approaching import Encounter, occasion_of
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.contact_limits import MARKETING
from services.rules.domain.contacts import Gate
from services.rules.domain.ledger import Ledger
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from touchpoint.common.v1.vocabulary_pb2 import OfferKind, RemovalCode
from touchpoint.rules.v1 import rules_service_pb2 as pb


class Suppressions:
    """Answers ListSuppressions: two reads of the ledger for all of a request."""

    def __init__(
        self,
        ledger: Ledger,
        bundles: BundleFollower[CompiledBundle],
        clock: BusinessClock,
        catalogue: Catalogue,
    ) -> None:
        self._ledger = ledger
        self._bundles = bundles
        self._clock = clock
        self._catalogue = catalogue

    async def list(self, request: pb.ListSuppressionsRequest) -> pb.ListSuppressionsResponse:
        """Return what is closed on each of the channels, equal ones of a person as one."""
        policy, now_us = self._bundles.active.policy.contacts, self._clock.now_us()
        persons = [person_id for ask in request.asks for person_id in ask.person_ids]
        contacts = await self._ledger.contacts_of_many(
            persons, now_us - policy.longest_window_us, now_us
        )
        since_us = now_us - policy.declines_matter_us
        declined = await self._ledger.declines_of_many(persons, since_us)
        response = pb.ListSuppressionsResponse()
        response.as_of_time.FromMicroseconds(now_us)
        for place, ask in enumerate(request.asks):
            encounters: dict[int, Encounter] = {
                channel: Encounter(
                    policy,
                    self._catalogue,
                    occasion_of(policy, now_us, ask.time_zone, channel, decided=False),
                    [each for person in ask.person_ids for each in contacts.get(person, ())],
                    [each for person in ask.person_ids for each in declined.get(person, ())],
                )
                for channel in request.channels
            }
            response.suppressions.extend(suppressions_of(place, request.policy, encounters))
        return response


def suppressions_of(
    place: int, policy: str, encounters: Mapping[int, Encounter]
) -> Iterable[pb.Suppression]:
    """Return what is closed to somebody, the ask at a place, on each channel; equal ones as one."""
    closed: dict[Gate, list[int]] = {}
    for channel, encounter in encounters.items():
        for gate in encounter.gates(policy or MARKETING):
            closed.setdefault(gate, []).append(channel)
    return _written(place, closed.items())


def _written(place: int, closed: Iterable[tuple[Gate, list[int]]]) -> Iterable[pb.Suppression]:
    for gate, channels in closed:
        made = pb.Suppression(
            ask=place,
            channels=channels,  # type: ignore[arg-type]
            offer_no=gate.offer_no,
            group=gate.group,
            kinds=[kind for kind in OfferKind.Value.values() if gate.kind_bits >> kind & 1],
            code=RemovalCode.Value.ValueType(gate.code),
            rule=gate.rule,
        )
        if gate.free_us:
            made.free_time.FromMicroseconds(gate.free_us)
        yield made
