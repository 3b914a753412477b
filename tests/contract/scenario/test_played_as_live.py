"""What is played of events is counted as what they do live, on PostgreSQL under a moved clock."""

from __future__ import annotations

import random

from google.protobuf.json_format import ParseDict

from services.scenario.domain.counts import Counted
from services.scenario.domain.facts import Happened
from shared.clock import from_us
from shared.testing.clock import FakeClock
from tests.unit.scenario.playing import COME_BACK, HOUR_US, NOON_US
from tests.unit.scenario.test_played_as_live import OFFERS, PEOPLE, SPAN_US, live, played
from touchpoint.rules.v1 import rules_pb2

TYPES = ("view", "view", "search", "add_to_cart", "add_to_cart", "purchase", "decline")
SCENARIOS = (
    {
        "scenario": "left_behind",
        "startsOn": ["add_to_cart"],
        "when": {"cartAbove": {"amount": "50"}},
        "quietFor": "1800s",
        "goals": ["purchase"],
        "againAfter": "7200s",
        "limits": {"perDay": 4},
        "group": "selling",
        "priority": 1,
        "stages": [
            {
                "stage": "on_the_site",
                "propose": {"offers": ["come_back", "free_shipping"]},
                "lasts": "14400s",
                "answers": {"declined": "call"},
                "next": [{"share": 0.5, "to": "mail"}],
            },
            {
                "stage": "call",
                "condition": "customer.frequency == 0",
                "otherwise": "mail",
                "task": {"kind": "call", "skills": ["sales"]},
                "until": {"at": "10:00", "workingDay": True},
                "lasts": "86400s",
            },
            {
                "stage": "mail",
                "send": {"template": "hello", "channels": ["EMAIL", "SMS", "PUSH"]},
                "set": {"asked": "yes"},
                "next": [{"to": "end", "as": "written"}],
            },
        ],
    },
    {
        "scenario": "seen_twice",
        "startsOn": ["view"],
        "count": {"atLeast": 2, "within": "36000s"},
        "group": "selling",
        "exits": [{"on": ["purchase"], "as": "bought"}],
        "limits": {"underWay": 2},
        "stages": [
            {"stage": "wait", "lasts": "3600s", "on": [{"on": ["search"], "to": "offer"}]},
            {"stage": "offer", "propose": {"offer": "come_back"}, "lasts": "7200s"},
        ],
    },
    {
        "scenario": "watched",
        "startsOn": ["search"],
        "occasions": {"atLeast": 2, "within": "172800s"},
        "mode": "SHADOW",
        "goals": ["purchase"],
        "stages": [{"stage": "mail", "send": {"template": "hi", "channels": ["EMAIL"]}}],
    },
)


def bundle():
    made = rules_pb2.Bundle()
    for each in SCENARIOS:
        made.scenarios.append(ParseDict(each, rules_pb2.Scenario()))
    for offer_id in OFFERS:
        made.offers.add(offer_id=offer_id)
    return made


def history(seed, number=70):
    draw = random.Random(seed)
    events = []
    for moment in sorted(draw.sample(range(SPAN_US), number)):
        kind = draw.choice(TYPES)
        offer_no = COME_BACK if kind == "decline" else 3
        read = {"event.type": kind, "event.value_micros": 0}
        events.append(Happened(draw.choice(PEOPLE), kind, NOON_US + moment, offer_no, read))
    return events


async def test_the_same_events_are_counted_alike_played_and_live(desk):
    until_us = NOON_US + SPAN_US + 24 * HOUR_US
    events = history(8)
    clock = FakeClock(from_us(events[0].time_us))
    await live(events, bundle(), until_us, desk.store, desk.errands, clock)
    counted = await desk.counting.counts(Counted(0, until_us))
    *_, counts = await played(events, bundle(), until_us)
    assert counts == counted
    reached = {(row.scenario, row.outcome) for row in counts.ends}
    assert {("left_behind", "passed"), ("left_behind", "reached"), ("watched", "passed")} <= reached
    assert {row.state for row in counts.messages} >= {"sent", "skipped"}
