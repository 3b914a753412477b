"""Scores are what all events ever add up to, by whatever definition there is now."""

from services.profile.definitions import ProfileDefinitions, compile_bundle
from services.profile.domain.lookup import Person
from services.profile.domain.ports import Member
from services.profile.domain.reading import NO_TIERS
from services.profile.domain.scores import Points, Score
from services.profile.domain.tallies import MAX_TYPES, Tally
from services.profile.facts import facts_of
from services.profile.snapshot import snapshot_of
from tests.unit.profile.happenings import NOON_US, happened, state_of
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.rules.v1.rules_pb2 import (
    Bundle,
    ScorePoints,
    ScoreStage,
    Segment,
)
from touchpoint.rules.v1.rules_pb2 import (
    Score as DefinedScore,
)

ENGAGEMENT = Score(
    "engagement",
    [Points("view", 1.0, 0.0), Points("purchase", 10.0, 0.5), Points("complaint", -20.0, 0.0)],
    [(5.0, "warm"), (30.0, "hot")],
)


def tallies(*events):
    return state_of(*events).tallies


def snapshot(definitions, *events):
    person = Person([Member("p", "p", 1, 1, 0, lambda: state_of(*events))])
    return snapshot_of(person, Arm.PERSONALISED, NO_TIERS, NOON_US, definitions)


def bought(minutes=0, **what):
    return happened("purchase", minutes, **{"value_micros": 8_000_000, "order_id": "o", **what})


def test_every_event_counts_and_its_value_too():
    found = tallies(happened("view"), happened("view", 1), bought(2), bought(3))
    assert found == {"view": Tally(2, 0), "purchase": Tally(2, 16_000_000)}
    assert ENGAGEMENT.value(found) == 2 * 1.0 + 2 * 10.0 + 16 * 0.5


def test_a_type_that_takes_points_away_makes_a_score_negative():
    assert ENGAGEMENT.value(tallies(happened("complaint"))) == -20.0


def test_a_stage_begins_with_its_score():
    assert [ENGAGEMENT.stage(value) for value in (-1.0, 4.9, 5.0, 29.9, 30.0, 99.0)] == [
        "", "", "warm", "warm", "hot", "hot",
    ]  # fmt: skip


def test_of_too_many_types_those_of_most_events_are_kept():
    events = [happened(f"type_{number:03}", number) for number in range(MAX_TYPES + 40)]
    found = tallies(*events, *(happened("type_103", minute) for minute in range(3)))
    assert len(found) == MAX_TYPES
    assert found["type_103"].events == 4


def test_scores_are_in_the_snapshot_and_segments_see_them():
    bundle = Bundle(
        scores=[
            DefinedScore(
                score="engagement",
                points=[ScorePoints(on="view", points=2.0)],
                stages=[ScoreStage(**{"stage": "warm", "from": 3.0})],
            )
        ],
        segments=[Segment(segment="warm", when='customer.score_stages["engagement"] == "warm"')],
    )
    definitions = compile_bundle(bundle)
    cold = snapshot(definitions, happened("view"))
    assert dict(cold.traits.scores) == {"engagement": 2.0}
    assert not cold.traits.score_stages
    assert not cold.segments
    warm = snapshot(definitions, happened("view"), happened("view", 1))
    assert dict(warm.traits.score_stages) == {"engagement": "warm"}
    assert list(warm.segments) == ["warm"]


def test_another_definition_counts_at_once_for_all_that_was():
    other = ProfileDefinitions("other", [Score("loyalty", [Points("purchase", 0.0, 1.0)])])
    assert dict(snapshot(other, bought(0), bought(1)).traits.scores) == {"loyalty": 16.0}


def test_only_the_parts_that_are_asked_for_are_read():
    state = state_of(bought(), happened("view", category="A"))
    found = facts_of(state, NO_TIERS, NOON_US, ProfileDefinitions(), frozenset({"orders"}))
    assert found.traits.frequency == 1
    assert not found.traits.categories
    assert not found.HasField("recent")
