"""What every store does with the outcome of a call: ended, tried again, told to the log."""

from dataclasses import replace

import pytest

from services.scenario.domain.claiming import claim, snooze
from services.scenario.domain.completing import Completion, complete
from services.scenario.domain.effects import TellAnswer
from services.scenario.domain.journey import Outcome
from services.scenario.domain.outcomes import LATEST_AGAIN_US, MOST_TRIES
from services.scenario.domain.tasks import HOLD_US
from services.scenario.errands.logbook import events_of
from shared.errors import InvalidArgument, NotFound, PermissionDenied
from tests.contract.scenario.conftest import QUIET_US
from tests.contract.scenario.test_tasks import DUE_US, EXPIRES_US, Calls
from tests.unit.scenario.playing import ADA, DAY_US, HOUR_US, MINUTE_US, event, facts, for_all
from tests.unit.scenario.writing import scenario, stage

# Calls are due at half past twelve in UTC.
AT_HALF_PAST_FOUR_US = DUE_US + 4 * HOUR_US


@pytest.fixture
async def calls(desk):
    await desk.call_for(ADA)
    await desk.sign_on("eve")
    await desk.sign_on("max")
    return Calls(desk)


async def said(calls, outcome, *, agent_id="eve", now_us=DUE_US, **more):
    """Take the call and say what came of it."""
    task = await calls.claim(agent_id, now_us=now_us)
    completion = Completion(task.task_id, agent_id, outcome, **more)
    async with calls.desk.store.transaction() as transaction:
        return await complete(transaction, completion, now_us)


async def journeys(calls):
    return await calls.desk.store.open_for([ADA])


async def told(calls):
    """Return what the log of the person is told."""
    dispatches = await calls.desk.errands.claim("tests", DUE_US + 9 * DAY_US, 60.0, 9)
    return [
        (event.type, event.offer_id, dict(event.attributes))
        for dispatch in dispatches
        if isinstance(dispatch.job, TellAnswer)
        for event in events_of(dispatch)
    ]


@pytest.mark.parametrize(
    ("outcome", "again_us"),
    [
        ("busy", DUE_US + 30 * MINUTE_US),
        ("no_answer", AT_HALF_PAST_FOUR_US),
        ("voicemail", DUE_US + DAY_US - 3 * HOUR_US - 31 * MINUTE_US),
    ],
)
async def test_who_could_not_be_spoken_to_is_called_at_another_time(calls, outcome, again_us):
    task = await said(calls, outcome)
    assert (task.outcome, task.latest, task.tries, task.due_us) == ("", outcome, 1, again_us)
    with pytest.raises(NotFound):
        await calls.claim("max", now_us=again_us - 1)
    assert (await calls.claim("max", now_us=again_us)).task_id == task.task_id
    assert await told(calls) == []


async def test_who_never_answers_is_tried_so_often_and_then_the_journey_goes_on(calls):
    now_us = DUE_US
    for number in range(MOST_TRIES):
        task = await said(calls, "busy", now_us=now_us)
        assert task.tries == number + 1
        now_us = task.due_us
    assert task.outcome == "busy"
    await calls.desk.look(now_us)
    assert await journeys(calls) == []


async def test_a_call_that_would_come_after_its_stage_is_not_tried_again(calls):
    late_us = EXPIRES_US - HOUR_US
    assert (await said(calls, "no_answer", now_us=late_us)).outcome == "no_answer"


async def test_the_same_word_on_a_call_that_is_tried_again_changes_nothing(calls):
    first = await said(calls, "busy")
    async with calls.desk.store.transaction() as transaction:
        again = await complete(transaction, Completion(first.task_id, "eve", "busy"), DUE_US + 1)
    assert again == first


async def test_who_names_a_time_is_called_then_though_the_stage_would_have_ended(calls):
    again_us = EXPIRES_US + 3 * DAY_US
    task = await said(calls, "call_again", again_us=again_us)
    assert (task.due_us, task.expires_us) == (again_us, again_us + DAY_US)
    await calls.desk.look(EXPIRES_US)
    (journey,) = await journeys(calls)
    assert (journey.until_us, journey.answer) == (again_us + DAY_US, "call_again")
    assert (await calls.claim("max", now_us=again_us)).task_id == task.task_id
    await calls.desk.look(again_us + DAY_US)
    assert await journeys(calls) == []


@pytest.mark.parametrize("again_us", [0, DUE_US, DUE_US + LATEST_AGAIN_US + 1])
async def test_a_time_that_is_past_or_too_far_ahead_is_refused(calls, again_us):
    with pytest.raises(InvalidArgument, match="again_time"):
        await said(calls, "call_again", again_us=again_us)


async def test_who_bought_reached_the_goal_and_their_log_hears_what_they_accepted(calls):
    journey_id = (await journeys(calls))[0].journey_id
    assert (await said(calls, "sold")).outcome == "sold"
    assert await journeys(calls) == []
    assert await told(calls) == [("accept", "come_back", {})]
    if not calls.desk.is_postgres:
        assert calls.desk.store.journeys[journey_id].outcome is Outcome.REACHED


@pytest.mark.parametrize("outcome", ["not_interested", "declined"])
async def test_who_is_not_interested_declines_the_offers_and_the_journey_ends(calls, outcome):
    await said(calls, outcome)
    assert await journeys(calls) == []
    assert await told(calls) == [("decline", "come_back", {})]


async def test_a_number_of_somebody_else_is_not_called_again(calls):
    await said(calls, "wrong_person")
    assert await journeys(calls) == []
    refusal = {"granted": "false", "purpose": "marketing", "channel": "CALL_CENTER"}
    assert await told(calls) == [("consent", "", {**refusal, "source": "wrong person"})]


async def test_who_was_spoken_to_and_nothing_came_of_it_goes_on_to_the_next_stage(desk):
    await called_in(desk, lasts=DAY_US, after=[stage("later", lasts=DAY_US)])
    await said(Calls(desk), "reached", now_us=QUIET_US)
    await desk.look(QUIET_US)
    (journey,) = await desk.store.open_for([ADA])
    assert (journey.current.name, journey.answer) == ("later", "reached")


async def test_an_outcome_that_the_stage_names_leads_there_and_is_not_tried_again(desk):
    await called_in(desk, answers={"busy": "later"}, after=[stage("later", lasts=DAY_US)])
    assert (await said(Calls(desk), "busy", now_us=QUIET_US)).outcome == "busy"
    await desk.look(QUIET_US)
    assert [each.current.name for each in await desk.store.open_for([ADA])] == ["later"]


async def test_a_stage_named_for_who_wants_to_be_called_again_is_entered_at_that_time(desk):
    await called_in(desk, answers={"call_again": "later"}, after=[stage("later", lasts=DAY_US)])
    again_us = QUIET_US + HOUR_US
    await said(Calls(desk), "call_again", now_us=QUIET_US, again_us=again_us)
    await desk.look(again_us - 1)
    assert [each.current.name for each in await desk.store.open_for([ADA])] == ["call"]
    await desk.look(again_us)
    assert [each.current.name for each in await desk.store.open_for([ADA])] == ["later"]


async def called_in(desk, *, after, answers=None, lasts=0):
    call = stage("call", call=True, lasts=lasts, answers=answers or {})
    starting = for_all({"view": [scenario(call, *after)]})
    await desk.take(event("view", QUIET_US), starting_of=starting)
    await desk.look(QUIET_US, facts())
    await desk.sign_on("eve")


async def test_the_log_hears_only_of_the_offers_that_the_agent_names(calls):
    task = await calls.claim()
    wrong = Completion(task.task_id, "eve", "sold", offer_ids=("free_shipping",))
    with pytest.raises(InvalidArgument, match="offers that are not of the task: free_shipping"):
        async with calls.desk.store.transaction() as transaction:
            await complete(transaction, wrong, DUE_US)
    said_so = Completion(task.task_id, "eve", "sold", offer_ids=("come_back",), decision_id="d-1")
    async with calls.desk.store.transaction() as transaction:
        await complete(transaction, said_so, DUE_US)
    (dispatch,) = [
        each
        for each in await calls.desk.errands.claim("tests", DUE_US, 60.0, 9)
        if isinstance(each.job, TellAnswer)
    ]
    (event,) = events_of(dispatch)
    assert (event.offer_id, event.decision_id) == ("come_back", "d-1")
    assert event.time.ToMicroseconds() == DUE_US


async def test_who_was_too_slow_and_lost_the_task_to_another_changes_nothing(calls):
    task = await calls.claim()
    late_us = DUE_US + HOLD_US
    await calls.claim("max", now_us=late_us)
    with pytest.raises(PermissionDenied, match="another agent"):
        await calls.complete(task, outcome="sold", now_us=late_us)
    with pytest.raises(PermissionDenied, match="another agent"):
        await calls.snooze(task, late_us + HOUR_US, now_us=late_us)
    assert (await calls.complete(task, "max", "sold", now_us=late_us)).ended_by == "max"


async def test_a_task_put_off_by_its_agent_says_so(calls):
    task = await calls.claim()
    async with calls.desk.store.transaction() as transaction:
        put_off = await snooze(transaction, "eve", task.task_id, DUE_US + HOUR_US, DUE_US)
    assert (put_off.latest, put_off.tries) == ("snoozed", 0)
    async with calls.desk.store.transaction() as transaction:
        taken = await claim(transaction, "eve", "", DUE_US + HOUR_US)
    assert taken.claims == 2


@pytest.mark.parametrize("kind", ["call_back", "chat"])
@pytest.mark.parametrize(("own", "answers"), [([], []), (["come_back"], ["come_back"])])
async def test_of_what_was_asked_for_an_answer_is_about_its_own_offers_where_none_is_named(
    desk, kind, own, answers
):
    asked = scenario(stage("call", task={"kind": kind, "offers": own}))
    beside = replace(facts(), shown=("free_shipping",))
    await desk.take(event("view", DUE_US), starting_of=for_all({"view": [asked]}))
    await desk.look(DUE_US, beside)
    await desk.sign_on("eve")
    calls = Calls(desk)
    ended = await said(calls, "sold")
    assert ended.offer_ids == (*own, "free_shipping")
    assert [offer_id for _, offer_id, _ in await told(calls)] == answers
