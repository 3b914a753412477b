"""Has conditions that stand in no definitions tried by rules before they are asked of everybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from services.profile.definitions import ProfileDefinitions
from shared.call import own_call
from shared.client import invoke
from shared.conditions.gate import is_suspect
from shared.errors import FieldViolation, InvalidArgument
from touchpoint.rules.v1.rules_service_pb2 import TrySegmentRequest

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

_TIMEOUT_S = 15.0
_METHOD = "/touchpoint.rules.v1.RulesService/TrySegment"

TryOut = Callable[[str, str], Awaitable[str]]
"""Returns why a condition is refused by the parameters of a bundle; empty: it is not."""


def tried_by(rules: RulesServiceAsyncStub) -> TryOut:
    """Return what asks rules; it raises the kit's errors where rules does not answer."""

    async def try_out(when: str, bundle_hash: str) -> str:
        request = TrySegmentRequest(when=when, bundle_hash=bundle_hash)
        return (await invoke(rules.TrySegment, request, own_call(_METHOD), _TIMEOUT_S)).refusal

    return try_out


async def accept(when: str, bundle_hash: str) -> str:
    """Refuse nothing, where there is nobody to ask."""
    return ""


async def demand_quick(try_out: TryOut, when: str, definitions: ProfileDefinitions) -> None:
    """Raise `InvalidArgument` for a condition that is too slow or too large for somebody.

    What loops or has a pattern is tried; not plain comparisons, nor what the definitions have.
    """
    if not when or any(segment.when == when for segment in definitions.segments):
        return
    if not is_suspect(definitions.compiler.compile(when).tree):
        return
    if refusal := await try_out(when, definitions.bundle_hash):
        raise InvalidArgument([FieldViolation("when", refusal)])
