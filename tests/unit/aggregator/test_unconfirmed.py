"""What was answered without rules is handed over to rules once it answers."""

import asyncio

import pytest

from services.aggregator.pipeline import unconfirmed
from shared.call import Call
from shared.errors import DeadlineExceeded, Internal, InvalidArgument, TooLarge, Unavailable
from shared.transport.direct import rpc_error
from tests.unit.aggregator.deciding import asked, decide, shown
from tests.unit.aggregator.edge import PC_1, PC_2, PERSON, PROMO, TV, candidates
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse


async def handed_over(edge):
    """Write down what was answered, hand it over, and return it."""
    while edge.unconfirmed._unwritten:
        edge.unconfirmed._write_next()
    await edge.unconfirmed.hand_over(1.0)
    return [each for request in edge.peers.rules.KeepAnswers.requests for each in request.answers]


def nos(answer):
    return [notice.offer_no for placement in answer.placements for notice in placement.chosen]


async def test_an_answer_without_commit_is_handed_over_as_it_was_shown(edge):
    found = candidates(PROMO, PC_1, PC_2)
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=found)
    edge.peers.rules.Commit.error = Unavailable("dead")
    decision = await decide(edge)
    (answer,) = await handed_over(edge)
    assert [nos(answer)] == shown(decision)
    assert (answer.decision_id, list(answer.person_ids)) == (decision.decision_id, [PERSON])
    assert answer.answered_time.ToMicroseconds() == edge.clock.now_us()
    trace = DecisionTrace.FromString(answer.trace)
    assert [(one.service, one.reason) for one in trace.degraded] == [("rules", "UNAVAILABLE")]
    assert trace.timings[-1].service == "rules.Commit"


async def test_an_answer_that_nobody_checked_is_handed_over_too(edge):
    edge.peers.rules.Check.error = Unavailable("dead")
    decision = await decide(edge)
    (answer,) = await handed_over(edge)
    assert [nos(answer)] == shown(decision)
    assert TV in DecisionTrace.FromString(answer.trace).candidates.offer_nos


@pytest.mark.parametrize("rpc", ["Check", "Commit"])
async def test_of_a_preview_nothing_is_handed_over(edge, rpc):
    getattr(edge.peers.rules, rpc).error = Unavailable("dead")
    await decide(edge, asked(preview=True))
    assert not await handed_over(edge)


async def test_of_what_rules_confirmed_nothing_is_handed_over(edge):
    edge.peers.retrieval.Retrieve.error = Unavailable("dead")
    await decide(edge)
    assert not await handed_over(edge)


async def test_it_waits_until_rules_is_there_and_is_then_told(edge):
    edge.peers.rules.Commit.error = edge.peers.rules.KeepAnswers.error = Unavailable("dead")
    decision = await decide(edge)
    with pytest.raises(Unavailable):
        await handed_over(edge)
    edge.peers.rules.KeepAnswers.error = None
    first, again = await handed_over(edge)
    assert first == again
    assert again.decision_id == decision.decision_id
    assert not edge.unconfirmed._bytes
    assert len(await handed_over(edge)) == 2, "what was taken is not told once more"


async def test_the_task_hands_over_by_itself_and_what_is_left_at_the_end(edge, monkeypatch):
    monkeypatch.setattr(unconfirmed, "_WRITTEN_AFTER_S", 0.0)
    told = asyncio.Event()
    keep = edge.peers.rules.KeepAnswers.answer
    edge.peers.rules.KeepAnswers.answer = lambda request: told.set() or keep(request)
    edge.peers.rules.Commit.error = Unavailable("dead")
    task = asyncio.create_task(edge.unconfirmed.run())
    await decide(edge)
    await asyncio.wait_for(told.wait(), 5)
    monkeypatch.setattr(unconfirmed, "_WRITTEN_AFTER_S", 3600.0)
    last = await decide(edge)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (left,) = edge.peers.rules.KeepAnswers.requests[-1].answers
    assert left.decision_id == last.decision_id


@pytest.mark.parametrize(("bound", "kept"), [("MOST_UNWRITTEN", 1), ("MOST_BYTES", 0)])
async def test_what_is_beyond_the_room_for_it_is_dropped_and_counted(
    edge, monkeypatch, bound, kept
):
    monkeypatch.setattr(unconfirmed, bound, kept)
    monkeypatch.setattr(unconfirmed, "_WRITTEN_AFTER_S", 3600.0)
    edge.peers.rules.Commit.error = Unavailable("dead")
    for _ in range(3):
        await decide(edge)
    assert edge.unconfirmed.dropped == 3 - kept
    assert len(await handed_over(edge)) == kept


async def test_what_rules_refuses_is_not_told_for_ever(edge):
    edge.peers.rules.Commit.error = Unavailable("dead")
    edge.peers.rules.KeepAnswers.error = InvalidArgument([])
    await decide(edge)
    assert len(await handed_over(edge)) == 1
    assert edge.unconfirmed.dropped == 1
    assert not edge.unconfirmed._waiting


async def answers(edge, number):
    """Answer without rules; returns the decisions, in order."""
    edge.peers.rules.Commit.error = Unavailable("dead")
    return [(await decide(edge)).decision_id for _ in range(number)]


def failing(edge, error, *wrong):
    """Let rules take all but what is wrong; returns what it took, as it took it."""
    keep, taken = edge.peers.rules.KeepAnswers.answer, []

    def told(request):
        ids = [each.decision_id for each in request.answers]
        if not set(ids).isdisjoint(wrong):
            raise rpc_error(error, Call("/fake", request_id="request"))
        taken.extend(ids)
        return keep(request)

    edge.peers.rules.KeepAnswers.answer = told
    return taken


@pytest.mark.parametrize("error", [InvalidArgument([]), TooLarge("too large")])
async def test_what_rules_refuses_takes_no_other_with_it(edge, error):
    first, wrong, last = await answers(edge, 3)
    taken = failing(edge, error, wrong)
    await handed_over(edge)
    assert taken == [first, last]
    assert (edge.unconfirmed.dropped, edge.unconfirmed._bytes) == (1, 0)


@pytest.mark.parametrize("error", [DeadlineExceeded("late"), Internal("a defect")])
async def test_what_rules_fails_at_keeps_no_other_waiting_and_is_given_up_in_the_end(
    edge, monkeypatch, error
):
    monkeypatch.setattr(unconfirmed, "_MOST_TRIES", 3)
    wrong, *others = await answers(edge, 3)
    taken = failing(edge, error, wrong)
    for _ in range(2):
        with pytest.raises(type(error)):
            await handed_over(edge)
    assert taken == others
    await handed_over(edge)
    assert (edge.unconfirmed.dropped, edge.unconfirmed._bytes) == (1, 0)


async def test_while_rules_is_away_nothing_is_given_up(edge, monkeypatch):
    monkeypatch.setattr(unconfirmed, "_MOST_TRIES", 1)
    await answers(edge, 1)
    edge.peers.rules.KeepAnswers.error = Unavailable("dead")
    for _ in range(3):
        with pytest.raises(Unavailable):
            await handed_over(edge)
    assert (edge.unconfirmed.dropped, len(edge.unconfirmed._waiting)) == (0, 1)


async def test_only_so_many_bytes_are_handed_over_at_once(edge, monkeypatch):
    monkeypatch.setattr(unconfirmed, "_MOST_AT_ONCE_BYTES", 1)
    await answers(edge, 3)
    await handed_over(edge)
    assert [len(each.answers) for each in edge.peers.rules.KeepAnswers.requests] == [1, 1, 1]


async def test_what_is_too_large_for_rules_is_not_kept_for_it(edge, monkeypatch):
    monkeypatch.setattr(unconfirmed, "_LARGEST_BYTES", 1)
    await answers(edge, 1)
    assert not await handed_over(edge)
    assert edge.unconfirmed.dropped == 1


async def test_the_end_waits_only_so_long_for_all_that_is_left_together(edge, monkeypatch):
    monkeypatch.setattr(unconfirmed, "_LAST_S", 0.01)
    monkeypatch.setattr(unconfirmed, "_AT_ONCE", 1)
    edge.peers.rules.Commit.error = Unavailable("dead")
    for _ in range(3):
        await decide(edge)
    takes, never = edge.peers.rules.KeepAnswers, asyncio.get_running_loop().create_future()
    edge.peers.rules.KeepAnswers = lambda request, **how: (
        never if takes.requests else takes(request, **how)
    )
    await asyncio.wait_for(edge.unconfirmed._last(), 5)
    assert (edge.unconfirmed.dropped, edge.unconfirmed._bytes) == (2, 0)
    assert not edge.unconfirmed._waiting


async def test_what_was_counted_as_lost_is_not_told_after_all(edge):
    edge.peers.rules.Commit.error = edge.peers.rules.KeepAnswers.error = Unavailable("dead")
    await decide(edge)
    await edge.unconfirmed._last()
    edge.peers.rules.KeepAnswers.error = None
    assert edge.unconfirmed.dropped == 1
    assert len(await handed_over(edge)) == 1, "the one try at the end"
