"""Every rpc of the suite, by the service that serves it."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FileDescriptor, MethodDescriptor

from touchpoint.aggregator.v1 import aggregator_service_pb2
from touchpoint.common.v1 import clock_service_pb2
from touchpoint.profile.v1 import profile_service_pb2
from touchpoint.ranker.v1 import ranker_service_pb2
from touchpoint.retrieval.v1 import retrieval_service_pb2
from touchpoint.rules.v1 import rules_service_pb2
from touchpoint.scenario.v1 import scenario_service_pb2

_FILES: dict[str, FileDescriptor] = {
    "aggregator": aggregator_service_pb2.DESCRIPTOR,
    "profile": profile_service_pb2.DESCRIPTOR,
    "retrieval": retrieval_service_pb2.DESCRIPTOR,
    "rules": rules_service_pb2.DESCRIPTOR,
    "ranker": ranker_service_pb2.DESCRIPTOR,
    "scenario": scenario_service_pb2.DESCRIPTOR,
}


@dataclass(frozen=True, slots=True)
class Method:
    """One rpc, and who serves it."""

    service: str
    path: str
    request: Descriptor
    is_stream: bool

    def __str__(self) -> str:
        return f"{self.service}.{self.path.rpartition('/')[2]}"


def methods() -> list[Method]:
    """Return every rpc of every service; the clock's are asked of the edge."""
    own = [_of(name, each) for name, file in _FILES.items() for each in _rpcs(file)]
    return [*own, *(_of("aggregator", each) for each in _rpcs(clock_service_pb2.DESCRIPTOR))]


def _rpcs(file: FileDescriptor) -> list[MethodDescriptor]:
    return [rpc for service in file.services_by_name.values() for rpc in service.methods]


def _of(service: str, rpc: MethodDescriptor) -> Method:
    path = f"/{rpc.containing_service.full_name}/{rpc.name}"
    return Method(service, path, rpc.input_type, rpc.server_streaming)
