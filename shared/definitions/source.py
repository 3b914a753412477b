"""Where bundles come from: rules, over gRPC, or rules' own storage inside that service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shared.call import Call, own_call
from shared.client import invoke
from shared.ids import new_id
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import (
    AcknowledgeBundleRequest,
    GetActiveBundleRequest,
    GetActiveBundleResponse,
    GetBundleRequest,
)

if TYPE_CHECKING:
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

_TIMEOUT_S = 2.0


class BundleSource(Protocol):
    """The owner of the definitions, as a replica of some service sees it."""

    async def active(self) -> GetActiveBundleResponse:
        """Return which bundle is active and which is being prepared; registers the replica."""
        ...

    async def bundle(self, bundle_hash: str) -> Bundle:
        """Return a bundle; `NotFound` when there is none of that hash."""
        ...

    async def acknowledge(self, bundle_hash: str, failure: str) -> None:
        """Say that the bundle was compiled, or with `failure` why it could not be."""
        ...


class RpcBundleSource:
    """Asks the rules service as one new replica of `service`; raises the kit's errors."""

    def __init__(self, rules: RulesServiceAsyncStub, service: str) -> None:
        self._rules = rules
        self._service = service
        self._replica = new_id()

    async def active(self) -> GetActiveBundleResponse:
        request = GetActiveBundleRequest(service=self._service, replica=self._replica)
        return await invoke(
            self._rules.GetActiveBundle, request, _call("GetActiveBundle"), _TIMEOUT_S
        )

    async def bundle(self, bundle_hash: str) -> Bundle:
        request = GetBundleRequest(bundle_hash=bundle_hash)
        response = await invoke(self._rules.GetBundle, request, _call("GetBundle"), _TIMEOUT_S)
        return response.bundle

    async def acknowledge(self, bundle_hash: str, failure: str) -> None:
        request = AcknowledgeBundleRequest(
            bundle_hash=bundle_hash,
            service=self._service,
            replica=self._replica,
            failure=failure,
        )
        await invoke(self._rules.AcknowledgeBundle, request, _call("AcknowledgeBundle"), _TIMEOUT_S)


def _call(rpc: str) -> Call:
    return own_call(f"/touchpoint.rules.v1.RulesService/{rpc}")
