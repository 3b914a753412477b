"""Answers as people read them."""

from __future__ import annotations

import io
import json
import shlex
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from cli.showing.decision import show_decision
from cli.showing.trace import show_trace
from cli.showing.view import show_view
from cli.showing.why import why
from cli.suite import welcome
from cli.suite.data import DATA_SETS
from cli.suite.home import Endpoints, Home
from cli.suite.welcome import FirstDecision, first_decision, lines_to_try, show_welcome
from touchpoint.aggregator.v1 import aggregator_pb2 as edge
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import (
    Arm,
    Channel,
    Doubt,
    OfferKind,
    PurchaseStage,
    RemovalCode,
    Source,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAMP = edge.Recommendation(
    offer_id="lamp-red",
    item_id="lamp-red",
    kind=OfferKind.PRODUCT,
    acceptance_probability=0.042,
    reasons=[edge.Reason(code=Source.POPULAR, text="Popular in Lamps this month")],
    creative=edge.Creative(title="Red [lamp]"),
    score=0.5,
)
ANSWER = pb.RecommendResponse(
    decision_id="d-1",
    placements=[edge.PlacementRecommendations(placement="web.item", recommendations=[LAMP])],
    degraded=[edge.Degraded(service="ranker", reason="TIMEOUT")],
    removed=[
        edge.Removed(
            offer_id="rug", service="rules", code=RemovalCode.OWNED, text="They have it already."
        )
    ],
    timings=[
        edge.Timing(service="profile", budget_ms=14, spent_ms=1.26, outcome="OK"),
        edge.Timing(service="ranker", budget_ms=20, spent_ms=20, outcome="TIMEOUT"),
    ],
    bundle_hash="abcdef0123456789",
)
TRACE = pb.ExplainDecisionResponse(
    trace=edge.DecisionTrace(
        decision_id="d-1",
        channel=Channel.WEB,
        arm=Arm.PERSONALISED,
        placements=ANSWER.placements,
        bundle_hash="abcdef0123456789",
        timings=ANSWER.timings,
    ),
    removed=ANSWER.removed,
    candidates=[
        pb.ExplainedCandidate(
            offer_id="sofa", title="Sofa", source=Source.POPULAR, outcome="NOT_CHOSEN"
        )
    ],
)
FIRST = FirstDecision("customer:C20001", ANSWER, 12.3)


@pytest.fixture
def console():
    return Console(record=True, width=160, force_terminal=False, file=io.StringIO())


def test_a_decision_shows_offers_reasons_times_and_what_is_missing(console):
    show_decision(console, ANSWER, spent_ms=12.3, deadline_ms=250)
    said = console.export_text()
    for part in (
        "Red [lamp]",
        "Popular in Lamps this month",
        "4.2%",
        "Decision d-1, answered in 12.3 ms of 250 ms.",
        "profile 1.3/14 · ranker 20.0/20 timeout",
        "degraded: ranker (TIMEOUT)",
        "by bundle abcdef012345\n",
    ):
        assert part in said
    assert "OWNED" not in said


def test_an_explained_preview_says_what_was_removed_and_that_it_left_no_trace(console):
    show_decision(console, ANSWER, spent_ms=1, preview=True, explain=True)
    said = console.export_text()
    assert "1 removed: OWNED 1" in said
    assert "They have it already." in said
    assert "Preview, answered in 1.0 ms; nothing was reserved or remembered." in said


def test_of_how_much_less_it_was_made_is_told(console):
    less = pb.RecommendResponse(
        quality=0.64,
        sources_left_out=[
            edge.SourceLeftOut(source="FOR_YOU", reason="SPARED"),
            edge.SourceLeftOut(source="EXTERNAL", plugin="editors", reason="RESTING"),
        ],
    )
    show_decision(console, less, spent_ms=1)
    said = console.export_text()
    assert "quality 0.64: asked for fewer candidates, so as to be in time" in said
    assert "without FOR_YOU (SPARED), editors (RESTING)" in said
    trace = pb.ExplainDecisionResponse(trace=edge.DecisionTrace(quality=0.5))
    show_trace(console, trace, NOW)
    assert "quality 0.50" in console.export_text()
    view = pb.GetCustomerViewResponse(quality=0.4, sources_left_out=less.sources_left_out)
    show_view(console, view, NOW)
    said = console.export_text()
    assert "quality 0.40" in said
    assert "without FOR_YOU (SPARED), editors (RESTING)" in said


def test_an_answer_that_rules_did_not_confirm_is_told_as_one(console):
    late = edge.UnconfirmedAnswer(
        placements=[edge.PlacementRecommendations(placement="web.late")],
        degraded=[edge.Degraded(service="rules", reason="TIMEOUT")],
        quality=0.5,
    )
    explained = pb.ExplainDecisionResponse(trace=edge.DecisionTrace(), unconfirmed=late)
    show_trace(console, explained, NOW)
    assert "Rules did not confirm it in time" in console.export_text()
    explained.committed = True
    show_trace(console, explained, NOW)
    said = console.export_text()
    assert "Answered without rules' confirmation as well" in said
    for part in ("web.late: nothing to offer", "degraded: rules (TIMEOUT)", "quality 0.50"):
        assert part in said
    explained.ClearField("unconfirmed")
    show_trace(console, explained, NOW)
    assert "confirm" not in console.export_text()


def test_a_decision_that_stood_already_says_so(console):
    answer = pb.RecommendResponse(decision_id="d-1", repeated_decision=True)
    show_decision(console, answer, spent_ms=1)
    assert "Decision d-1, which stood already, answered" in console.export_text()


@pytest.mark.parametrize("quality", [0.0, 1.0])
def test_of_full_quality_nothing_is_said(console, quality):
    show_decision(console, pb.RecommendResponse(quality=quality), spent_ms=1)
    assert "quality" not in console.export_text()


def test_a_placement_with_nothing_to_offer_says_so(console):
    empty = edge.PlacementRecommendations(placement="web.faq")
    show_decision(console, pb.RecommendResponse(placements=[empty]), spent_ms=1)
    assert "web.faq: nothing to offer" in console.export_text()


def test_a_view_shows_who_it_is_and_what_to_say(console):
    view = pb.GetCustomerViewResponse(
        who=edge.Who(person_id="p", name="Ada", known=True),
        value_tier="high",
        session=edge.SessionView(
            category="PCs",
            minutes=20,
            last_item_id="l",
            last_item_title="Laptop",
            cart_value=Money(amount="0", currency="USD"),
        ),
        contacts=edge.Contacts(used=3, limit=3),
        next_best_actions=[
            edge.NextBestAction(
                offer_id="o",
                line="May I suggest a laptop? Popular this month.",
                reasons=[edge.Reason(text="Popular this month"), edge.Reason(text="In stock")],
            )
        ],
        recent=[edge.RecentEvent(type="view", channel=Channel.WEB, title="Laptop")],
        presented=[edge.PresentedOffer(title="Desktop", placement="web.item", answer="decline")],
        journeys=[
            edge.JourneyView(
                scenario="left_behind",
                waits_for="an answer",
                message="sent",
                message_channel_why="SMS 39%",
            ),
            edge.JourneyView(scenario="parked", obstacle="no calls"),
        ],
    )
    view.session.last_time.FromDatetime(NOW - timedelta(minutes=2))
    view.contacts.free_at.FromDatetime(NOW + timedelta(days=1))
    view.journeys[1].goes_on_time.FromDatetime(NOW + timedelta(hours=3))
    show_view(console, view, NOW)
    said = console.export_text()
    for part in (
        "Ada",
        "PCs (20 min, last 2 min 0 s ago), looked at Laptop",
        "3 of 3 used, the next free in 1 d 0 h",
        "1. May I suggest a laptop?",
        "In stock",
        "decline",
        "why there: SMS 39%",
        "parked, stands still: no calls (looked at again in 3 h 0 min)",
    ):
        assert part in said
    assert said.count("Popular this month") == 1
    assert "cart" not in said


def test_traits_are_put_into_words(console):
    traits = edge.Traits(
        frequency=9,
        recency_days=3,
        promotion_share=0.4,
        price_sensitivity=0.25,
        return_share=0.1,
        complaints=1,
        dislikes=[
            edge.Dislike(brand="Acme", strength=1.0, stated=True),
            edge.Dislike(title="Laptop", strength=0.5),
        ],
        stages=[edge.CategoryStage(category="Shoes", stage=PurchaseStage.DUE_AGAIN)],
        variants=[edge.VariantShare(category="Shoes", name="size", value="40", share=1.0)],
        bought_categories=[edge.BoughtCategory(category="Coffee", cycle_days=14)],
        channels=[edge.ChannelShare(channel=Channel.STORE, share=0.75)],
        hours=[18],
        answers=[edge.ChannelAnswers(channel=Channel.EMAIL, shown=4, accepted_share=0.5)],
        emails=edge.EmailAnswers(sent=4, open_share=0.5, click_share=-1),
    )
    traits.bought_categories[0].last_time.FromDatetime(NOW - timedelta(days=2))
    doubting = edge.SessionView(
        category="Shoes", minutes=5, active_minutes=9, hesitating=True, doubt=Doubt.RETURNS
    )
    view = pb.GetCustomerViewResponse(
        who=edge.Who(person_id="p"), traits=traits, session=doubting, value_tier="top"
    )
    show_view(console, view, NOW)
    said = console.export_text()
    for part in (
        "9 orders, last 3 days ago",
        "40% bought below list price, sensitivity 25%",
        "gave back 10% by value, 1 complaint",
        "Acme (said), Laptop 50%",
        "due again Shoes",
        "size 40 in Shoes",
        "Coffee every 14 days, last 2 d",
        "STORE 75%, mostly around 18:00",
        "EMAIL 50%",
        "opens 50%",
        "Shoes (5 min of 9",
        "hesitating (returns)",
    ):
        assert part in said
    assert "clicks" not in said


def test_a_call_under_way_and_an_open_complaint_are_told(console):
    view = pb.GetCustomerViewResponse(who=edge.Who(person_id="p"), complaint_open=True)
    view.call.topic, view.call.category = "returns", "Shoes"
    view.complaint_time.FromDatetime(NOW - timedelta(days=20))
    show_view(console, view, NOW)
    said = console.export_text()
    assert "returns, Shoes" in said
    assert "open: nothing is sold until it is settled, last word 20 d 0 h ago" in said
    silent = pb.GetCustomerViewResponse(who=edge.Who(person_id="p"))
    silent.call.SetInParent()
    show_view(console, silent, NOW)
    assert "nothing was said yet" in console.export_text()


def test_a_view_of_nobody_and_of_several_people_says_so(console):
    show_view(console, pb.GetCustomerViewResponse(), NOW)
    several = edge.Who(ambiguous=True, choices=[edge.PersonChoice(description="A… B…")])
    show_view(console, pb.GetCustomerViewResponse(who=several), NOW)
    said = console.export_text()
    assert "Nobody is known by that." in said
    assert "A… B…" in said


def test_a_trace_shows_what_was_shown_and_what_was_not(console):
    show_trace(console, TRACE, NOW)
    said = console.export_text()
    for part in ("arm personalised", "Red [lamp]", "Sofa", "OWNED", "bundle abcdef012345"):
        assert part in said


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        ("lamp-red", "was shown, number 1 on web.item: Popular in Lamps this month"),
        ("rug", "was removed by rules (OWNED): They have it already."),
        ("sofa", "was proposed (POPULAR"),
        ("car", "was not proposed"),
    ],
)
def test_why_or_why_not_is_one_sentence(offer, said):
    assert said in why(TRACE, offer)


def test_the_lines_to_try_name_this_suite_and_this_decision(tmp_path):
    endpoints = Endpoints({"aggregator": ["127.0.0.1:7500"]}, "127.0.0.1:7580", 1)
    lines = lines_to_try(endpoints, Home(tmp_path), DATA_SETS["story"], FIRST)
    assert "http://127.0.0.1:7580/" in lines[0]
    assert any("track decline" in line and "--decision d-1" in line for line in lines)
    assert any(line.endswith("--live") for line in lines)
    for line in lines[1:]:
        assert f"--home {tmp_path}" in line


def test_the_lines_to_try_are_words_of_a_shell_wherever_this_was_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = Home(tmp_path / "my shop")
    endpoints = Endpoints({"aggregator": ["127.0.0.1:7500"]}, "127.0.0.1:7580", 1)
    curl, *lines = lines_to_try(endpoints, home, DATA_SETS["story"], FIRST)
    assert json.loads(shlex.split(curl)[-1])["preview"] is True
    for line in lines:
        program, *words = shlex.split(line)
        assert Path(program) == Path(sys.executable).with_name("touchpoint")
        assert words[words.index("--home") + 1] == "my shop"


class Edge:
    """Answers everybody the same, and holds out whom it is told to."""

    def __init__(self, held_out):
        self.held_out = held_out

    def __call__(self, *_args, **_kwargs):
        return self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_error):
        pass

    async def recommend(self, who, **wanted):
        shown = [edge.PlacementRecommendations(placement="web.item", recommendations=[LAMP])]
        return pb.RecommendResponse(decision_id="" if wanted["preview"] else who, placements=shown)

    async def explain(self, decision_id):
        arm = Arm.HOLDOUT if decision_id in self.held_out else Arm.PERSONALISED
        return pb.ExplainDecisionResponse(trace=edge.DecisionTrace(arm=arm))


async def test_the_first_decision_is_for_somebody_who_is_not_held_out(monkeypatch, tmp_path):
    first, second, *_ = DATA_SETS["story"].people
    for held_out, asked in (([], first), ([first], second)):
        monkeypatch.setattr(welcome, "AsyncTouchpoint", Edge(held_out))
        found = await first_decision(Home(tmp_path), "127.0.0.1:7500", DATA_SETS["story"])
        assert (found.who, found.answer.decision_id) == (asked, asked)


def test_without_a_first_decision_the_lines_to_try_still_ask_for_one(console, tmp_path):
    endpoints = Endpoints({"aggregator": ["127.0.0.1:7500"]}, "127.0.0.1:7580", 1)
    missed = FirstDecision("customer:H0001", pb.RecommendResponse(), 250.0, "deadline exceeded")
    show_welcome(console, endpoints, Home(tmp_path), DATA_SETS["grocer"], missed)
    said = console.export_text()
    assert "No decision came: deadline exceeded" in said
    assert "recommend customer:H0001" in said
    assert "track decline" not in said


def test_the_people_around_somebody_and_their_answers_are_put_into_words(console):
    view = pb.GetCustomerViewResponse(
        who=edge.Who(person_id="p"),
        relationships=[
            {"role": "store", "owner_id": "main street", "current": True},
            {"role": "sales_person", "owner_id": "who left"},
        ],
        traits=edge.Traits(referrals=2, referred_contribution={"amount": "20", "currency": "EUR"}),
        referred_by={"person_id": "q"},
        attributes=[
            {"name": "sport", "value": "running", "source": "question:favourite_sport"},
            {"name": "city", "value": "Bath", "source": "record"},
        ],
    )
    for each in (view.relationships[0].from_time, view.referred_by.time):
        each.FromDatetime(NOW - timedelta(days=2))
    view.attributes[0].said_time.FromDatetime(NOW - timedelta(hours=3))
    show_view(console, view, NOW)
    told = console.export_text()
    assert "store main street (2 d 0 h ago)" in told
    assert "who left" not in told
    assert "2 people, worth 20 EUR" in told
    assert "q (2 d 0 h ago)" in told
    assert "sport running (3 h 0 min ago)" in told
    assert "Bath" not in told


@pytest.mark.parametrize("offer", ["lamp-red", "sofa"])
def test_what_a_rule_in_shadow_would_have_removed_is_told_by_its_name(console, offer):
    tried = pb.ExplainDecisionResponse()
    tried.CopyFrom(TRACE)
    tried.shadow_removed.add(offer_id=offer, rule="no_lamps", code=RemovalCode.OWNED)
    assert why(tried, offer).endswith(". It would have been removed by no_lamps (shadow).")
    assert "shadow" not in why(TRACE, offer)
    show_trace(console, tried, NOW)
    said = " ".join(console.export_text().split())
    assert "1 would have been removed (shadow): OWNED 1" in said


def test_arm_and_variants_are_told_with_a_decision_and_with_its_trace(console):
    traced, answer = pb.ExplainDecisionResponse(), pb.RecommendResponse(decision_id="d")
    traced.CopyFrom(TRACE)
    traced.trace.variants.add(experiment="calm", variant="control")
    show_trace(console, traced, NOW)
    assert "arm personalised, calm: control." in " ".join(console.export_text().split())
    answer.arm = Arm.HOLDOUT
    show_decision(console, answer, spent_ms=1.0)
    assert "arm holdout." in console.export_text()


def test_the_view_of_a_person_says_how_they_are_treated(console):
    view = pb.GetCustomerViewResponse(arm=Arm.PERSONALISED)
    view.variants.add(experiment="calm", variant="control")
    show_view(console, view, NOW)
    said = " ".join(console.export_text().split())
    assert "treated as arm personalised, calm: control" in said
