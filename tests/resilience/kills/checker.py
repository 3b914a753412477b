"""Compares what callers were told with the log and with what the profiles add up to.

`python -m tests.resilience.kills.checker FILE PROFILE`

A process of its own, which knows profile's contract, the file of acknowledgements and the script
of what was sent, and nothing else of the system. Prints what it found as JSON.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc

from tests.resilience.kills.script import customer_of, number_of, value_of
from tests.resilience.under_load.acknowledged import read
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.profile.v1.profile_service_pb2 import (
    GetSnapshotRequest,
    ListParkedEventsRequest,
    StreamEventsRequest,
)
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

TIMEOUT_S = 60.0
MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Logged:
    """One row of the log."""

    event_id: str
    person_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What a person's profile says."""

    seq: int
    orders: int
    paid_micros: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, and how much was looked at."""

    acknowledged: int
    persons: int
    lost: list[str]
    """Acknowledged, and not in the log."""
    doubled: list[str]
    """More than once in the log."""
    misnumbered: list[str]
    """Persons whose events do not bear the numbers 1, 2, 3 …"""
    miscounted: list[str]
    """Persons whose profile does not say what their events add up to."""
    parked: int


def verdict(
    told: Sequence[str], log: Sequence[Logged], profiles: dict[str, Counted], parked: int
) -> Verdict:
    """Judge by the acknowledgements alone: all that was sent is acknowledged in the end."""
    kept = Counter(row.event_id for row in log)
    numbers: dict[str, list[int]] = defaultdict(list)
    customers: dict[int, str] = {}
    for row in log:
        numbers[row.person_id].append(row.seq)
        customers[customer_of(number_of(row.event_id))] = row.person_id
    return Verdict(
        acknowledged=len(set(told)),
        persons=len(profiles),
        lost=sorted(each for each in set(told) if each not in kept),
        doubled=sorted(each for each, count in kept.items() if count > 1),
        misnumbered=sorted(
            person for person, mine in numbers.items() if sorted(mine) != _ordinals(len(mine))
        ),
        miscounted=sorted(_miscounted(set(told), customers, profiles)),
        parked=parked,
    )


def _ordinals(count: int) -> list[int]:
    return list(range(1, count + 1))


def _miscounted(
    told: set[str], customers: dict[int, str], profiles: dict[str, Counted]
) -> Iterator[str]:
    expected: dict[int, Counted] = defaultdict(lambda: Counted(0, 0, 0))
    for event_id in told:
        number = number_of(event_id)
        before, paid = expected[customer_of(number)], value_of(number)
        expected[customer_of(number)] = Counted(
            before.seq + 1, before.orders + bool(paid), before.paid_micros + paid * MICROS
        )
    for customer, should in expected.items():
        found = profiles.get(customers.get(customer, ""))
        if found != should:
            yield f"customer {customer}: {found}, and should be {should}"


def stored(profile: str) -> tuple[list[Logged], dict[str, Counted], int]:
    """Read the whole log, everybody's profile, and how many events are parked."""
    with grpc.insecure_channel(profile) as channel:
        stub = ProfileServiceStub(channel)
        log = [
            Logged(*row)
            for slice_ in stub.StreamEvents(StreamEventsRequest(), timeout=TIMEOUT_S)
            for row in zip(
                slice_.events.event_ids, slice_.events.person_ids, slice_.events.seqs, strict=True
            )
        ]
        persons = {row.person_id for row in log}
        parked = stub.ListParkedEvents(ListParkedEventsRequest(), timeout=TIMEOUT_S).total
        return log, {person: _counted(stub, person) for person in persons}, parked


def _counted(stub: ProfileServiceStub, person_id: str) -> Counted:
    request = GetSnapshotRequest(person_id=person_id, arm_plan=ArmPlan(salt="kills"))
    answer = stub.GetSnapshot(request, timeout=TIMEOUT_S)
    snapshot = PersonSnapshot.FromString(answer.snapshot)
    return Counted(snapshot.seq, snapshot.traits.frequency, snapshot.traits.monetary_micros)


if __name__ == "__main__":
    file, profile = sys.argv[1:]
    print(json.dumps(asdict(verdict(read(Path(file)).events, *stored(profile)))))
