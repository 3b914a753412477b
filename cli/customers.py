"""Customer ids, by which other systems know people, and the persons behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cli.calling import call, service
from touchpoint.profile.v1.profile_service_pb2 import FindCustomersRequest, NameCustomersRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

_AT_ONCE = 500

CustomerIds = Mapping[str, Sequence[str]]
"""Of each person who is still there; of a visitor none."""


def name_customers(
    person_ids: Sequence[str],
    home: Path | None,
    tell: Callable[[int], None],
    *,
    only_sharing: bool,
) -> CustomerIds:
    """Ask what persons are called in other systems; profile's audit trail notes each of them.

    With `only_sharing` whoever did not agree to `sharing` has no entry. `tell` hears how
    many were asked for so far.
    """
    found: dict[str, Sequence[str]] = {}
    with service("profile", home) as channel:
        stub = ProfileServiceStub(channel)
        for begin in range(0, len(person_ids), _AT_ONCE):
            some = person_ids[begin : begin + _AT_ONCE]
            asked = NameCustomersRequest(person_ids=some, only_sharing=only_sharing)
            answer = call(stub.NameCustomers, asked)
            found.update((each.person_id, list(each.customer_ids)) for each in answer.customers)
            tell(begin + len(asked.person_ids))
    return found


def find_customers(customer_ids: Sequence[str], home: Path | None) -> list[str]:
    """Ask who is known by each of these ids; empty where nobody is."""
    found: list[str] = []
    with service("profile", home) as channel:
        stub = ProfileServiceStub(channel)
        for begin in range(0, len(customer_ids), _AT_ONCE):
            asked = FindCustomersRequest(customer_ids=customer_ids[begin : begin + _AT_ONCE])
            found.extend(call(stub.FindCustomers, asked).person_ids)
    return found
