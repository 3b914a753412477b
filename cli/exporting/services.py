"""What an export reads of the services: streams, each from a position on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import grpc

from cli.calling import CALLER, call, service
from cli.exporting.money import Money
from shared.call import CALLER as CALLER_KEY
from shared.experiments import ExperimentPlan, experiment_plan
from touchpoint.client import call_error
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2 import StreamCatalogueRequest
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

_METADATA = ((CALLER_KEY, CALLER),)
Response = TypeVar("Response")


@dataclass(slots=True)
class Services:
    """The services of one home, each opened when it is first asked."""

    home: Path | None
    stack: ExitStack
    _channels: dict[str, grpc.Channel] = field(default_factory=dict)

    def profiles(
        self, *, personal: bool, arm_plan: ArmPlan | None = None
    ) -> Iterator[profile_pb.ExportProfilesResponse]:
        request = profile_pb.ExportProfilesRequest(personal=personal, arm_plan=arm_plan)
        return _told(ProfileServiceStub(self._to("profile")).ExportProfiles, request)

    def events(
        self, position: int, types: Sequence[str], *, personal: bool
    ) -> Iterator[profile_pb.ExportEventsResponse]:
        request = profile_pb.ExportEventsRequest(position=position, types=types, personal=personal)
        return _told(ProfileServiceStub(self._to("profile")).ExportEvents, request)

    def decisions(self, position: int) -> Iterator[rules_pb.StreamDecisionsResponse]:
        request = rules_pb.StreamDecisionsRequest(position=position)
        return _told(RulesServiceStub(self._to("rules")).StreamDecisions, request)

    def contacts(self, position: int) -> Iterator[rules_pb.StreamContactsResponse]:
        request = rules_pb.StreamContactsRequest(position=position)
        return _told(RulesServiceStub(self._to("rules")).StreamContacts, request)

    def suppressed(
        self,
        asks: Sequence[rules_pb.SuppressionAsk],
        policy: str,
        channels: Sequence[Channel.Value.ValueType],
    ) -> rules_pb.ListSuppressionsResponse:
        """Ask whom nobody is to approach, of at most 500 customers."""
        stub = RulesServiceStub(self._to("rules"))
        request = rules_pb.ListSuppressionsRequest(asks=asks, policy=policy, channels=channels)
        return call(stub.ListSuppressions, request)

    def customer_ids(self, person_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the ids of at most 500 customers in other systems, by person."""
        stub = ProfileServiceStub(self._to("profile"))
        named = call(stub.NameCustomers, profile_pb.NameCustomersRequest(person_ids=person_ids))
        return {each.person_id: each.customer_ids for each in named.customers}

    def catalogue(self) -> Iterator[Sequence[CatalogueRow]]:
        stub = RetrievalServiceStub(self._to("retrieval"))
        for response in _told(stub.StreamCatalogue, StreamCatalogueRequest()):
            yield response.batch.rows

    def money(self) -> Money:
        """Return what amounts are in, and the rates of the active definitions."""
        stub = RulesServiceStub(self._to("rules"))
        told = call(stub.GetBundle, rules_pb.GetBundleRequest()).bundle.currencies
        return Money((row for rows in self.catalogue() for row in rows), told)

    def offer_ids(self) -> Mapping[int, str]:
        """Return the id of every number of the catalogue."""
        return {row.offer_no: row.offer_id for rows in self.catalogue() for row in rows}

    def sharing_out(self) -> tuple[str, ExperimentPlan]:
        """Return the active definitions' hash and how they share people out."""
        stub = RulesServiceStub(self._to("rules"))
        bundle = call(stub.GetBundle, rules_pb.GetBundleRequest()).bundle
        return bundle.bundle_hash, experiment_plan(bundle)

    def _to(self, name: str) -> grpc.Channel:
        if name not in self._channels:
            self._channels[name] = self.stack.enter_context(service(name, self.home))
        return self._channels[name]


def _told(rpc: Callable[..., Iterable[Response]], request: Any) -> Iterator[Response]:
    """Yield what a service streams; raises CallError."""
    try:
        yield from rpc(request, metadata=_METADATA)
    except grpc.RpcError as error:
        raise call_error(error) from None
