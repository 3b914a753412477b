"""Less is asked for while steps take all their time, and answer and trace say so."""

from services.aggregator.domain.quality import LEVELS
from services.aggregator.domain.steps import Outcome
from services.aggregator.pipeline.answer import answer
from services.aggregator.pipeline.wording import Wording
from shared.budget import Budget
from shared.call import Call
from shared.errors import Unavailable
from tests.unit.aggregator.deciding import asked, decide
from tests.unit.aggregator.edge import Edge, candidates, known_person
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.common.v1.vocabulary_pb2 import Arm, Source
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse

BUDGET_S = 0.1
LOWEST = LEVELS[-1]


async def hurried(edge, decisions=60):
    """Decide while rules takes nearly all the time that it is given."""
    check = edge.peers.rules.Check
    check.spend_s = 0.040
    for _ in range(decisions):
        await decide(edge, budget_s=BUDGET_S)
    check.spend_s = 0.0


async def answered(edge, **facts):
    call = Call("/edge", request_id="request", budget=Budget.of(0.11, monotonic=edge.ticking))
    question = edge.asking.question(call, asked(**facts))
    return answer(question, await edge.pipeline.decide(question), Wording(edge.catalogue))


def last(rpc):
    return rpc.requests[-1]


async def test_in_calm_retrieval_is_asked_for_everything_and_the_answer_says_so(edge):
    assert (await answered(edge)).quality == 1.0
    assert last(edge.peers.retrieval.Retrieve).quality == 1.0


async def test_when_a_step_takes_all_its_time_retrieval_is_asked_for_less(edge):
    await hurried(edge)
    asked_for = [request.quality for request in edge.peers.retrieval.Retrieve.requests]
    assert asked_for[0] == 1.0
    assert asked_for[-1] < 1.0
    assert asked_for == sorted(asked_for, reverse=True)


async def test_before_it_comes_to_that_nothing_has_degraded(edge):
    edge.peers.rules.Check.spend_s = 0.038  # of 44 ms that it is given
    decisions = [await decide(edge, budget_s=BUDGET_S) for _ in range(60)]
    assert not any(decision.degraded for decision in decisions)
    assert last(edge.peers.retrieval.Retrieve).quality < 1.0


async def test_answer_and_trace_say_of_how_much_it_was_made_and_who_was_left_out(edge):
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(
        candidates=candidates(1, 2),
        sources=[
            {"source": "POPULAR", "candidates": 2},
            {"source": "FOR_YOU", "failure": "SPARED"},
            {"source": "EXTERNAL", "plugin": "editors", "failure": "RESTING"},
        ],
    )
    await hurried(edge)
    given = await answered(edge, explain=True)
    trace = DecisionTrace.FromString(last(edge.peers.rules.Commit).trace)
    for told in (given, trace):
        assert told.quality == last(edge.peers.retrieval.Retrieve).quality < 1.0
        left_out = [(each.source, each.plugin, each.reason) for each in told.sources_left_out]
        assert left_out == [("FOR_YOU", "", "SPARED"), ("EXTERNAL", "editors", "RESTING")]
    assert not (await answered(edge)).sources_left_out


async def test_a_page_that_is_not_full_for_want_of_candidates_is_a_makeshift(edge):
    retrieve, commit = edge.peers.retrieval.Retrieve, edge.peers.rules.Commit
    full = retrieve.answer
    retrieve.answer = few = lambda _: RetrieveResponse(candidates=candidates(1))
    await decide(edge)
    assert not last(commit).makeshift  # all that there is
    retrieve.answer = full
    await hurried(edge)
    await decide(edge)
    assert not last(commit).makeshift  # full all the same
    retrieve.answer = few
    await decide(edge)
    assert last(commit).makeshift
    retrieve.answer = lambda _: RetrieveResponse()
    decision = await decide(edge)
    assert [each.source for each in decision.slates[0].chosen] == [Source.DEFAULT]
    assert last(commit).makeshift


async def test_with_room_again_everything_is_asked_for_again(edge):
    await hurried(edge)
    edge.ticking.now += 10.0
    assert (await answered(edge)).quality == 1.0


async def test_a_dead_service_leaves_the_quality_as_it_is(edge):
    edge.peers.rules.Check.error = Unavailable("dead")
    for _ in range(200):
        edge.ticking.now += 0.01
        decision = await decide(edge, budget_s=BUDGET_S)
    assert decision.degraded == {"rules": Outcome.UNAVAILABLE}
    assert (await answered(edge)).quality == 1.0


async def test_who_gets_default_offers_alone_gets_all_of_them():
    edge = Edge()
    await hurried(edge)
    edge.peers.profile.GetSnapshot.answer = lambda asked: known_person(asked, arm=Arm.STATIC)
    assert (await answered(edge)).quality == 1.0
