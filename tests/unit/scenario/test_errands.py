"""What becomes of messages, attributes and notes, on journeys in memory."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.best_channel import PassedOver, Weighed
from services.scenario.domain.effects import SetAttributes
from services.scenario.domain.errand_steps import carried, put_off
from services.scenario.domain.errands import LONGEST_TRIED_US, Dispatch, Step
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Outcome
from services.scenario.domain.outbound import NO_ADDRESS, Fate, Message, Result
from services.scenario.domain.taking import take_events
from services.scenario.domain.wording import told
from services.scenario.errands import doing
from services.scenario.messages import carrying
from services.scenario.messages.channels import channel_name
from shared.errors import FailedPrecondition, Overloaded, PermissionDenied
from shared.testing.background import until
from tests.properties import examples
from tests.unit.scenario.outside import EMAIL, SENT, SMS, Gateway, House, State, Writer
from tests.unit.scenario.playing import ADA, BOB, DAY_US, HOUR_US, NOON_US, for_all
from tests.unit.scenario.writing import scenario, stage
from touchpoint.common.v1.snapshot_pb2 import Traits
from touchpoint.common.v1.vocabulary_pb2 import Channel

LATER = Result(Fate.LATER, "the gateway answered 429", after_s=90.0)
REFUSED = Result(Fate.FAILED, "the gateway answered 422")
LOST = Result(Fate.UNKNOWN, "the gateway did not answer")


def mail(**fields):
    """A message, then a week in which something may be heard of it."""
    heard = [
        {"on": [f"message_{word}"], "to": "end", "as": word}
        for word in ("sent", "skipped", "failed", "unknown")
    ]
    return scenario(stage("write", send="hello", lasts=7 * DAY_US, on=heard, **fields))


def on(*channels, lasts=DAY_US, name="s", **more):
    """A scenario of one stage that sends a message on one of some channels."""
    made = stage("write", lasts=lasts)
    ParseDict({"template": "hello", "channels": list(channels), **more}, made.send)
    return scenario(made, scenario=name)


async def journey_of(house):
    return house.store.journeys["j"]


async def begun(gateway=None, made=None, **more):
    house = House(gateway, **more)
    await house.begin(made or mail())
    return house


async def test_a_message_is_sent_once_told_of_once_and_its_journey_hears_of_it():
    house = await begun()
    assert await house.work() == 1
    assert (house.states, house.gateway.arrived) == ([State.SENT], [house.only.errand_id])
    (told,) = house.log.events.values()
    assert (told.type, told.channel, told.event_id) == (
        "contact_sent",
        EMAIL,
        house.only.contact_id,
    )
    journey = await journey_of(house)
    assert (journey.outcome, journey.ended_as) == (Outcome.LEFT, "sent")
    assert house.news == [{State.SENT}], "timers hear at once, and once"
    assert await house.work(4000.0) == 0


async def test_what_is_refused_to_the_house_is_told_and_given_up_after_a_while():
    class Refused(Writer):
        async def compose(self, draft, channel):
            raise PermissionDenied("TOUCHPOINT_MAY_REACH", reason="MAY_NOT_REACH")

    house = await begun(made=on("EMAIL", lasts=0))
    house.writer = Refused()
    await house.work()
    assert (house.only.state, house.only.reason) == (State.WAITING, "refused: MAY_NOT_REACH")
    assert house.person.held == set(), "the contact is given back"
    await house.work_off()
    assert house.only.state is State.FAILED
    assert "given up after 20 hours" in house.only.reason


async def test_a_person_who_may_not_be_asked_for_is_given_up_after_a_while():
    house = await begun(made=on("EMAIL", lasts=0))

    async def refuse(*_):
        raise FailedPrecondition("not set up", reason="NOT_SET_UP")

    house.person.reserve = refuse
    await house.work_off()
    assert (house.only.state, house.gateway.arrived) == (State.FAILED, [])


@pytest.mark.parametrize("is_message", [True, False])
async def test_an_attribute_that_is_refused_is_given_up_and_what_was_sent_stays_sent(is_message):
    house = await begun(made=on("EMAIL", lasts=0))

    async def refuse(dispatch):
        raise PermissionDenied("no", reason="MAY_NOT")

    house.log.write = refuse
    if is_message:
        await house.work()
        assert (house.only.state, house.only.is_open) == (State.SENT, True)
    else:
        house.change(job=SetAttributes((("a", "b"),)))
        await house.work_off()
        assert (house.only.state, house.only.is_open) == (State.FAILED, False)


async def test_whoever_takes_their_consent_back_while_it_is_written_is_not_written_to():
    class Slow(Writer):
        async def compose(self, draft, channel):
            house.person.snapshot.refusals.append("marketing")
            return await super().compose(draft, channel)

    house = await begun()
    house.writer = Slow()
    await house.work()
    assert (house.only.state, house.only.reason) == (State.SKIPPED, "NO_CONSENT")
    assert (house.gateway.arrived, house.person.held) == ([], set())


async def test_what_is_in_force_for_a_message_is_asked_by_the_oldest_id_of_its_person():
    house = await begun()
    house.person.snapshot.person_ids[:] = [BOB, ADA]
    asked, compose = [], house.writer.compose

    async def compose_and_note(draft, channel):
        asked.append((draft.person_id, draft.oldest_id))
        return await compose(draft, channel)

    house.writer.compose = compose_and_note
    await house.work()
    assert asked == [(ADA, BOB)]


async def test_nobody_who_refuses_is_written_to():
    house = await begun(refusals=["marketing:EMAIL"])
    await house.work()
    assert (house.only.state, house.only.reason) == (State.SKIPPED, "NO_CONSENT")
    assert (house.gateway.arrived, house.log.events) == ([], {})
    assert (await journey_of(house)).ended_as == "skipped"


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ({"consents": []}, False),
        ({"consents": ["marketing"]}, True),
        ({"consents": ["marketing:EMAIL"]}, True),
        ({"consents": ["marketing:SMS", "newsletter"]}, False),
        ({"consents": ["marketing:EMAIL"], "refusals": ["marketing"]}, False),
        ({"consents": ["marketing"], "refusals": ["marketing:SMS"]}, True),
    ],
)
async def test_only_who_agreed_to_it_this_way_is_written_to(said, may):
    house = await begun(**said)
    await house.work()
    assert (len(house.gateway.arrived), house.only.state) == (
        (1, State.SENT) if may else (0, State.SKIPPED)
    )


async def test_the_refusal_of_the_messages_own_purpose_counts_and_no_other():
    made = on("EMAIL", purpose="transactional")
    house = await begun(made=made, consents=[], refusals=["marketing"])
    await house.work()
    assert house.only.state is State.SENT


async def test_nobody_is_written_to_who_is_nobody_any_more():
    house = await begun()
    house.person.snapshot.Clear()
    await house.work()
    assert (house.only.state, house.only.reason) == (State.SKIPPED, "NOBODY")


async def test_a_message_of_a_scenario_that_was_taken_out_is_not_sent():
    house = await begun()
    house.taken_out.add("s")
    await house.work()
    assert (house.only.state, house.only.reason) == (State.SKIPPED, "NOT_IN_FORCE")
    assert house.gateway.arrived == []


async def test_a_message_waits_until_the_contact_limit_has_room():
    house = await begun()
    house.person.full_until_us = {EMAIL: NOON_US + DAY_US}
    await house.work()
    assert (house.only.state, house.only.due_us) == (State.WAITING, NOON_US + DAY_US)
    assert house.only.reason == "CONTACT_LIMIT"
    assert await house.work(4000.0) == 0
    house.person.full_until_us = {}
    house.clock.advance(timedelta(days=1))
    await house.work()
    assert house.only.state is State.SENT


async def test_a_message_in_quiet_hours_waits_for_their_end_and_says_so():
    house = await begun()
    house.person.full_until_us = {EMAIL: NOON_US + HOUR_US}
    house.person.reason = "QUIET_HOURS"
    await house.work()
    assert (house.only.reason, house.only.due_us) == ("QUIET_HOURS", NOON_US + HOUR_US)


async def test_a_message_for_which_there_is_no_room_in_its_time_is_skipped():
    house = await begun()
    house.person.full_until_us = {EMAIL: NOON_US + 8 * DAY_US}
    await house.work()
    assert (house.only.state, house.only.reason) == (State.SKIPPED, "CONTACT_LIMIT")


async def test_a_message_whose_time_is_over_is_not_sent():
    house = await begun()
    house.clock.advance(timedelta(days=8))
    await house.work()
    assert (house.only.state, house.only.reason) == (State.SKIPPED, "TOO_LATE")


async def test_while_profile_does_not_answer_a_message_is_left_as_it_is():
    house = await begun()
    house.person.is_silent = True
    await house.work()
    assert (house.only.state, house.gateway.arrived) == (State.WAITING, [])
    house.person.is_silent = False
    await house.work(61.0)
    assert house.only.state is State.SENT


async def test_a_carrier_that_asks_for_it_later_gets_it_later_under_a_contact_of_its_own():
    house = await begun(Gateway((False, LATER), (True, SENT)))
    await house.work()
    assert (house.only.state, house.only.setbacks) == (State.WAITING, 1)
    assert house.person.held == set()
    assert await house.work(89.0) == 0
    assert await house.work(2.0) == 1
    assert house.only.state is State.SENT
    assert house.person.held == {house.only.contact_id}


async def test_a_carrier_that_never_takes_it_is_given_up():
    house = await begun(Gateway((False, LATER)))
    await house.work_off()
    assert (house.only.state, house.only.reason) == (
        State.FAILED,
        "the gateway answered 429; given up after 20 hours",
    )
    assert (await journey_of(house)).ended_as == "failed"
    assert house.person.held == set()


NEW = Dispatch("e", ADA, MessageOrder((EMAIL,), "hello"), 0)


@pytest.mark.parametrize(("fate", "most"), [(Fate.LATER, 40), (Fate.UNKNOWN, 30)])
def test_a_carrier_is_tried_for_twenty_hours_ever_more_rarely(fate, most):
    now_us, pauses, step = NOON_US, [], Step(NEW)
    while step.dispatch.is_open:
        step = carried(step.dispatch, Result(fate, "full"), now_us)
        pauses.append(step.pause_s)
        now_us += int(step.pause_s * 1e6)
    assert 20 <= (now_us - NOON_US) / HOUR_US <= 21
    assert pauses[:-1] == sorted(pauses[:-1])
    assert len(pauses) < most


def test_one_that_was_put_off_meanwhile_is_tried_as_long_again():
    refused = carried(NEW, Result(Fate.LATER, "full"), NOON_US).dispatch
    waits = put_off(refused, NOON_US + DAY_US, "CONTACT_LIMIT", NOON_US).dispatch
    later_us = NOON_US + DAY_US
    assert carried(waits, Result(Fate.LATER, "full"), later_us).dispatch.is_open
    assert not carried(refused, Result(Fate.LATER, "full"), later_us).dispatch.is_open


def test_no_carrier_is_left_alone_for_more_than_a_day():
    patient = NEW
    assert carried(patient, Result(Fate.LATER, "full", after_s=1e6), NOON_US).pause_s == 86_400.0


async def test_what_a_carrier_refuses_has_failed_and_counts_as_no_contact():
    house = await begun(Gateway((False, REFUSED)))
    await house.work()
    assert (house.only.state, house.only.reason) == (State.FAILED, REFUSED.reason)
    assert (house.person.held, house.log.events) == (set(), {})


async def test_what_may_have_been_sent_is_never_carried_again_by_who_knows_no_keys():
    house = await begun(Gateway((True, LOST)))
    await house.work_off()
    assert (house.states, len(house.gateway.arrived)) == ([State.UNKNOWN], 1)
    assert (await journey_of(house)).ended_as == "unknown"
    assert house.person.held == {house.only.contact_id}, "it may have been a contact"


async def test_what_may_have_been_sent_is_asked_about_where_that_can_be():
    house = await begun(Gateway((True, LOST), can_be_asked=True))
    await house.work()
    assert house.only.state is State.UNKNOWN
    assert (await journey_of(house)).ended_as == "", "nothing is known yet"
    await house.work(2.0)
    assert (house.only.state, len(house.gateway.arrived)) == (State.SENT, 1)
    assert (await journey_of(house)).ended_as == "sent"


async def test_what_turns_out_not_to_have_been_sent_is_sent():
    house = await begun(Gateway((False, LOST), (True, SENT), can_be_asked=True))
    await house.work_off()
    assert (house.only.state, len(house.gateway.arrived)) == (State.SENT, 1)


async def test_a_carrier_that_never_says_what_became_of_it_is_asked_only_so_long():
    gateway = Gateway((True, LOST), can_be_asked=True)
    gateway.is_dumb = True
    house = await begun(gateway)
    await house.work_off()
    assert house.only.state is State.UNKNOWN
    assert 20 <= len(gateway.asked) <= 22, "hourly, as time goes in this house"


async def test_what_its_carrier_may_have_forgotten_is_not_carried_again():
    house = await begun(Gateway((True, LOST), knows_keys=True))
    await house.work()
    house.clock.advance(timedelta(microseconds=LONGEST_TRIED_US))
    house.gateway.knows_keys = False  # it knew the key for a day
    await house.work(3600.0)
    assert (house.only.state, house.only.is_open) == (State.UNKNOWN, False)
    assert (len(house.gateway.arrived), house.only.reason) == (1, LOST.reason)


async def test_what_may_have_been_sent_stays_in_doubt_while_it_cannot_be_written_again():
    house = await begun(Gateway((False, LOST), (True, SENT), knows_keys=True))
    await house.work()
    house.writer.instead[EMAIL] = Result(Fate.LATER, "the ranker is not there")
    await house.work(2.0)
    assert (house.only.state, house.only.is_open, house.only.doubts) == (State.UNKNOWN, True, 2)
    house.writer.instead.clear()
    await house.work_off()
    assert house.only.state is State.SENT


def silenced(house, is_silent):
    house.person.is_silent = is_silent


def full(house, is_full):
    """Let the ledger be overloaded."""

    async def refuse(*_):
        raise Overloaded

    if is_full:
        house.person.reserve = refuse
    else:
        del house.person.reserve


def broken(house, is_broken):
    async def fail(*_):
        raise KeyError("nothing of this kind")

    if is_broken:
        house.writer.compose = fail
    else:
        del house.writer.compose


@pytest.mark.parametrize(
    ("hold_up", "obstacle"),
    [
        (silenced, "held up (UNAVAILABLE)"),
        (full, "held up (OVERLOADED)"),
        (broken, "held up by a defect (KeyError)"),
    ],
)
async def test_what_holds_a_message_up_is_told_until_it_goes_on(hold_up, obstacle):
    house = await begun()
    hold_up(house, True)
    await house.work()
    assert (house.only.state, house.only.reason) == (State.WAITING, "")
    assert house.only.told_reason == obstacle
    assert told(house.only, channel_name) == f"hello waits to be sent: {obstacle}"
    hold_up(house, False)
    await house.work(60.0)
    assert (house.only.state, house.only.told_reason) == (State.SENT, "")


async def test_a_message_that_was_held_up_until_it_was_too_late_says_by_what():
    house = await begun()
    house.person.is_silent = True
    await house.work()
    house.clock.advance(timedelta(days=8))
    await house.work(60.0)
    assert (house.only.state, house.only.reason) == (
        State.SKIPPED,
        "TOO_LATE: held up (UNAVAILABLE)",
    )


async def test_a_message_in_doubt_that_is_held_up_knows_its_doubt_still():
    house = await begun(Gateway((True, LOST), knows_keys=True))
    await house.work()
    house.person.is_silent = True
    await house.work(2.0)
    assert house.only.told_reason == "held up (UNAVAILABLE)"
    house.person.is_silent = False
    house.person.snapshot.refusals.append("marketing")
    await house.work(60.0)
    assert house.only.told_reason == f"{LOST.reason}; it may not be sent any more"


async def test_what_waits_for_a_likely_hour_waits_for_it_once_whoever_holds_it_up():
    traits = Traits(hours=[19], hour_shares=[0.6])
    house, mails, _, made = two_channels(traits=traits, time_zone="UTC")
    await house.begin(made)
    await house.work()
    house.clock.advance(timedelta(hours=12))
    house.person.is_silent = True
    await house.work()
    house.person.is_silent = False
    await house.work(60.0)
    assert len(mails.arrived) == 1


async def test_a_log_that_does_not_answer_is_told_of_what_is_out_already():
    house = await begun()
    house.log.failures = 1
    await house.work()
    assert (house.only.state, house.only.told_reason) == (State.SENT, "held up (UNAVAILABLE)")
    await house.work(60.0)
    assert (house.only.is_open, house.only.told_reason) == (False, "")


async def test_what_may_have_been_sent_is_carried_again_by_who_knows_its_key():
    house = await begun(Gateway((True, LOST), (True, SENT), knows_keys=True))
    await house.work_off()
    assert (house.only.state, len(house.gateway.arrived)) == (State.SENT, 1)


async def test_what_was_in_doubt_and_is_refused_now_may_still_have_been_sent():
    house = await begun(Gateway((True, LOST), (False, REFUSED), knows_keys=True))
    await house.work_off()
    assert house.only.state is State.UNKNOWN


async def test_what_may_have_been_sent_is_not_carried_again_to_who_refuses_meanwhile():
    house = await begun(Gateway((False, LOST), (True, SENT), knows_keys=True))
    await house.work()
    house.person.snapshot.refusals.append("marketing")
    await house.work_off()
    assert (house.only.state, house.gateway.arrived) == (State.UNKNOWN, [])


@pytest.mark.parametrize("point", ["before_carrying", "after_carrying"])
async def test_of_a_worker_that_dies_on_the_way_nobody_knows_whether_it_was_sent(point):
    house = await begun()
    house.deaths = (point,)
    await house.work()
    assert house.only.state is State.SENDING
    assert await house.work() == 0, "its lease goes on"
    await house.work_off()
    assert house.only.state is State.UNKNOWN
    assert len(house.gateway.arrived) == (point == "after_carrying")


async def test_a_worker_that_wakes_after_its_lease_sends_nothing_beside_its_successor():
    house = await begun()
    written, go_on = asyncio.Event(), asyncio.Event()
    compose = house.writer.compose

    async def compose_frozen(draft, channel):
        written.set()
        await go_on.wait()
        return await compose(draft, channel)

    house.writer.compose = compose_frozen
    frozen = asyncio.create_task(house.worker().work_once())
    await written.wait()
    house.writer.compose = compose
    await house.work(3 * 31.0)
    assert house.only.state is State.SENT
    go_on.set()
    await frozen
    assert len(house.gateway.arrived) == 1
    assert len(house.log.events) == 1


async def test_a_worker_frozen_once_it_may_send_leaves_that_to_its_successor():
    house = await begun()
    house.sending_s = iter([0.0, 100.0]).__next__
    await house.work()
    assert (house.only.state, house.gateway.arrived) == (State.SENDING, [])


async def test_a_carrier_that_breaks_in_our_hands_may_have_sent_it():
    house = await begun(Gateway((True, RuntimeError("broken"))))
    await house.work_off()
    assert (house.only.state, house.only.reason) == (
        State.UNKNOWN,
        "its carrier failed (RuntimeError)",
    )


async def test_the_log_of_the_person_is_told_when_it_answers_again():
    house = await begun()
    house.log.failures = 3
    await house.work_off()
    assert (house.only.state, len(house.log.events)) == (State.SENT, 1)
    assert len(house.gateway.arrived) == 1


async def test_a_message_of_a_journey_that_was_cut_short_is_not_sent():
    made = scenario(stage("write", send="hello", lasts=DAY_US), goals=["purchase"])
    house = await begun(made=made)
    bought = Happened(ADA, "purchase", NOON_US, 0, {"event.type": "purchase"})
    async with house.store.transaction() as transaction:
        await take_events(transaction, [bought], for_all({}), NOON_US, lambda _: "other")
    assert await house.work() == 0
    assert (house.states, house.gateway.arrived) == ([State.CANCELLED], [])


async def test_a_goal_reached_while_it_is_written_keeps_it_in_the_house():
    made = scenario(stage("write", send="hello", lasts=DAY_US), goals=["purchase"])
    house = await begun(made=made)
    compose = house.writer.compose

    async def compose_slowly(draft, channel):
        bought = Happened(ADA, "purchase", NOON_US, 0, {"event.type": "purchase"})
        async with house.store.transaction() as transaction:
            await take_events(transaction, [bought], for_all({}), NOON_US, lambda _: "other")
        return await compose(draft, channel)

    house.writer.compose = compose_slowly
    await house.work()
    assert (house.states, house.gateway.arrived) == ([State.CANCELLED], [])


async def test_nothing_worth_sending_is_a_message_skipped_that_spends_no_contact():
    house = await begun()
    house.writer.instead[EMAIL] = Result(Fate.SKIPPED, "nothing is worth sending")
    await house.work()
    assert (house.only.state, house.only.reason) == (State.SKIPPED, "nothing is worth sending")
    assert house.person.held == set()


async def test_what_cannot_be_written_now_is_written_later_under_a_contact_of_its_own():
    house = await begun()
    house.writer.instead[EMAIL] = Result(Fate.LATER, "the ranker is not there", after_s=5.0)
    await house.work()
    assert (house.only.state, house.person.held) == (State.WAITING, set())
    house.writer.instead.clear()
    await house.work(6.0)
    assert house.only.state is State.SENT


async def test_what_takes_too_long_to_write_is_written_later(monkeypatch):
    monkeypatch.setattr(carrying, "_LONGEST_WRITING_S", 0.01)
    house = await begun()
    compose = house.writer.compose

    async def never(errand, channel):
        await asyncio.Event().wait()

    house.writer.compose = never
    await house.work()
    assert (house.only.state, house.only.setbacks) == (State.WAITING, 1)
    house.writer.compose = compose
    await house.work(2.0)
    assert house.only.state is State.SENT


async def test_a_defect_in_what_it_says_fails_visibly_and_not_for_ever():
    house = await begun()

    async def broken(errand, channel):
        raise KeyError("nothing of this kind")

    house.writer.compose = broken
    worker = house.worker()
    for _ in range(20):
        house.machine.now_s += 100.0
        await worker.work_once()
    assert (house.only.state, house.only.reason) == (
        State.FAILED,
        "it cannot be done (KeyError)",
    )


async def test_without_a_carrier_a_message_fails_and_says_what_is_missing():
    house = await begun(made=on("SMS"))
    await house.work()
    assert (house.only.state, house.only.reason) == (
        State.FAILED,
        "no carrier is set up for SMS",
    )


def two_channels(**snapshot):
    mails, texts = Gateway(), Gateway()
    carriages = {EMAIL: mails.carriage, SMS: texts.carriage}
    made = on("EMAIL", "SMS", lasts=2 * DAY_US)
    return House(carriages=carriages, **snapshot), mails, texts, made


async def test_of_several_channels_it_takes_the_one_on_which_they_answer_and_says_why():
    traits = Traits()
    traits.answers.channels.append(Channel.SMS)
    traits.answers.shown.append(10.0)
    traits.answers.accepted_shares.append(0.5)
    traits.answers.emails_sent, traits.answers.email_open_share = 20.0, 0.05
    house, mails, texts, made = two_channels(traits=traits)
    await house.begin(made)
    await house.work()
    assert (len(texts.arrived), mails.arrived) == (1, [])
    said = "SMS 39%: 50% of 10.0 answered there; rather than EMAIL 6%"
    assert house.only.why == said
    [mail] = house.only.passed_over
    assert (mail.channel, mail.reason) == (EMAIL, "LESS_LIKELY")
    assert mail.likelihood == pytest.approx((20 * 0.05 + 4 * 0.1) / 24)


async def test_the_next_best_channel_is_taken_where_the_best_is_refused_full_or_has_no_address():
    for change, said in (
        ("refused", "no consent"),
        ("full", "approached as often as the contact limit allows"),
        ("no_address", "no address"),
    ):
        traits = Traits()
        traits.answers.emails_sent, traits.answers.email_open_share = 20.0, 0.9
        house, mails, texts, made = two_channels(traits=traits)
        if change == "refused":
            house.person.snapshot.refusals.append("marketing:EMAIL")
        elif change == "full":
            house.person.full_until_us[EMAIL] = NOON_US + DAY_US
        else:
            house.writer.instead[EMAIL] = Result(Fate.SKIPPED, NO_ADDRESS)
        await house.begin(made)
        await house.work()
        assert (mails.arrived, len(texts.arrived)) == ([], 1), change
        known = "SMS 10%: nothing is known of answers there"
        assert house.only.why == f"{known}; not EMAIL: {said}"


async def test_a_call_that_was_not_made_is_told_with_what_was_sent_instead():
    house, mails, _, _ = two_channels(refusals=["marketing:SMS"])
    made = scenario(
        stage(
            "write",
            send={"template": "hello", "channels": ["EMAIL", "SMS", "PUSH", "CALL_CENTER"]},
            task={"kind": "call", "reason": "It was sold out."},
            lasts=2 * DAY_US,
        )
    )
    not_called = PassedOver(int(Channel.CALL_CENTER), 0.3, "NO_AGENT")
    weighed = {"write": Weighed(0.3, passed_over=(not_called,))}
    await house.begin(made, weighed=weighed)
    await house.work()
    assert len(mails.arrived) == 1
    assert house.only.why.endswith(
        "; not SMS: no consent; not PUSH: no carrier is set up; "
        "not CALL_CENTER: nobody with its skills is there"
    )
    assert house.only.passed_over[-1] == not_called


async def test_of_what_goes_by_none_of_its_channels_each_is_told():
    house, mails, texts, made = two_channels(refusals=["marketing:SMS"])
    house.writer.instead[EMAIL] = Result(Fate.SKIPPED, NO_ADDRESS)
    await house.begin(made)
    await house.work()
    assert (mails.arrived, texts.arrived) == ([], [])
    assert (house.only.state, house.only.reason) == (State.SKIPPED, NO_ADDRESS)
    assert house.only.why == "not SMS: no consent; not EMAIL: no address"


async def test_of_several_channels_it_waits_for_an_hour_in_which_they_are_there():
    traits = Traits(hours=[19], hour_shares=[0.6])
    house, mails, _, made = two_channels(traits=traits, time_zone="UTC")
    await house.begin(made)
    await house.work()
    assert (house.only.reason, house.only.due_us) == ("LIKELY_HOUR", NOON_US + 7 * HOUR_US)
    house.clock.advance(timedelta(hours=7))
    await house.work()
    assert len(mails.arrived) == 1
    assert house.only.why.endswith(
        "; at 19:00, one of the hours in which they do most (19:00); rather than SMS 10%"
    )


async def test_a_message_waits_once_for_an_hour_and_not_for_another_one():
    traits = Traits(hours=[19], hour_shares=[0.6])
    house, mails, _, made = two_channels(traits=traits, time_zone="UTC")
    await house.begin(made)
    await house.work()
    house.clock.advance(timedelta(hours=8))
    await house.work()
    assert len(mails.arrived) == 1
    assert "one of the hours" not in house.only.why


async def test_what_is_decided_for_it_counts_under_its_own_contact_and_is_told_with_it():
    house = await begun(made=on("EMAIL", placement="email.body"))
    house.writer.instead[EMAIL] = Message(EMAIL, "a@b.c", decision_id="d", offer_ids=("o",))
    await house.work()
    assert house.person.held == {house.only.contact_id}
    (told_event,) = house.log.events.values()
    assert (told_event.decision_id, told_event.offer_id) == ("d", "o")
    assert (told_event.event_id, told_event.placement) == (house.only.contact_id, "email.body")


async def test_attributes_and_notes_are_brought_to_the_person_once():
    house = await begun(made=scenario(stage("a", set={"tier": "gold"}, note="Ask for shoes.")))
    house.log.failures = 2
    await house.work_off()
    assert house.states == [State.SENT, State.SENT]
    told = {each.type: dict(each.attributes) for each in house.log.events.values()}
    assert told == {
        "attribute_set": {"attribute": "tier", "value": "gold"},
        "crm_note": {"text": "Ask for shoes."},
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "hello waits to be sent"),
        ({"reason": "QUIET_HOURS"}, "hello waits to be sent: QUIET_HOURS"),
        ({"state": State.SENDING, "channel": SMS}, "hello is being sent by SMS"),
        ({"state": State.SENT, "channel": SMS}, "hello was sent by SMS"),
        ({"state": State.SKIPPED, "reason": "NO_CONSENT"}, "hello was not sent: NO_CONSENT"),
        ({"state": State.FAILED, "reason": "no"}, "hello could not be sent: no"),
        (
            {"state": State.UNKNOWN, "channel": EMAIL, "reason": "lost"},
            "hello may have been sent by EMAIL: lost",
        ),
        ({"state": State.CANCELLED}, "hello was cancelled"),
    ],
)
async def test_how_far_a_message_is_is_said_in_words(fields, said):
    house = await begun()
    assert told(replace(house.only, **fields), channel_name) == said


class Hanging(Gateway):
    """Takes a message and says so when it is let go."""

    def __init__(self):
        super().__init__()
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def carry(self, message, key):
        self.has_begun.set()
        await self.may_end.wait()
        return await super().carry(message, key)


async def test_while_one_carrier_hangs_others_go_on_and_a_stop_waits_for_what_is_being_sent(
    monkeypatch,
):
    monkeypatch.setattr(doing, "BATCH", 1)  # its whole lane is taken
    hanging, texts = Hanging(), Gateway()
    house = House(carriages={EMAIL: hanging.carriage, SMS: texts.carriage})
    await house.begin(on("EMAIL"))
    working = asyncio.create_task(house.worker().run())
    await hanging.has_begun.wait()
    await house.begin(on("SMS", name="texts"), "another")
    await until(lambda: len(texts.arrived) == 1)
    working.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not working.done()
    hanging.may_end.set()
    await asyncio.gather(working, return_exceptions=True)
    assert house.states == [State.SENT, State.SENT]


ANSWERS = st.tuples(st.booleans(), st.sampled_from([SENT, LATER, REFUSED, LOST])).filter(
    # What is said for certain is true.
    lambda each: each[1] is LOST or each[0] is (each[1] is SENT)
)
DEATHS = st.sampled_from(
    [(), (), ("before_carrying",), ("after_carrying",), ("before_carrying", "after_carrying")]
)


@examples(150)
@given(
    answers=st.lists(ANSWERS, min_size=1, max_size=6),
    deaths=st.lists(DEATHS, max_size=12),
    knows_keys=st.booleans(),
    can_be_asked=st.booleans(),
    log_failures=st.integers(0, 3),
)
def test_whatever_fails_when_nobody_gets_a_message_twice_and_what_is_said_of_it_is_true(
    answers, deaths, knows_keys, can_be_asked, log_failures
):
    async def play():
        gateway = Gateway(*answers, knows_keys=knows_keys, can_be_asked=can_be_asked)
        house = await begun(gateway)
        house.log.failures = log_failures
        for each in deaths:
            house.deaths = each
            await house.work(50.0)
        house.deaths = ()
        await house.work_off()
        last = house.only
        assert len(gateway.arrived) <= 1
        assert set(gateway.arrived) <= {last.errand_id}
        if last.state is State.SENT:
            assert len(gateway.arrived) == 1
            assert len(house.log.events) == 1
            assert house.person.held == {last.contact_id}
        else:
            assert last.state in (State.FAILED, State.UNKNOWN)
            assert house.log.events == {}
        if last.state is State.FAILED:
            assert gateway.arrived == []
            assert house.person.held == set()
        ended_as = (await journey_of(house)).ended_as
        assert ended_as == last.state.value

    asyncio.run(play())
