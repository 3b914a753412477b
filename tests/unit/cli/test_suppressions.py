"""Whom not to contact is one row for each reason, with what and until when."""

from __future__ import annotations

from dataclasses import dataclass, field

from cli.exporting.suppressions import COLUMNS, Suppressing
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, RemovalCode
from touchpoint.profile.v1.profile_service_pb2 import ExportProfilesResponse
from touchpoint.rules.v1.rules_service_pb2 import ListSuppressionsResponse, Suppression


@dataclass
class FakeServices:
    people: list[PersonSnapshot]
    closed: dict[str, Suppression] = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def offer_ids(self):
        return {7: "sale"}

    def profiles(self, *, personal, arm_plan=None):
        assert not personal
        yield ExportProfilesResponse(profiles=self.people)
        yield ExportProfilesResponse()

    def suppressed(self, asks, policy, channels):
        self.asked.append((list(asks), policy, list(channels)))
        found = ListSuppressionsResponse()
        for place, ask in enumerate(asks):
            if ask.person_ids[0] in self.closed:
                found.suppressions.add(ask=place).MergeFrom(self.closed[ask.person_ids[0]])
        return found

    def customer_ids(self, person_ids):
        return {"ann": ["c-1", "c-2"]} if "ann" in person_ids else {}


def rows(services, *channels, policy="marketing"):
    asked = Suppressing(services, policy, channels or (Channel.EMAIL,))
    return [dict(zip(COLUMNS, row, strict=True)) for row in asked.rows()]


def test_a_limit_that_is_used_up_says_what_it_closes_and_until_when() -> None:
    closed = Suppression(
        channels=[Channel.EMAIL, Channel.SMS],
        offer_no=7,
        kinds=[OfferKind.PROMOTION],
        code=RemovalCode.CONTACT_LIMIT,
        rule="contacts.again",
    )
    closed.free_time.FromJsonString("2026-11-23T08:00:00Z")
    services = FakeServices(
        [PersonSnapshot(person_ids=["ann", "bob"], time_zone="Asia/Tokyo")], {"ann": closed}
    )
    found = rows(services, Channel.EMAIL, Channel.SMS)
    assert [(row["customer_id"], row["channel"]) for row in found] == [
        ("c-1", "EMAIL"),
        ("c-1", "SMS"),
        ("c-2", "EMAIL"),
        ("c-2", "SMS"),
    ]
    assert found[0] == {
        "customer_id": "c-1",
        "profile_id": "ann",
        "channel": "EMAIL",
        "offer_id": "sale",
        "group": "",
        "kinds": "PROMOTION",
        "code": "CONTACT_LIMIT",
        "rule": "contacts.again",
        "until": "2026-11-23T08:00:00+00:00",
    }
    [(asks, _, _)] = services.asked
    assert [(list(ask.person_ids), ask.time_zone) for ask in asks] == [
        (["ann", "bob"], "Asia/Tokyo")
    ]


def test_who_refused_is_in_it_and_who_may_be_approached_is_not() -> None:
    people = [
        PersonSnapshot(person_ids=["eve"], refusals=["marketing:EMAIL"]),
        PersonSnapshot(person_ids=["max"]),
    ]
    found = rows(FakeServices(people), Channel.EMAIL, Channel.SMS)
    assert [(row["profile_id"], row["channel"], row["code"]) for row in found] == [
        ("eve", "EMAIL", "NO_CONSENT")
    ]
    assert found[0]["customer_id"] == ""
    assert rows(FakeServices(people), policy="transactional") == []


def test_many_people_are_asked_for_in_parts() -> None:
    people = [PersonSnapshot(person_ids=[f"p{number}"]) for number in range(1_001)]
    services = FakeServices(people)
    assert rows(services) == []
    assert [len(asks) for asks, _, _ in services.asked] == [500, 500, 1]
