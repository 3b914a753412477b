"""Which stage leads to which, in words."""

import pytest

from services.scenario.domain.graph import begins, does, edges
from services.scenario.domain.stages import END
from services.scenario.reading import read_scenario
from tests.unit.scenario.playing import DAY_US, HOUR_US
from tests.unit.scenario.writing import scenario, stage
from touchpoint.rules.v1 import rules_pb2 as pb


def told(made):
    names = [each.name for each in made.stages]
    return [
        (names[edge.start], "end" if edge.to == END else names[edge.to], edge.why, edge.ends_as)
        for edge in edges(made)
    ]


def test_every_way_that_is_written_is_an_edge_with_its_reason_and_the_following_stage_too():
    made = scenario(
        stage(
            "offer",
            offer="o",
            lasts=2 * DAY_US,
            answers={"declined": "end"},
            on=[{"on": ["view", "search"], "where": 'event.brand == "Acme"', "to": "call"}],
            next=[
                {"condition": "journey.cart_lines > 2", "to": "call"},
                {"share": 0.1, "to": "end", "as": "left_alone"},
                {"to": "wait"},
            ],
        ),
        stage("wait", until={"at": "10:00", "workingDay": True, "after": f"{HOUR_US // 10**6}s"}),
        stage("call", call=True, lasts=90 * 60_000_000),
    )
    assert told(made) == [
        ("offer", "end", "declined", ""),
        ("offer", "call", 'search or view, event.brand == "Acme"', ""),
        ("offer", "call", "journey.cart_lines > 2", ""),
        ("offer", "end", "10%", "left_alone"),
        ("offer", "wait", "else", ""),
        ("wait", "call", "at 10:00 on a working day", ""),
        ("call", "end", "after 90 min or in vain", ""),
    ]


def test_a_stage_that_is_not_entered_leads_on_to_the_one_instead_of_it():
    made = scenario(
        stage("a", note="Seen.", condition="customer.age > 18", otherwise="c"),
        stage("b", offer="o", otherwise="c", lasts=DAY_US),
        stage("c", offer="o"),
    )
    assert told(made) == [
        ("a", "c", "if not so", ""),
        ("a", "b", "then", ""),
        ("b", "c", "if it cannot be offered", ""),
        ("b", "c", "after 1 d", ""),
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (stage("a", propose={"offers": ["o", "p"]}), "proposes o or p"),
        (stage("a", propose={"source": "INSTEAD_OF", "most": 3}), "proposes up to 3 by 8"),
        (stage("a", propose={"itsItem": True}), "proposes the item that it began with"),
        (stage("a", send="mail", note="Sent."), "sends mail, leaves a note"),
        (stage("a", call=True), "task: call"),
        (stage("a", set={"tier": "gold"}), "sets tier"),
        (stage("a", lasts=DAY_US), "waits"),
        (stage("a"), "branches"),
    ],
)
def test_what_a_stage_does_is_said_in_words(written, said):
    assert does(scenario(written).stages[0]) == said


def test_what_begins_a_journey_is_said_in_words():
    made = pb.Scenario(scenario="s", starts_on=["view", "search"], stages=[stage("a")])
    made.count.at_least = 3
    made.count.within.FromSeconds(86_400)
    made.quiet_for.FromSeconds(1_800)
    made.occasions.at_least = 2
    made.occasions.within.FromSeconds(30 * 86_400)
    assert begins(read_scenario(made)) == (
        "search or view, 3 times in 1 d, then quiet for 30 min, for the 2nd time in 30 d"
    )
