"""The rpcs of levers: what somebody sets by hand of an offer, and what was set."""

from __future__ import annotations

from collections.abc import Callable

from services.retrieval.domain.levers import LEAST, MOST, LeverChange, LeverStore, in_force
from shared.call import Call
from shared.errors import FieldViolation, InvalidArgument
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import LeverSetting

_DEFAULT_SETTINGS = 100


class LeverDesk:
    """Sets levers, with the name of who did, and tells of them."""

    def __init__(self, store: LeverStore, now_us: Callable[[], int]) -> None:
        self._store = store
        self._now_us = now_us

    async def set(self, call: Call, request: pb.SetLeverRequest) -> pb.SetLeverResponse:
        """Set one; raises InvalidArgument for an end that is past, NotFound for no offer."""
        caller, now_us = call.caller.name, self._now_us()
        until_us = request.until_time.ToMicroseconds() if request.HasField("until_time") else 0
        if request.HasField("until_time") and until_us <= now_us:
            raise InvalidArgument([FieldViolation("until_time", "must be later than now")])
        if not LEAST <= request.lever <= MOST:
            message = f"must be from {LEAST:g} to {MOST:g}, is {request.lever:g}"
            raise InvalidArgument([FieldViolation("lever", message)])
        change = LeverChange(
            request.offer_id,
            request.lever,
            until_us,
            request.why,
            request.changed_by or caller,
            caller,
            now_us,
        )
        version = await self._store.set_lever(change)
        return pb.SetLeverResponse(setting=_told(change), catalogue_version=version)

    async def listed(self, request: pb.ListLeversRequest) -> pb.ListLeversResponse:
        """Return what is set now of any, or what was ever set of one."""
        limit = request.limit or _DEFAULT_SETTINGS
        if request.offer_id:
            found = await self._store.lever_history(request.offer_id, limit)
        else:
            found = in_force(await self._store.levers(), self._now_us())[:limit]
        return pb.ListLeversResponse(settings=map(_told, found))


def _told(change: LeverChange) -> LeverSetting:
    told = LeverSetting(
        offer_id=change.offer_id,
        lever=change.lever,
        changed_by=change.changed_by,
        caller=change.caller,
        why=change.why,
    )
    told.changed_time.FromMicroseconds(change.changed_us)
    if change.until_us:
        told.until_time.FromMicroseconds(change.until_us)
    return told
