"""The checker of killed timers finds what is lost or doubled, and nothing else."""

import dataclasses

import pytest

from tests.resilience.timer_kills.checker import OCCURRENCES, Moved, Ordered, Seen, verdict
from tests.resilience.timer_kills.ground import Ground

WHOLE = Seen(
    journeys=[Moved("a", 2, OCCURRENCES, 1_000, 5), Moved("b", 2, OCCURRENCES, 2_000, 7)],
    effects=[
        (journey, stage, stage + 1, kind)
        for journey in "ab"
        for stage, kind in ((1, "message"), (2, "proposal"))
    ],
    messages=[Ordered("m-a", "a", "sent"), Ordered("m-b", "b", "sent")],
    arrived=["m-a", "m-b"],
    attempts={"m-a": 1, "m-b": 3},
)


def findings(timers=2, **changed):
    found = verdict(dataclasses.replace(WHOLE, **changed), timers)
    return {name for name in ("lost", "doubled") if getattr(found, name)}


def test_what_is_right_is_found_right():
    assert findings() == set()
    assert verdict(WHOLE, 2).extra_attempts == 2
    assert verdict(WHOLE, 2).late_ms == [(1_000, 5), (2_000, 7)]


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"timers": 3}, {"lost"}),
        ({"journeys": [WHOLE.journeys[0], Moved("b", 0, 1, 2_000, 7)]}, {"lost"}),
        ({"journeys": [WHOLE.journeys[0], Moved("b", 2, 5, 2_000, 7)]}, {"lost", "doubled"}),
        ({"effects": WHOLE.effects[1:]}, {"lost"}),
        ({"effects": [*WHOLE.effects, ("a", 1, 4, "message")]}, {"doubled"}),
        ({"messages": WHOLE.messages[:1], "arrived": ["m-a"]}, {"lost"}),
        ({"messages": [*WHOLE.messages, Ordered("m-c", "a", "sent")]}, {"lost", "doubled"}),
        ({"messages": [WHOLE.messages[0], Ordered("m-b", "b", "unknown")]}, {"lost"}),
        ({"arrived": ["m-a"]}, {"lost"}),
        ({"arrived": ["m-a", "m-b", "m-b"]}, {"doubled"}),
    ],
)
def test_what_is_wrong_is_found(changed, wrong):
    assert findings(**changed) == wrong


@pytest.mark.parametrize(
    ("due_s", "late_s", "is_late"),
    [(0.0, 2.5, False), (0.0, 2.6, True), (9.0, 6.9, False), (9.0, 7.1, True), (30.0, 3.0, True)],
)
def test_a_timer_is_late_when_no_death_excuses_it(tmp_path, due_s, late_s, is_late):
    ground = Ground("", tmp_path, 2.0, outages=[(10_000_000, 14_000_000)])
    assert ground.is_late(int(due_s * 1e6), int(late_s * 1000)) is is_late


def test_each_death_more_excuses_a_lease_and_half_a_second_more(tmp_path):
    ground = Ground("", tmp_path, 2.0, deaths_us=[50_500_000, 53_000_000, 70_000_000])
    late = [(50.0, 5.0), (50.0, 5.1), (51.0, 2.6), (69.0, 3.0)]
    assert [ground.is_late(int(due * 1e6), int(s * 1000)) for due, s in late] == [
        False,
        True,
        True,
        True,
    ]
