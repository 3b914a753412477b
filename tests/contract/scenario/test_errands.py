"""What every store keeps of errands: each is one worker's, and nothing is written late."""

import asyncio
import json
from dataclasses import replace

import pytest

from services.scenario.carriers import MESSAGE_CHANNELS
from services.scenario.domain.best_channel import PassedOver
from services.scenario.domain.carts import Beginning
from services.scenario.domain.counts import Counted
from services.scenario.domain.errand_steps import carried, depart, doubt, finish, put_off, skip
from services.scenario.domain.errands import State
from services.scenario.domain.facts import Happened
from services.scenario.domain.lanes import CHANNELS, INWARD
from services.scenario.domain.outbound import Fate, Result
from tests.contract.scenario.conftest import apart, one
from tests.unit.scenario.playing import (
    ADA,
    BOB,
    CART,
    DAY_US,
    HOUR_US,
    NOON_US,
    facts,
    for_all,
)
from tests.unit.scenario.writing import scenario, stage

EMAIL, SMS = 4, 5
LEASE_S = 60.0
HEARD = [
    {"on": [f"message_{word}"], "to": "end", "as": word}
    for word in ("sent", "skipped", "failed", "unknown")
]


def mail(**fields):
    return scenario(stage("write", send="hello", lasts=7 * DAY_US, on=HEARD), **fields)


def viewed(person_id=ADA):
    return Happened(person_id, "view", NOON_US, 3, {"event.type": "view"})


def news(step, now_us=NOON_US):
    return Happened(ADA, step.event_type, now_us, 0, {"event.type": step.event_type})


async def begin(desk, made=None, *persons):
    for person_id in persons or (ADA,):
        starting = for_all({"view": [made or mail()]})
        await desk.take(viewed(person_id), starting_of=starting)
    await desk.look(NOON_US)


async def claimed(desk, now_us=NOON_US):
    return await desk.errands.claim("worker", now_us, LEASE_S, 10)


async def only(desk, now_us=NOON_US):
    (found,) = await claimed(desk, now_us)
    return found


NOT_BY_SMS = PassedOver(SMS, 0.125, "NO_CONSENT")


def leaving(dispatch):
    weighed = replace(dispatch, passed_over=(NOT_BY_SMS,))
    return depart(weighed, EMAIL, "EMAIL 10%", "contact", "decision", "offer", NOON_US)


async def keep(desk, step, told=None):
    return await desk.errands.keep(replace(step, at_us=NOON_US), LEASE_S, told)


async def test_an_errand_is_claimed_by_one_and_comes_as_it_was_ordered(desk):
    await begin(desk)
    found = await only(desk)
    assert (found.person_id, found.scenario, found.stage) == (ADA, "s", "write")
    assert (found.order.template, found.order.channels) == ("hello", (EMAIL,))
    assert (found.due_us, found.expires_us) == (NOON_US, NOON_US + 7 * DAY_US)
    assert await claimed(desk) == []


async def test_of_workers_that_claim_at_the_same_time_each_gets_others(desk):
    await begin(desk, None, ADA, BOB)
    found = await asyncio.gather(*(desk.errands.claim(f"w{n}", NOON_US, 60.0, 1) for n in range(4)))
    ids = [each.errand_id for batch in found for each in batch]
    assert len(ids) == len(set(ids)) == 2


async def test_attributes_and_notes_are_errands_too(desk):
    await begin(desk, scenario(stage("a", set={"tier": "gold", "b": "1"}, note="Ask.")))
    jobs = {type(each.job).__name__: each.job for each in await claimed(desk)}
    assert jobs["NotePerson"].text == "Ask."
    assert dict(jobs["SetAttributes"].attributes) == {"tier": "gold", "b": "1"}


async def test_how_far_it_is_is_kept(desk):
    await begin(desk)
    step = leaving(await only(desk))
    assert await keep(desk, step)
    assert await claimed(desk) == [], "it is held while it is being sent"
    sent = carried(step.dispatch, Result(Fate.SENT, provider_id="p"), NOON_US + 5)
    assert await keep(desk, sent, news(sent))
    assert await keep(desk, finish(sent.dispatch))
    assert await claimed(desk) == []
    assert await desk.errands.next_due_us() == 0


async def test_what_somebody_was_sending_when_their_lease_ran_out_comes_in_doubt(desk):
    await begin(desk)
    step = leaving(await only(desk))
    assert await desk.errands.keep(step, -1.0 if desk.is_postgres else 0.0, None)
    found = await only(desk)
    assert (found.state, found.doubts) == (State.UNKNOWN, 1)
    assert (found.why, found.passed_over) == ("EMAIL 10%", (NOT_BY_SMS,))
    assert (found.channel, found.contact_id, found.decision_id) == (EMAIL, "contact", "decision")
    assert found.tries == 1


async def test_who_lost_their_lease_writes_nothing_and_tells_no_journey(desk):
    await begin(desk)
    stale = await only(desk)
    await desk.errands.leave(stale, -1.0, "")
    fresh = await only(desk)
    late = skip(stale, "NO_CONSENT")
    assert not await keep(desk, late, news(late))
    await desk.errands.leave(stale, 3600.0, "late")
    (journey,) = await desk.store.open_for([ADA])
    assert journey.next_stage == -2
    assert await keep(desk, leaving(fresh))


async def test_what_holds_an_errand_up_is_kept_and_counted_until_its_next_step(desk):
    await begin(desk)
    found = await only(desk)
    waits = put_off(found, NOON_US + 1, "LIKELY_HOUR", NOON_US)
    assert await keep(desk, waits)
    found = await only(desk, NOON_US + 1)
    await desk.errands.leave(found, -1.0, "held up by profile (UNAVAILABLE)")
    assert await counted_reasons(desk) == {"held up by profile (UNAVAILABLE)"}
    fresh = await only(desk, NOON_US + 1)
    assert (fresh.reason, fresh.obstacle) == ("LIKELY_HOUR", "held up by profile (UNAVAILABLE)")
    assert await keep(desk, put_off(fresh, NOON_US + 2, "QUIET_HOURS", NOON_US))
    assert await counted_reasons(desk) == {"QUIET_HOURS"}
    assert (await only(desk, NOON_US + 2)).obstacle == ""


async def counted_reasons(desk):
    counts = await desk.counting.counts(Counted(since_us=0, now_us=NOON_US))
    return {each.reason for each in counts.messages}


async def test_since_when_a_carrier_is_tried_is_kept(desk):
    await begin(desk)
    leaves = leaving(await only(desk))
    assert await keep(desk, leaves)
    later = carried(leaves.dispatch, Result(Fate.LATER, "full"), NOON_US + HOUR_US)
    assert await keep(desk, replace(later, pause_s=-1.0))
    assert (await only(desk)).tried_us == NOON_US


async def test_its_journey_hears_what_became_of_it_with_the_same_commit(desk):
    await begin(desk)
    step = skip(await only(desk), "NO_CONSENT")
    assert await keep(desk, step, news(step))
    assert await desk.store.open_for([ADA]) == []
    assert await claimed(desk) == []


async def test_a_journey_that_left_the_stage_is_not_led_by_its_message(desk):
    made = scenario(
        stage("write", send="hello"),
        stage("wait", lasts=DAY_US, on=[{"on": ["message_failed"], "to": "end"}]),
    )
    await begin(desk, made)
    step = skip(await only(desk), "NO_CONSENT")
    assert await keep(desk, step, news(step))
    (journey,) = await desk.store.open_for([ADA])
    assert journey.current.name == "wait"


async def test_a_journey_counts_the_messages_that_were_sent_and_no_others(desk):
    made = scenario(
        stage("write", send="hello", next=[{"to": "wait"}]),
        stage("wait", lasts=DAY_US, on=[{"on": ["view"], "to": "write"}]),
    )
    await begin(desk, made)
    counts = []
    for what in ("sent", "skipped", "sent"):
        step = leaving(await only(desk))
        assert await keep(desk, step)
        if what == "sent":
            sent = carried(step.dispatch, Result(Fate.SENT), NOON_US)
            assert await keep(desk, sent, news(sent))
            assert await keep(desk, finish(sent.dispatch))
        else:
            gone = skip(step.dispatch, "NOTHING_TO_SAY")
            assert await keep(desk, gone, news(gone))
        (journey,) = await desk.store.open_for([ADA])
        counts.append((journey.messages, journey.messages_sent))
        await desk.take(viewed(ADA))
        await desk.look(NOON_US)
    assert counts == [(1, 1), (2, 1), (3, 2)]


async def test_a_message_put_off_is_nobodys_until_its_time(desk):
    await begin(desk)
    step = put_off(await only(desk), NOON_US + HOUR_US, "CONTACT_LIMIT", NOON_US)
    assert await keep(desk, step)
    assert await claimed(desk) == []
    assert await desk.errands.next_due_us() == NOON_US + HOUR_US
    found = await only(desk, NOON_US + HOUR_US)
    assert (found.reason, found.asked) == ("CONTACT_LIMIT", 1)


async def test_a_message_in_doubt_is_left_alone_for_its_pause(desk):
    await begin(desk)
    step = doubt(leaving(await only(desk)).dispatch, "lost", NOON_US)
    assert await keep(desk, step)
    assert await claimed(desk, NOON_US + DAY_US) == []
    assert await keep(desk, replace(step, pause_s=-1.0))
    assert (await only(desk)).state is State.UNKNOWN


async def test_the_messages_of_a_journey_at_rest_wait_with_it(desk):
    await begin(desk, None, ADA, BOB)
    await desk.link(*one(1, ADA, BOB))
    found = await claimed(desk)
    assert len(found) == 1
    await desk.link(*apart(2, ADA, BOB))
    assert len(await claimed(desk)) == 1


async def test_a_message_cancelled_while_it_is_written_does_not_leave(desk):
    await begin(desk, mail(goals=["purchase"]))
    found = await only(desk)
    await desk.take(Happened(ADA, "purchase", NOON_US, 0, {"event.type": "purchase"}))
    assert not await keep(desk, leaving(found))
    assert await claimed(desk) == []


async def test_a_message_on_its_way_is_not_cancelled_any_more(desk):
    await begin(desk, mail(goals=["purchase"]))
    step = leaving(await only(desk))
    assert await keep(desk, step)
    await desk.take(Happened(ADA, "purchase", NOON_US, 0, {"event.type": "purchase"}))
    sent = carried(step.dispatch, Result(Fate.SENT), NOON_US)
    assert await keep(desk, sent, news(sent))


@pytest.mark.parametrize("ends", [True, False])
async def test_a_message_that_was_not_taken_is_not_carried_again_once_its_stage_is_over(desk, ends):
    await begin(desk)
    leaves = leaving(await only(desk))
    assert await keep(desk, leaves)
    if ends:
        told = Happened(ADA, "message_failed", NOON_US, 0, {"event.type": "message_failed"})
        await desk.take(told, starting_of=for_all({}))
    later = carried(leaves.dispatch, Result(Fate.LATER, "the gateway answered 429"), NOON_US)
    assert await keep(desk, replace(later, pause_s=0.0))
    assert len(await claimed(desk)) == (0 if ends else 1)
    (state,) = {
        each.state for each in (await desk.errands.latest_messages(["journey-0001"])).values()
    }
    assert state is (State.CANCELLED if ends else State.WAITING)


async def test_the_latest_message_of_each_journey_is_found_however_far_it_is(desk):
    made = scenario(
        stage("a", send="first"), stage("b", send="second", note="x"), stage("c", lasts=DAY_US)
    )
    await begin(desk, made, ADA, BOB)
    journeys = await desk.store.open_for([ADA, BOB])
    found = await desk.errands.latest_messages([each.journey_id for each in journeys])
    assert {each.order.template for each in found.values()} == {"second"}
    assert len(found) == 2
    assert await desk.errands.latest_messages(["nobody"]) == {}


async def test_of_somebody_erased_nothing_is_kept_and_nothing_written(desk):
    await begin(desk)
    found = await only(desk)
    await desk.store.erase([ADA])
    assert await claimed(desk) == []
    assert not await keep(desk, leaving(found))


async def test_a_journey_and_its_errand_change_at_the_same_time_without_waiting_for_ever(desk):
    await begin(desk, mail(exits=[]))
    found = await only(desk)
    step = skip(found, "NO_CONSENT")
    bought = Happened(ADA, "view", NOON_US + 1, 0, {"event.type": "view"})
    await asyncio.gather(
        keep(desk, step, news(step)),
        *(desk.take(bought, starting_of=for_all({})) for _ in range(5)),
    )
    assert await desk.store.open_for([ADA]) == []


async def test_what_is_exported_of_errands_can_be_read(desk):
    if not desk.is_postgres:
        return
    await begin(desk, scenario(stage("a", set={"tier": "gold"}, note="Ask."), stage("b", send="t")))
    exported = [
        json.loads(row)
        async for table, rows in desk.store.export([ADA])
        if table == "errands"
        for row in rows
    ]
    said = {each["kind"]: each["payload"] for each in exported}
    assert said == {
        "attributes": {"attributes": {"tier": "gold"}},
        "note": {"note": "Ask."},
        "message": {"channels": ["EMAIL"], "template": "t"},
    }


async def test_what_a_message_can_tell_of_is_what_its_journey_began_with(desk):
    await desk.take(viewed(), starting_of=for_all({"view": [mail()]}))
    await desk.look(NOON_US, facts(cart=CART))
    found = await only(desk)
    assert await desk.errands.beginning_of(found.journey_id) == Beginning(CART, viewed().offer_no)
    assert await desk.errands.beginning_of("") == Beginning()


async def test_letters_that_wait_by_the_dozen_let_what_is_no_letter_pass(desk):
    people = [f"p{number}" for number in range(5)]
    await begin(desk, None, *people)
    noted = scenario(stage("later", note="Ask."), scenario="noted")
    await desk.take(
        replace(viewed(BOB), time_us=NOON_US + 1), starting_of=for_all({"view": [noted]})
    )
    await desk.look(NOON_US + 1)
    found = await desk.errands.claim("worker", NOON_US + 1, LEASE_S, 2)
    assert (len(found), BOB in {each.person_id for each in found}) == (3, True)
    assert await desk.errands.claim("worker", NOON_US + 1, LEASE_S, 2, {EMAIL: 2}) == []
    assert len(await desk.errands.claim("worker", NOON_US + 1, LEASE_S, 2, {EMAIL: 1})) == 1
    assert await desk.errands.next_due_us([INWARD]) == 0
    assert await desk.errands.next_due_us([INWARD, EMAIL]) == NOON_US


def test_every_channel_that_messages_go_by_has_a_lane_of_its_own():
    assert sorted(MESSAGE_CHANNELS) == sorted(CHANNELS)
