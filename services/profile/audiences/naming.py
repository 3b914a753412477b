"""What people of an audience are called in other systems, and who those are that these call so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from services.profile.customers import Identify
from services.profile.domain.audit import Action, Note
from services.profile.domain.identity import CUSTOMER
from services.profile.exporting import by
from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.everybody import Everybody
from shared.call import Call
from shared.errors import FieldViolation, InvalidArgument
from shared.person_export import demand_permission
from touchpoint.profile.v1 import profile_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Naming:
    """One method per rpc."""

    everybody: Everybody
    trail: AuditTrail
    identify: Identify
    who_shares: Callable[[Sequence[str]], Awaitable[frozenset[str]]]
    """Returns those persons who agreed to sharing."""

    async def name(self, call: Call, request: pb.NameCustomersRequest) -> pb.NameCustomersResponse:
        """Return customer ids once the trail holds whose; raises PermissionDenied."""
        demand_permission(call)
        asked = list(dict.fromkeys(request.person_ids))
        if request.only_sharing:
            shares = await self.who_shares(asked)
            asked = [person for person in asked if person in shares]
        known = await self.everybody.customer_ids_of_sets(asked)
        made_by = by(call)
        await self.trail.note([Note(made_by, Action.EXPORTED, person) for person in known])
        return pb.NameCustomersResponse(
            customers=[
                pb.NamedCustomer(person_id=person, customer_ids=known[person])
                for person in asked
                if person in known
            ]
        )

    async def find(self, call: Call, request: pb.FindCustomersRequest) -> pb.FindCustomersResponse:
        """Return whose ids they are: nothing of anybody's record, so nothing is noted.

        Raises PermissionDenied, and InvalidArgument for what can be nobody's id.
        """
        demand_permission(call)
        keys = self._keys(request.customer_ids)
        known = await self.everybody.oldest_of(keys)
        return pb.FindCustomersResponse(person_ids=[known.get(key, "") for key in keys])

    def _keys(self, customer_ids: Sequence[str]) -> list[bytes]:
        wrong = list[FieldViolation]()

        def found() -> Iterator[bytes]:
            for place, customer_id in enumerate(customer_ids):
                try:
                    yield self.identify(CUSTOMER, customer_id).key
                except ValueError as error:
                    wrong.append(FieldViolation(f"customer_ids[{place}]", str(error)))

        keys = list(found())
        if wrong:
            raise InvalidArgument(wrong)
        return keys
