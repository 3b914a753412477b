"""Who looks after a person, as the API says it: roles, owners and their client lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from services.profile.domain.clients import Client
from services.profile.domain.due import Due
from services.profile.domain.relationships import OPEN, Relationship, Tenure
from services.profile.fields import LAST_SECOND
from services.profile.timestamps import timestamp
from shared.errors import FieldViolation, InvalidArgument
from touchpoint.profile.v1 import profile_pb2
from touchpoint.profile.v1 import profile_service_pb2 as pb

LONGEST_OWNER = 128
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


def role_mistake(role: str) -> str:
    """Return what is wrong with a role; empty: nothing."""
    if _ROLE.fullmatch(role):
        return ""
    return "a role must be 1 to 64 characters in lower_snake_case, such as sales_person"


def owner_mistake(owner_id: str) -> str:
    """Return what is wrong with an owner's id; empty: nothing."""
    if 1 <= len(owner_id) <= LONGEST_OWNER and "\0" not in owner_id:
        return ""
    return f"an owner's id must have 1 to {LONGEST_OWNER} characters, none of them NUL"


def wanted(request: pb.SetRelationshipRequest, now_us: int) -> Relationship:
    """Return what a request says of nobody yet; InvalidArgument if it ends before it begins."""
    from_us = time_us(request, "from_time", now_us)
    until_us = time_us(request, "until_time", OPEN)
    if until_us <= from_us:
        wrong = FieldViolation("until_time", "must be later than the beginning")
        raise InvalidArgument([wrong])
    return Relationship("", request.role, request.owner_id, from_us, until_us, now_us)


def time_us(request: Any, name: str, absent_us: int) -> int:
    """Return the time of a field, or what its absence means; InvalidArgument if it is none."""
    if not request.HasField(name):
        return absent_us
    time = getattr(request, name)
    if not (0 <= time.seconds <= LAST_SECOND and 0 <= time.nanos < 1_000_000_000):
        wrong = FieldViolation(name, "must lie between the years 1970 and 9999")
        raise InvalidArgument([wrong])
    found: int = time.ToMicroseconds()
    return found


def relationships(tenures: Iterable[Tenure], now_us: int) -> list[profile_pb2.Relationship]:
    """Write who looks after a person, with the history."""
    return [_relationship(tenure, now_us) for tenure in tenures]


def clients(listed: Sequence[Client], now_us: int) -> list[profile_pb2.Client]:
    """Write a page of clients."""
    return [
        profile_pb2.Client(
            person_ids=client.person_ids,
            name=client.name,
            customer_id=client.customer_id,
            relationships=relationships(client.tenures, now_us),
            value_tier=client.traits.value_tier,
            recency_days=client.traits.recency_days,
            monetary_micros=client.traits.monetary_micros,
            due=map(_word_due, client.due),
        )
        for client in listed
    ]


def _relationship(tenure: Tenure, now_us: int) -> profile_pb2.Relationship:
    return profile_pb2.Relationship(
        role=tenure.role,
        owner_id=tenure.owner_id,
        from_time=timestamp(tenure.from_us),
        until_time=None if tenure.until_us == OPEN else timestamp(tenure.until_us),
        current=tenure.covers(now_us),
    )


def _word_due(due: Due) -> profile_pb2.WordDue:
    return profile_pb2.WordDue(
        code=due.why.name,
        time=timestamp(due.time_us),
        family_no=due.family_no,
        value_micros=due.value_micros,
    )
