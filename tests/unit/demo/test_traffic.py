"""Simulated shoppers answer what an edge shows them, and the figures tell whether it learns."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from demo.traffic.crowd import Crowd
from demo.traffic.report import Report, verdict
from demo.traffic.run import Plan, send
from demo.traffic.tally import Climb
from demo.traffic.truth import HiddenTruth
from demo.traffic.visits import TrafficError, Visits
from demo.traffic.wares import Ware, Wares, story_wares
from tests.unit.demo.traffic_edge import SLOTS, FakeEdge

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TAKEN = {"purchase", "accept", "survey_answer"}


@pytest.fixture(scope="module")
def wares() -> Wares:
    return story_wares(date(2026, 1, 1))


async def _sent(wares, edge, plan, run="r"):
    visits = Visits(edge, HiddenTruth.of(plan.seed, wares), wares, lambda: NOW)
    return await send(plan, Crowd.of(wares, plan.seed, run), visits, lambda _: None)


def _edge(wares, **how):
    return FakeEdge(list(wares.by_id.values()), **how)


async def test_acceptance_climbs_at_an_edge_that_learns(wares):
    visits = await _sent(wares, _edge(wares, learns=True), Plan(6, 40, seed=1))
    report = Report.of(visits)
    assert report.climb.has_climbed
    assert report.climb.after > 1.3 * report.climb.before
    assert "climbed" in verdict(report.climb)


async def test_no_climb_is_seen_at_an_edge_that_does_not_learn(wares):
    for seed in range(4):
        visits = await _sent(wares, _edge(wares, learns=False), Plan(6, 30, seed=seed))
        report = Report.of(visits)
        assert not report.climb.has_climbed
        assert verdict(report.climb).startswith("No climb")
        every = [each.expected for each in report.rounds]
        chance = [each.chance for each in report.rounds]
        assert sum(every) == pytest.approx(sum(chance), rel=0.15)


@pytest.mark.parametrize(
    ("after", "word"), [(0.10, "climbed"), (0.072, "chance alone would"), (0.02, "fell")]
)
def test_the_verdict_says_what_chance_does_and_what_it_does_not(after, word):
    said = verdict(Climb(before=0.05, after=after, error=0.01))
    assert word in said
    assert ("± 2.3%" in said) is (word != "climbed")


async def test_too_few_shoppers_are_no_evidence(wares):
    report = Report.of(await _sent(wares, _edge(wares, learns=True), Plan(3, 1, seed=1)))
    assert report.climb is None
    assert report.as_json()["climb"] is None
    assert "Too few" in verdict(report.climb)


async def test_everything_shown_is_seen_before_it_is_answered_and_names_its_decision(wares):
    edge = _edge(wares, learns=False)
    visits = await _sent(wares, edge, Plan(1, 8, seed=1))
    answered = [event for event in edge.events if event.offer_id]
    shown = sum(len(page.seen) for visit in visits for page in visit.pages)
    assert shown == 8 * 3 * SLOTS
    assert Counter(event.type for event in answered)["impression"] == shown
    seen = set()
    for event in answered:
        named = (event.decision_id, event.placement, event.offer_id)
        assert all(named)
        if event.type == "impression":
            seen.add(named)
        assert named in seen


async def test_what_is_taken_is_what_the_truth_says_is_accepted(wares):
    edge = _edge(wares, learns=False)
    visits = await _sent(wares, edge, Plan(1, 30, seed=1))
    taken = sum(each.accepted for visit in visits for page in visit.pages for each in page.seen)
    reads = [
        e for e in edge.events if e.type == "click" and not e.item_id and "guide" in e.offer_id
    ]
    assert taken == sum(event.type in TAKEN for event in edge.events) + len(reads)
    bought = [event for event in edge.events if event.type == "purchase"]
    assert bought
    assert all(event.item_id and event.order_id and event.value.currency for event in bought)


async def test_two_runs_have_the_same_tastes_under_other_names(wares):
    runs = [_edge(wares, learns=False), _edge(wares, learns=False)]
    for name, edge in zip("ab", runs, strict=True):
        await _sent(wares, edge, Plan(1, 5, seed=3), run=name)
    first, second = ([e.item_id for e in edge.events if e.type == "view"] for edge in runs)
    assert first == second
    people = [{e.identities[0].value for e in edge.events} for edge in runs]
    assert not people[0] & people[1]


async def test_each_round_has_people_of_its_own(wares):
    edge = _edge(wares, learns=False)
    await _sent(wares, edge, Plan(3, 5, seed=3))
    assert len({event.identities[0].value for event in edge.events}) == 15


async def test_no_more_shoppers_than_planned_are_in_the_shop_at_once(wares):
    edge = _edge(wares, learns=False)
    await _sent(wares, edge, Plan(1, 20, seed=1, at_once=3))
    assert edge.most_in_flight == 3


async def test_nothing_is_said_to_have_happened_in_the_future(wares):
    edge = _edge(wares, learns=False)
    await _sent(wares, edge, Plan(1, 20, seed=1))
    assert max(event.time.ToDatetime(tzinfo=UTC) for event in edge.events) <= NOW


async def test_an_event_that_is_refused_ends_the_traffic_with_its_reason(wares):
    edge = _edge(wares, learns=False, refuses="purchase")
    with pytest.raises(TrafficError, match=r"purchase: value\.amount: too much"):
        await _sent(wares, edge, Plan(1, 30, seed=1))


async def test_a_shop_whose_things_nobody_knows_is_refused(wares):
    class ElsewhereEdge(FakeEdge):
        async def recommend(self, who, **wanted):
            answer = await super().recommend(who, **wanted)
            for each in answer.placements[0].recommendations:
                each.offer_id = f"other-{each.offer_id}"
            return answer

        def _notice(self, event):
            pass

    edge = ElsewhereEdge(list(wares.by_id.values()), learns=False)
    with pytest.raises(TrafficError, match="touchpoint up"):
        await _sent(wares, edge, Plan(1, 3, seed=1))


def test_what_the_shop_does_not_know_is_about_nothing_and_worth_nothing(wares):
    assert wares.named("default.new", "CONTENT") == Ware("default.new", "CONTENT")
