"""Asks profile who somebody is, at this moment: whoever has to know asks here; nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.scenario.asking import ask
from services.scenario.domain.carts import Cart
from shared.call import Call, own_call
from shared.client import invoke
from shared.conditions.person import PersonValues
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotRequest

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_TIMEOUT_S = 1.0
_METHOD = "/touchpoint.profile.v1.ProfileService/GetSnapshot"


def cart_of(snapshot: PersonSnapshot) -> Cart:
    """Return the cart as profile knows it."""
    cart = snapshot.cart
    return Cart(tuple(cart.offer_nos), tuple(cart.quantities), cart.value_micros)


class ProfilePeople:
    """People as profile knows them; a refusal counts from the second it was said."""

    def __init__(self, profile: ProfileServiceAsyncStub) -> None:
        self._profile = profile

    async def snapshot(
        self, person_id: str, call: Call | None = None, timeout_s: float = _TIMEOUT_S
    ) -> PersonSnapshot:
        """Return a person as they are; of nobody known it holds no ids. Raises the kit's errors.

        It is asked within the `call` of somebody who waits, else on our own account.
        """
        request = GetSnapshotRequest(person_id=person_id)
        get = self._profile.GetSnapshot
        if call is not None:
            answer = await invoke(get, request, call, timeout_s)
        else:
            answer = await ask(get, request, own_call(_METHOD), timeout_s)
        return PersonSnapshot.FromString(answer.snapshot)

    def values(self, snapshot: PersonSnapshot) -> PersonValues:
        """Return what conditions read of a person."""
        return PersonValues(snapshot)
