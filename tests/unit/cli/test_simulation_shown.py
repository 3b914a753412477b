"""What `touchpoint simulate` prints."""

from __future__ import annotations

import io

from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from cli.showing.simulation import as_json_simulation, show_simulation
from touchpoint.common.v1.vocabulary_pb2 import Channel, RemovalCode
from touchpoint.rules.v1.rules_service_pb2 import SimulateDefinitionsResponse
from touchpoint.rules.v1.simulation_pb2 import (
    ChangedShare,
    ExampleCause,
    ExampleOffer,
    ExampleReason,
    ExpectedShift,
    GroupedBy,
    OfferShift,
    RuleShift,
    SimulatedExample,
    Simulation,
    SimulationFidelity,
    SimulationGroup,
    SkippedDecisions,
    SkipReason,
)

SINCE, UNTIL = Timestamp(seconds=1_700_000_000), Timestamp(seconds=1_702_000_000)
QUIET = Simulation(
    against_hash="a" * 64,
    bundle_hash="b" * 64,
    since_time=SINCE,
    until_time=UNTIL,
    first_time=SINCE,
    recorded=40,
    replayed=38,
    decisions=76.0,
    changed=ChangedShare(at_most=0.09),
    skipped=[SkippedDecisions(reason=SkipReason.OFFER_GONE, recorded=2)],
    fidelity=SimulationFidelity(comparable=20, as_shown=15, same_offers=18, still_allowed=20),
)
CHANGING = Simulation(
    against_hash="a" * 64,
    bundle_hash="b" * 64,
    since_time=SINCE,
    until_time=UNTIL,
    first_time=SINCE,
    recorded=40,
    replayed=40,
    unranked=3,
    decisions=80.5,
    changed=ChangedShare(decisions=20.5, share=0.25, at_least=0.15, at_most=0.4),
    groups=[
        SimulationGroup(
            by=GroupedBy.SEGMENT,
            name=f"segment_{place}",
            decisions=8.0,
            changed=ChangedShare(decisions=4.0, share=0.5, at_least=0.2, at_most=0.8),
        )
        for place in range(10)
    ],
    offers=[
        OfferShift(offer_id="shoe", title="A shoe [red]", before=3, after=9, gained=7, lost=1),
        OfferShift(offer_id="lamp", title="A lamp", before=9, after=2, gained=0, lost=7),
    ],
    offers_gaining=1,
    offers_losing=4,
    rules=[RuleShift(rule="no_lamps", before=0, after=90, decisions_after=20)],
    acceptances=ExpectedShift(before=10.0, after=9.0),
    value=ExpectedShift(before=100.0, after=120.0),
    examples=[
        SimulatedExample(
            decision_id="decision-7",
            decided_time=SINCE,
            channel=Channel.WEB,
            placement="web.item",
            before=[ExampleOffer(offer_id="lamp", title="A lamp"), ExampleOffer(offer_id="x")],
            reasons=[
                ExampleReason(
                    offer_id="lamp",
                    cause=ExampleCause.NOW_REMOVED,
                    rule="no_lamps",
                    code=RemovalCode.NOT_SUITABLE,
                    text="It is bright enough.",
                ),
                ExampleReason(offer_id="x", cause=ExampleCause.OUTRANKED),
            ],
            person_ids=["ann"],
        )
    ],
    unreplayed_sections=["segments", "scenarios"],
)


def printed(report: Simulation) -> str:
    said = io.StringIO()
    show_simulation(Console(file=said, width=200, highlight=False), report)
    return said.getvalue()


def test_where_nothing_changes_it_says_how_sure_that_is() -> None:
    said = printed(QUIET)
    assert "40 recorded decisions" in said
    assert "38 made again, which stand for 76" in said
    assert "2 something shown is no longer in the catalogue" in said
    assert "None would change (at most 9.0%" in said
    assert "100.0% showed what they still let pass" in said
    assert "90.0% come out with the same offers and 75.0% just as they were shown" in said
    assert "For whom" not in said


def test_it_says_how_many_for_whom_and_which_offers() -> None:
    said = printed(CHANGING)
    assert "~20 would change: 25.0% (95% interval 15.0%–40.0%)." in said
    assert "segment_0" in said
    assert "and 2 more" in said
    rows = [line.split() for line in said.splitlines()]
    assert ["shoe", "A", "shoe", "[red]", "3", "9", "7", "1"] in rows
    assert ["lamp", "A", "lamp", "9", "2", "0", "7"] in rows
    assert "Offers that lose, 1 of 4" in said
    assert said.index("Offers that gain") < said.index("shoe") < said.index("Offers that lose")
    assert ["no_lamps", "0", "90", "0", "20"] in rows
    assert "acceptances 10.00 → 9.00 (-10.0%); value 100.00 → 120.00 (+20.0%)" in said


def test_an_example_says_what_is_shown_instead_and_why() -> None:
    said = printed(CHANGING)
    assert "decision-7, 2023-11-14 22:13 UTC, WEB web.item, person ann" in said
    assert "A lamp; x → nothing" in said
    assert "lamp would be removed by no_lamps, NOT_SUITABLE: It is bright enough." in said
    assert "x would be outranked" in said


def test_it_says_what_it_cannot_tell() -> None:
    said = printed(CHANGING)
    assert "The ranker did not answer for 3" in said
    assert "not in the numbers: segments, scenarios" in said
    assert "it is not known how well they tell" in said


def test_without_recordings_it_says_so_and_nothing_else() -> None:
    said = printed(Simulation(since_time=SINCE, until_time=UNTIL))
    assert "no decision is recorded from 2023-11-14 22:13 to 2023-12-08" in said
    assert len(said.splitlines()) == 1


def test_for_machines_what_is_nothing_stands_there_too() -> None:
    told = as_json_simulation(SimulateDefinitionsResponse(report=QUIET))
    assert told["problems"] == []
    assert told["report"]["changed"]["share"] == 0.0
    assert told["report"]["examples"] == []
