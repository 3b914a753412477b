"""Asks rules whether a person may be called: one limit over all channels together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from shared.call import own_call
from shared.client import invoke
from shared.clock import BusinessClock
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_service_pb2 import ReleaseContactRequest, ReserveContactRequest

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

POLICY = "marketing"
HELD_FOR = Duration(seconds=90 * 86_400)
"""A call counts as made unless it is given back: the longest that rules holds a reservation."""
AGAIN_US = 3_600_000_000
"""When to try again where rules does not say from when on the person is free."""
LEAST_US = 60_000_000
"""However soon that is: clocks differ a little, and nobody is to ask in a loop."""
_TIMEOUT_S = 1.0
_SERVICE = "/touchpoint.rules.v1.RulesService"


class RulesApproaches:
    """Reserves calls in the ledger of rules."""

    def __init__(self, rules: RulesServiceAsyncStub, clock: BusinessClock) -> None:
        self._rules = rules
        self._clock = clock

    async def reserve(self, contact_id: str, person_ids: Sequence[str]) -> int | None:
        """See `services.scenario.domain.tasks.Approaches`."""
        request = ReserveContactRequest(
            contact_id=contact_id,
            person_ids=person_ids,
            policy=POLICY,
            channel=Channel.CALL_CENTER,
            held_for=HELD_FOR,
        )
        call = own_call(f"{_SERVICE}/ReserveContact")
        answer = await invoke(self._rules.ReserveContact, request, call, _TIMEOUT_S)
        if answer.granted:
            return None
        now_us = self._clock.now_us()
        free_us = answer.balance.free_time.ToMicroseconds()
        return max(free_us, now_us + LEAST_US) if free_us else now_us + AGAIN_US

    async def release(self, contact_id: str) -> None:
        """See `services.scenario.domain.tasks.Approaches`."""
        request = ReleaseContactRequest(contact_id=contact_id)
        call = own_call(f"{_SERVICE}/ReleaseContact")
        await invoke(self._rules.ReleaseContact, request, call, _TIMEOUT_S)
