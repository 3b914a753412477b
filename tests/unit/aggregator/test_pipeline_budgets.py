"""Each step gets its share of the budget, on a clock that moves only when a peer spends time."""

import pytest

from services.aggregator.domain.steps import Outcome
from shared.budget import Budget
from shared.call import Call
from shared.errors import DeadlineExceeded
from tests.unit.aggregator.deciding import asked, decide, shown
from tests.unit.aggregator.edge import WELCOME


async def test_each_step_gets_its_share_and_what_was_left_unspent(edge):
    peers = edge.peers
    peers.profile.GetSnapshot.spend_s = 0.010
    peers.retrieval.Retrieve.spend_s = 0.020
    peers.rules.Check.spend_s = 0.005
    peers.ranker.Rank.spend_s = 0.001
    await decide(edge, budget_s=0.130)
    assert peers.profile.GetSnapshot.timeouts_s == [pytest.approx(0.130 * 8 / 23)]
    assert peers.scenario.GetDue.timeouts_s == [pytest.approx(0.120 * 6 / 15)]
    assert peers.retrieval.Retrieve.timeouts_s == [pytest.approx(0.120 * 6 / 15)]
    assert peers.rules.Check.timeouts_s == [pytest.approx(0.100 * 4 / 9)]
    assert peers.ranker.Rank.timeouts_s == [pytest.approx(0.095 * 2 / 5)]
    assert peers.rules.Commit.timeouts_s == [pytest.approx(0.094)]


async def test_the_record_tells_budget_and_spent_of_every_step(edge):
    edge.peers.profile.GetSnapshot.spend_s = 0.010
    decision = await decide(edge, budget_s=0.130)
    first = decision.records[0]
    assert (first.budget_s, first.spent_s) == (
        pytest.approx(0.130 * 8 / 23),
        pytest.approx(0.010),
    )


async def test_nothing_is_called_when_nothing_remains(edge):
    edge.peers.profile.GetSnapshot.is_black_hole = True
    decision = await decide(edge, budget_s=0.0015)
    assert edge.peers.rules.Check.requests == []
    assert shown(decision) == [[WELCOME]]
    assert decision.degraded["rules"] is Outcome.NO_BUDGET


async def test_however_many_are_black_holes_the_budget_holds(edge):
    for stub in (edge.peers.profile, edge.peers.scenario, edge.peers.retrieval, edge.peers.rules):
        for rpc in vars(stub).values():
            rpc.is_black_hole = True
    began = edge.ticking.now
    decision = await decide(edge, budget_s=0.100)
    assert edge.ticking.now - began <= 0.100 + 1e-9
    assert shown(decision) == [[WELCOME]]


def question(edge, left_s):
    call = Call("/edge", request_id="request", budget=Budget.of(left_s, monotonic=edge.ticking))
    return edge.asking.question(call, asked())


@pytest.mark.parametrize("left_s", [0.0, 0.001, 0.0039])
async def test_a_deadline_shorter_than_the_way_back_is_refused_with_both(edge, left_s):
    with pytest.raises(DeadlineExceeded) as refused:
        question(edge, left_s)
    assert refused.value.reason == "DEADLINE_TOO_SHORT"
    assert f"{left_s * 1e3:.1f} ms are left" in str(refused.value)
    assert "takes 4 ms" in str(refused.value)


async def test_with_a_little_more_there_is_an_answer(edge):
    decision = await edge.pipeline.decide(question(edge, 0.0045))
    assert shown(decision) == [[WELCOME]]
