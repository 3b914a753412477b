"""The rpcs of the definitions: check, apply, compare, go back, and who did what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from services.rules.applying import Definitions
from services.rules.definitions import changes_between
from services.rules.definitions.schema import definitions_schema
from services.rules.definitions.suspects import refused_segment
from services.rules.simulating import Simulations
from services.rules.storage.definitions import (
    PostgresDefinitions,
    Signature,
    StoredVersion,
    told,
)
from shared.call import Call
from shared.conditions import ConditionError
from shared.conditions.gate import is_suspect
from shared.conditions.segments import SegmentCompiler
from shared.conditions.values import typed_parameters
from shared.errors import FieldViolation, InvalidArgument
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import Bundle, Version, VersionCause

_VERSIONS = 50


class DefinitionRpcs:
    """The part of the service that authors and replicas ask."""

    def __init__(
        self, definitions: Definitions, store: PostgresDefinitions, simulations: Simulations
    ) -> None:
        self._definitions = definitions
        self._store = store
        self._simulations = simulations

    async def check_definitions(
        self, call: Call, request: pb.CheckDefinitionsRequest
    ) -> pb.CheckDefinitionsResponse:
        checked = await self._definitions.checked(request.files)
        return pb.CheckDefinitionsResponse(
            problems=checked.problems,
            bundle_hash=checked.bundle.bundle_hash if checked.bundle else "",
        )

    async def try_segment(self, call: Call, request: pb.TrySegmentRequest) -> pb.TrySegmentResponse:
        parameters = dict((await self._store.bundle(request.bundle_hash)).parameters)
        try:
            segments = SegmentCompiler(typed_parameters(parameters))
            is_tried = is_suspect(segments.compile(request.when).tree)
        except ConditionError as error:
            raise InvalidArgument([FieldViolation("when", error.message)]) from None
        if not is_tried:
            return pb.TrySegmentResponse()
        refusal = await asyncio.to_thread(refused_segment, request.when, parameters)
        return pb.TrySegmentResponse(refusal=refusal)

    async def get_definitions_schema(
        self, call: Call, request: pb.GetDefinitionsSchemaRequest
    ) -> pb.GetDefinitionsSchemaResponse:
        return pb.GetDefinitionsSchemaResponse(json_schema=definitions_schema())

    async def list_experiments(
        self, call: Call, request: pb.ListExperimentsRequest
    ) -> pb.ListExperimentsResponse:
        return await self._definitions.experiments()

    async def apply_definitions(
        self, call: Call, request: pb.ApplyDefinitionsRequest
    ) -> pb.ApplyDefinitionsResponse:
        share = request.share if request.HasField("share") else 1.0
        checked, after = await self._definitions.apply(
            request.files, _signature(call, request), share, ending=request.ending
        )
        response = pb.ApplyDefinitionsResponse(
            problems=checked.problems,
            bundle_hash=after.active,
            previous_hash=after.replaced,
            trial=after.in_force.trial,
        )
        if checked.bundle is not None:
            new_hash = checked.bundle.bundle_hash
            response.changes.extend(await self._definitions.changes(after.replaced, new_hash))
        return response

    async def rollback_definitions(
        self, call: Call, request: pb.RollbackDefinitionsRequest
    ) -> pb.RollbackDefinitionsResponse:
        before, after = await self._definitions.roll_back(
            request.bundle_hash, _signature(call, request), request.ending
        )
        ended, replaced = before.in_force.trial, before.active
        if ended is not None and after.active == replaced:
            replaced = ended.bundle_hash
        return pb.RollbackDefinitionsResponse(
            bundle_hash=after.active,
            previous_hash=replaced,
            changes=await self._definitions.changes(replaced, after.active),
            ended=ended,
        )

    async def compare_definitions(
        self, call: Call, request: pb.CompareDefinitionsRequest
    ) -> pb.CompareDefinitionsResponse:
        before = await self._bundle("from_hash", request.from_hash)
        response = pb.CompareDefinitionsResponse(from_hash=before.bundle_hash)
        after: Bundle | None
        if request.to_files:
            checked = await self._definitions.checked(request.to_files)
            response.problems.extend(checked.problems)
            after = checked.bundle
        else:
            after = await self._bundle("to_hash", request.to_hash)
        if after is not None:
            response.to_hash = after.bundle_hash
            response.changes.extend(await asyncio.to_thread(changes_between, before, after))
        return response

    async def simulate_definitions(
        self, call: Call, request: pb.SimulateDefinitionsRequest
    ) -> AsyncIterator[pb.SimulateDefinitionsResponse]:
        may_export = call.caller.may_export
        async with aclosing(self._simulations.simulate(request, may_export=may_export)) as told:
            async for response in told:
                yield response

    async def list_versions(
        self, call: Call, request: pb.ListVersionsRequest
    ) -> pb.ListVersionsResponse:
        limit = request.limit or _VERSIONS
        found = await self._store.versions(request.before_number, limit)
        return pb.ListVersionsResponse(versions=map(_version, found))

    async def get_bundle(self, call: Call, request: pb.GetBundleRequest) -> pb.GetBundleResponse:
        return pb.GetBundleResponse(bundle=await self._bundle("bundle_hash", request.bundle_hash))

    async def get_active_bundle(
        self, call: Call, request: pb.GetActiveBundleRequest
    ) -> pb.GetActiveBundleResponse:
        return told(await self._store.see(request.service, request.replica))

    async def acknowledge_bundle(
        self, call: Call, request: pb.AcknowledgeBundleRequest
    ) -> pb.AcknowledgeBundleResponse:
        await self._store.acknowledge(
            request.bundle_hash, request.service, request.replica, request.failure
        )
        return pb.AcknowledgeBundleResponse()

    async def _bundle(self, field: str, name: str) -> Bundle:
        """Return the bundle of a name, empty: the active one."""
        if name:
            return await self._store.named(field, name)
        return await self._store.bundle((await self._store.pointer()).active)


def _signature(
    call: Call, request: pb.ApplyDefinitionsRequest | pb.RollbackDefinitionsRequest
) -> Signature:
    caller = call.caller.name
    return Signature(request.changed_by or caller, caller, request.message)


def _version(stored: StoredVersion) -> Version:
    version = Version(
        number=stored.number,
        cause=VersionCause.Value.ValueType(stored.cause),
        changed_by=stored.signature.changed_by,
        caller=stored.signature.caller,
        message=stored.signature.message,
        bundle_hash=stored.in_force.bundle_hash,
        trial=stored.in_force.trial,
    )
    version.activated_time.FromMicroseconds(stored.activated_us)
    return version
