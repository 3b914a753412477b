"""What a simulation counts, held to what must be true of any decisions made again."""

from __future__ import annotations

from dataclasses import replace
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.domain.replays import (
    Cause,
    Fidelity,
    Judged,
    PlacementReplay,
    Reason,
    Removal,
    Replay,
    Showing,
    Skip,
    fidelity_of,
    left_of,
    reasons_of,
    with_defaults,
)
from services.rules.domain.simulation import By, Simulation, Weighed

OFFERS = st.integers(1, 9)
PAGES = st.lists(OFFERS, max_size=4, unique=True).map(tuple)
RULES = st.dictionaries(st.sampled_from(["owned", "declined", "limit"]), st.integers(1, 5))
WEIGHTS = st.floats(1.0, 1000.0)


def showing(offer_nos: tuple[int, ...]) -> Showing:
    return Showing(offer_nos, 0.1 * len(offer_nos), 2.0 * len(offer_nos))


@st.composite
def replays(draw: st.DrawFn, *, full: bool = False) -> Replay:
    size = draw(st.integers(1, 3))
    placements = []
    for place in range(size):
        before = draw(PAGES)
        length = len(before) if full else draw(st.integers(0, 4))
        after = draw(st.lists(OFFERS, min_size=length, max_size=length, unique=True).map(tuple))
        placements.append(PlacementReplay(f"place.{place}", showing(before), showing(after)))
    return Replay(
        decision_id=str(draw(st.integers(0, 10**9))),
        person_ids=("ann",),
        decided_us=draw(st.integers(1, 1000)),
        channel=1,
        person=draw(st.sampled_from(["customer", "visitor", "nobody"])),
        segments=tuple(draw(st.lists(st.sampled_from(["best", "lapsing"]), unique=True))),
        weight=draw(WEIGHTS),
        placements=tuple(placements),
        removed_before=draw(RULES),
        removed_after=draw(RULES),
    )


def simulated(found: list[Replay], examples: int = 10) -> Simulation:
    simulation = Simulation(examples)
    for each in found:
        simulation.add(each, "WEB")
    return simulation


def by_itself(replay: Replay) -> Replay:
    """Return a decision that both bundles make alike."""
    placements = tuple(replace(each, after=each.before) for each in replay.placements)
    return replace(replay, placements=placements, removed_after=replay.removed_before)


@given(st.lists(replays()))
def test_definitions_compared_with_themselves_change_nothing(found: list[Replay]) -> None:
    simulation = simulated([by_itself(each) for each in found])
    assert simulation.all.changed == 0
    assert not [row for row in simulation.grouped() if row[2].changed]
    assert not simulation.gaining()
    assert not simulation.losing()
    assert not simulation.differing()
    assert not simulation.examples.chosen()
    assert simulation.acceptances.before == simulation.acceptances.after


@given(st.lists(replays(), min_size=1))
def test_the_parts_add_up_to_the_whole(found: list[Replay]) -> None:
    simulation = simulated(found)
    weight = sum(each.weight for each in found)
    changed = sum(each.weight for each in found if each.changes)
    assert isclose(simulation.all.decisions, weight)
    for by in (By.CHANNEL, By.PERSON):
        groups = [group for kind, _, group in simulation.grouped() if kind is by]
        assert isclose(sum(group.decisions for group in groups), weight)
        assert isclose(sum(group.changed for group in groups), changed)
    assert simulation.all.changed <= simulation.all.decisions * (1 + 1e-12)


@given(st.lists(replays()))
def test_what_an_offer_gains_less_what_it_loses_is_how_much_more_it_is_shown(
    found: list[Replay],
) -> None:
    simulation = simulated(found)
    for shift in simulation.offers.values():
        assert isclose(
            shift.after - shift.before, shift.came - shift.went, rel_tol=1e-9, abs_tol=1e-6
        )
    told = {no for no, _ in (*simulation.gaining(), *simulation.losing())}
    assert all(no in told or not shift.gain for no, shift in simulation.offers.items())


@given(st.lists(replays(full=True).filter(lambda replay: len(replay.placements) == 1)))
def test_gains_and_losses_balance_where_slates_stay_full(found: list[Replay]) -> None:
    shifts = simulated(found).offers.values()
    gained, lost = sum(each.came for each in shifts), sum(each.went for each in shifts)
    assert isclose(gained, lost, rel_tol=1e-9, abs_tol=1e-6)


@given(st.lists(replays(), min_size=1), st.floats(0.5, 100.0))
def test_the_share_and_its_interval_do_not_depend_on_the_scale_of_the_weights(
    found: list[Replay], scale: float
) -> None:
    one = simulated(found).all
    other = simulated([replace(each, weight=each.weight * scale) for each in found]).all
    assert isclose(other.decisions, one.decisions * scale)
    assert one.share == pytest.approx(other.share)
    assert one.interval == pytest.approx(other.interval)


@given(st.lists(replays(), unique_by=lambda each: each.decision_id), st.randoms())
def test_the_order_of_decisions_does_not_matter(found: list[Replay], random: object) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = simulated(found), simulated(shuffled)
    assert one.offers.keys() == other.offers.keys()
    assert all(one.offers[no].gain == pytest.approx(other.offers[no].gain) for no in one.offers)
    assert one.all.changed == pytest.approx(other.all.changed)
    assert one.first_us == other.first_us


@given(st.lists(st.tuples(WEIGHTS, st.booleans()), min_size=1))
def test_the_interval_holds_the_share_and_stays_within_0_and_1(
    rows: list[tuple[float, bool]],
) -> None:
    found = Weighed()
    for weight, changes in rows:
        found.add(weight, changes=changes)
    at_least, at_most = found.interval
    assert 0.0 <= at_least <= found.share <= at_most <= 1.0


def test_the_interval_of_many_equal_decisions_is_that_of_the_textbook() -> None:
    found = Weighed()
    for place in range(1000):
        found.add(7.0, changes=place < 200)
    at_least, at_most = found.interval
    assert (round(at_least, 4), round(at_most, 4)) == (0.1764, 0.2259)


def test_unequal_weights_tell_less() -> None:
    equal, unequal = Weighed(), Weighed()
    for place in range(100):
        equal.add(1.0, changes=place % 2 == 0)
        unequal.add(1.0 if place > 3 else 50.0, changes=place % 2 == 0)
    widths = [at_most - at_least for at_least, at_most in (equal.interval, unequal.interval)]
    assert widths[1] > 2 * widths[0]


def test_nothing_made_again_says_nothing() -> None:
    simulation = Simulation()
    simulation.skip(5, Skip.OFFER_GONE)
    assert simulation.all.interval == (0.0, 1.0)
    assert simulation.skipped == {Skip.OFFER_GONE: 1}
    assert simulation.first_us == 5


def removed(*offer_nos: int, rule: str = "owned") -> dict[int, Removal]:
    return dict.fromkeys(offer_nos, Removal(rule, 1))


def test_why_offers_come_and_go_is_told_with_the_rule_first() -> None:
    everything = frozenset({1, 2, 3, 4, 5})
    old = Judged(removed(4, rule="declined"), everything)
    new = Judged(removed(1), everything | {6})
    found = reasons_of((1, 2, 3), (3, 4, 5, 6), old, new)
    assert found == (
        Reason(1, Cause.NOW_REMOVED, Removal("owned", 1)),
        Reason(4, Cause.NO_LONGER_REMOVED, Removal("declined", 1)),
        Reason(2, Cause.OUTRANKED),
        Reason(5, Cause.MOVES_UP),
        Reason(6, Cause.NOW_PROPOSED),
    )


def test_by_eligibility_alone_only_what_the_new_ones_remove_goes() -> None:
    old, new = Judged(removed(3), frozenset()), Judged(removed(1, 3), frozenset())
    assert left_of((1, 2, 3), old, new) == Showing((2, 3))


def test_an_empty_placement_shows_its_defaults_and_no_item_twice() -> None:
    pages = [Showing((7,)), Showing(), Showing()]
    defaults = [[1], [7, 8, 9], [7, 1]]
    filled = with_defaults(pages, defaults, [3, 2, 1], {7})
    assert [each.offer_nos for each in filled] == [(7,), (8, 9), (1,)]


@pytest.mark.parametrize(
    ("again", "fidelity"),
    [
        ([(1, 2), (3,)], Fidelity.AS_SHOWN),
        ([(2, 1), (3,)], Fidelity.SAME_OFFERS),
        ([(1, 3), (2,)], Fidelity.OTHER),
        ([(1, 2), ()], Fidelity.OTHER),
    ],
)
def test_a_decision_made_again_is_compared_place_by_place(
    again: list[tuple[int, ...]], fidelity: Fidelity
) -> None:
    assert fidelity_of([[1, 2], [3]], [Showing(each) for each in again]) is fidelity


def example(name: str, *rules: str) -> Replay:
    reasons = tuple(Reason(1, Cause.NOW_REMOVED, Removal(rule, 1)) for rule in rules)
    changed = PlacementReplay("home", Showing((1,)), Showing((2,)), reasons)
    return Replay(name, (), 1, 1, "nobody", (), 1.0, (changed,), {}, {})


def test_examples_are_of_different_reasons_as_far_as_there_are() -> None:
    found = [example(f"o{n}", "owned") for n in range(5)] + [example("d", "declined")]
    chosen = simulated(found, examples=3).examples.chosen()
    assert [each.replay.decision_id for each in chosen] == ["o0", "d", "o1"]
    assert not simulated(found, examples=0).examples.chosen()
