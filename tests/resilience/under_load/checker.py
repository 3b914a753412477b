"""Compares what callers were told with what the logs hold.

`python -m tests.resilience.under_load.checker FILE PROFILE RULES RANKER LIMIT`

A process of its own, which knows the contracts and the file of acknowledgements and nothing else
of the system, nor of what drove it. Prints what is wrong as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc

from tests.resilience.under_load.acknowledged import Acknowledged, read
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.profile.v1.profile_service_pb2 import StreamEventsRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2 import ListDecisionsRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.rules.v1.rules_service_pb2 import StreamContactsRequest, StreamDecisionsRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

STREAM_S = 60.0
JOURNAL_ROWS = 1_000
"""The most that one answer holds, of one person."""
JOURNAL_PATIENCE_S = 30.0
"""The journal follows the log of decisions over the bus."""
RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the logs hold."""

    events: list[str]
    numbers: list[tuple[str, int]]
    """Person and number of each event."""
    decisions: list[str]
    contacts: dict[str, tuple[str, str]]
    """Contact to its person and its last state."""
    unjournaled: list[str]
    """Decisions about somebody that the ranker's journal never got to hold."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, and how much was looked at."""

    events_acknowledged: int
    decisions_acknowledged: int
    contacts: int
    lost_events: list[str]
    doubled_events: list[str]
    doubled_numbers: list[str]
    """Persons two of whose events bear the same number."""
    lost_decisions: list[str]
    doubled_decisions: list[str]
    unjournaled: list[str]
    over_limit: list[str]
    """Customers to whom more was shown, or persons of whom more is counted, than is allowed."""


def verdict(told: Acknowledged, stored: Stored, limit: int) -> Verdict:
    kept, decided = set(stored.events), set(stored.decisions)
    shown = Counter(each.customer for each in set(told.decisions) if each.contact)
    counted = Counter(person for person, state in stored.contacts.values() if state != RELEASED)
    return Verdict(
        events_acknowledged=len(told.events),
        decisions_acknowledged=len(told.decisions),
        contacts=counted.total(),
        lost_events=[event for event in told.events if event not in kept],
        doubled_events=_doubled(stored.events),
        doubled_numbers=[f"{person} {number}" for person, number in _doubled(stored.numbers)],
        lost_decisions=[
            each.decision_id for each in told.decisions if each.decision_id not in decided
        ],
        doubled_decisions=_doubled(stored.decisions),
        unjournaled=stored.unjournaled,
        over_limit=sorted(who for who, count in (shown | counted).items() if count > limit),
    )


def _doubled(values: Sequence) -> list:
    return sorted(value for value, count in Counter(values).items() if count > 1)


def stored(profile: str, rules: str, ranker: str) -> Stored:
    """Read the logs from the beginning to the end."""
    events, numbers = _events(profile)
    decisions, contacts = _decisions(rules)
    return Stored(
        events,
        numbers,
        [notice.decision_id for notice in decisions],
        contacts,
        _unjournaled(ranker, decisions),
    )


def _events(profile: str) -> tuple[list[str], list[tuple[str, int]]]:
    events: list[str] = []
    numbers: list[tuple[str, int]] = []
    with grpc.insecure_channel(profile) as channel:
        log = ProfileServiceStub(channel).StreamEvents(StreamEventsRequest(), timeout=STREAM_S)
        for slice_ in log:
            events.extend(slice_.events.event_ids)
            numbers.extend(zip(slice_.events.person_ids, slice_.events.seqs, strict=True))
    return events, numbers


def _decisions(rules: str) -> tuple[list[DecisionNotice], dict[str, tuple[str, str]]]:
    decisions: list[DecisionNotice] = []
    contacts = {}
    with grpc.insecure_channel(rules) as channel:
        stub = RulesServiceStub(channel)
        for slice_ in stub.StreamDecisions(StreamDecisionsRequest(), timeout=STREAM_S):
            decisions.extend(slice_.decisions)
        for slice_ in stub.StreamContacts(StreamContactsRequest(), timeout=STREAM_S):
            for contact in slice_.contacts:
                contacts[contact.contact_id] = (contact.person_id, contact.state)
    return decisions, contacts


def _unjournaled(ranker: str, decisions: Sequence[DecisionNotice]) -> list[str]:
    missing = {notice.decision_id for notice in decisions if notice.person_ids}
    persons = {person for notice in decisions for person in notice.person_ids}
    until = time.monotonic() + JOURNAL_PATIENCE_S
    with grpc.insecure_channel(ranker) as channel:
        stub = RankerServiceStub(channel)
        while missing and time.monotonic() < until:
            for person in persons:
                request = ListDecisionsRequest(person_ids=[person], limit=JOURNAL_ROWS)
                journal = stub.ListDecisions(request, timeout=STREAM_S)
                missing -= {notice.decision_id for notice in journal.decisions}
    return sorted(missing)


if __name__ == "__main__":
    file, profile, rules, ranker, limit = sys.argv[1:]
    found = verdict(read(Path(file)), stored(profile, rules, ranker), int(limit))
    print(json.dumps(asdict(found)))
