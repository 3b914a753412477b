"""What is kept of a deadline for assembling the answer, as the latest answers took it."""

import pytest

from services.aggregator.domain.way_back import LATE_S, RETURN_S, WayBack
from services.aggregator.pipeline.answer import answer
from shared.budget import Budget
from shared.call import Call
from tests.unit.aggregator.deciding import asked
from tests.unit.aggregator.edge import Edge, Ticking

ENOUGH = 100


def note(way_back, assembling_s, overran_s=-0.02):
    """Tell of an answer whose steps ended so long after their time."""
    ready = Ticking()
    ended_s = ready.now - assembling_s
    way_back.note(Budget(ended_s - overran_s, ready), assembling_s)


def taught(*took_s, overran_s=-0.02):
    way_back = WayBack()
    for assembling_s in took_s:
        note(way_back, assembling_s, overran_s)
    return way_back


@pytest.mark.parametrize(
    ("budget_s", "margin_s"), [(0.020, 0.004), (0.050, 0.005), (0.100, 0.010), (1.0, 0.010)]
)
def test_while_little_is_known_it_is_a_tenth_within_bounds(budget_s, margin_s):
    assert WayBack().margin_s(budget_s) == pytest.approx(margin_s)
    assert taught(*[0.008] * (ENOUGH - 1)).margin_s(budget_s) == pytest.approx(margin_s)


def test_it_is_as_much_as_assembling_took_lately():
    way_back = taught(*[0.008] * ENOUGH)
    assert way_back.margin_s(0.050) == pytest.approx(0.008 + LATE_S + RETURN_S)
    for _ in range(ENOUGH):
        note(way_back, 0.0)
    assert way_back.margin_s(0.050) == pytest.approx(LATE_S + RETURN_S)
    assert way_back.margin_s(0.100) == pytest.approx(0.010)


def test_steps_that_end_late_count():
    way_back = taught(*[0.004] * ENOUGH, overran_s=0.006)
    assert way_back.margin_s(0.050) == pytest.approx(0.010 + RETURN_S)


def test_a_few_that_took_very_long_move_nothing_and_one_in_ten_does():
    few = taught(*[0.001] * 97, *[0.5] * 3)
    assert few.margin_s(0.050) == pytest.approx(0.001 + LATE_S + RETURN_S)
    rare = taught(*([0.001] * 9 + [0.012]) * 10)
    assert rare.margin_s(0.050) == pytest.approx(0.012 + LATE_S + RETURN_S)


def test_the_steps_keep_most_of_a_deadline():
    assert taught(*[0.5] * ENOUGH).margin_s(0.050) == pytest.approx(0.020)


async def test_the_edge_learns_from_its_answers(monkeypatch):
    edge = Edge()
    recommending, rpc = edge.recommending(), edge.peers.profile.GetSnapshot

    def slowly(*what):
        edge.ticking.now += 0.008
        return answer(*what)

    monkeypatch.setattr("services.aggregator.recommending.answer", slowly)
    for _ in range(ENOUGH + 1):
        budget = Budget.of(0.050, monotonic=edge.ticking)
        await recommending.recommend(Call("/edge", request_id="r", budget=budget), asked())
    first, *_, last = rpc.timeouts_s
    assert first - last == pytest.approx((0.008 + LATE_S + RETURN_S - 0.005) * 8 / 23)
