"""What every store of journeys does."""

from services.scenario.domain.effects import Due, GiveTask, ProposeOffer
from services.scenario.domain.journey import Outcome, Phase
from services.scenario.domain.transition import Transition
from tests.contract.scenario.conftest import ALL, QUIET_US, apart, one
from tests.unit.scenario.playing import (
    ADA,
    BOB,
    CART,
    COME_BACK,
    DAY_US,
    MINUTE_US,
    NOON_US,
    event,
    facts,
)

BOTH = (ADA, BOB)


async def test_a_journey_is_kept_as_it_was_left(desk):
    await desk.take(event())
    (step,) = await desk.look(QUIET_US)
    (kept,) = await desk.store.open_for([ADA])
    assert kept == step.journey
    assert kept.cart == CART
    assert kept.answers_to == (COME_BACK,)
    assert await desk.store.open_for([BOB]) == []


async def test_a_second_event_begins_no_second_journey_and_pushes_the_first(desk):
    await desk.take(event())
    await desk.take(event("checkout_started", NOON_US + MINUTE_US))
    (kept,) = await desk.store.open_for([ADA])
    assert kept.due_us == QUIET_US + MINUTE_US


async def test_what_begins_and_ends_in_one_batch_is_over(desk):
    await desk.take(event(), event("purchase", NOON_US + MINUTE_US))
    assert await desk.store.open_for([ADA]) == []
    assert await desk.look(QUIET_US) == []


async def test_a_person_who_bought_before_anything_was_proposed_may_begin_again_at_once(desk):
    await desk.take(event(), event("purchase", NOON_US + MINUTE_US))
    await desk.take(event(time_us=NOON_US + 2 * MINUTE_US))
    assert len(await desk.store.open_for([ADA])) == 1


async def test_after_an_offer_it_begins_again_only_when_its_time_is_over(desk):
    await desk.take(event())
    await desk.look(QUIET_US)
    await desk.take(event("purchase", QUIET_US + MINUTE_US))
    again_us = QUIET_US + MINUTE_US + 7 * DAY_US
    await desk.take(event(time_us=again_us - 1))
    assert await desk.store.open_for([ADA]) == []
    await desk.take(event(time_us=again_us))
    assert len(await desk.store.open_for([ADA])) == 1


async def test_what_begins_is_what_is_in_force_for_the_oldest_of_the_set(desk):
    def starting_of(person_ids):
        return {} if person_ids[0] == BOB else ALL(person_ids)

    await desk.take(event(), event(person_id=BOB), starting_of=starting_of)
    assert len(await desk.store.open_for([ADA])) == 1
    assert await desk.store.open_for([BOB]) == []
    await desk.link(*one(1, *BOTH))
    await desk.take(event("purchase", NOON_US + 1))
    await desk.take(event(time_us=NOON_US + 2, person_id=BOB), starting_of=starting_of)
    assert len(await desk.store.open_for([BOB])) == 1


async def test_a_claim_tells_the_oldest_of_its_persons_set(desk):
    await desk.take(event(person_id=BOB))
    (claim,) = await desk.store.claim("worker", QUIET_US, 0.0, 1)
    assert claim.oldest_id == ""
    await desk.link(*one(1, *BOTH))
    (claim,) = await desk.store.claim("worker", QUIET_US, 0.0, 1)
    assert (claim.journey.person_id, claim.oldest_id) == (BOB, ADA)


async def test_nothing_is_due_before_its_time(desk):
    await desk.take(event())
    assert await desk.store.next_due_us() == QUIET_US
    assert await desk.store.claim("worker", QUIET_US - 1, 5.0, 50) == []


async def test_two_workers_never_hold_the_same_journey(desk):
    await desk.take(*(event(person_id=f"person-{number}") for number in range(20)))
    first = await desk.store.claim("one", QUIET_US, 5.0, 12)
    second = await desk.store.claim("other", QUIET_US, 5.0, 12)
    claimed = [claim.journey.journey_id for claim in (*first, *second)]
    assert (len(first), len(second), len(set(claimed))) == (12, 8, 20)
    assert await desk.store.claim("third", QUIET_US, 5.0, 12) == []
    assert await desk.store.next_due_us() == 0


async def test_a_zombie_whose_lease_ran_out_writes_nothing(desk):
    await desk.take(event())
    (zombie,) = await desk.store.claim("zombie", QUIET_US, 0.0, 1)
    (successor,) = await desk.store.claim("successor", QUIET_US, 0.0, 1)
    assert await desk.act(zombie, QUIET_US) == []
    (kept,) = await desk.store.open_for([ADA])
    assert kept.phase is Phase.QUIET
    (step,) = await desk.act(successor, QUIET_US)
    assert [due.effect for due in step.effects] == [ProposeOffer((COME_BACK,))]
    assert await desk.act(zombie, QUIET_US) == []


async def test_an_event_between_claim_and_act_takes_the_journey_from_its_worker(desk):
    await desk.take(event())
    (claim,) = await desk.store.claim("worker", QUIET_US, 5.0, 1)
    await desk.take(event("view", NOON_US + 20 * MINUTE_US))
    assert await desk.act(claim, QUIET_US) == []
    (kept,) = await desk.store.open_for([ADA])
    assert (kept.phase, kept.due_us) == (Phase.QUIET, QUIET_US + 20 * MINUTE_US)


async def test_the_same_claim_acted_on_twice_has_one_effect(desk):
    await desk.take(event())
    (claim,) = await desk.store.claim("worker", QUIET_US, 5.0, 1)
    assert len(await desk.act(claim, QUIET_US)) == 1
    assert await desk.act(claim, QUIET_US) == []


async def test_a_journey_put_off_is_nobodys_until_then(desk):
    await desk.take(event())
    (claim,) = await desk.store.claim("worker", QUIET_US, 5.0, 1)
    await desk.store.put_off(claim, 60.0)
    assert await desk.store.claim("worker", QUIET_US, 5.0, 1) == []
    await desk.store.put_off(claim, 0.0)
    assert len(await desk.store.claim("worker", QUIET_US, 5.0, 1)) == 1


async def test_the_second_stage_gives_one_task_which_ends_with_the_journey(desk):
    await desk.call_for(ADA)
    later_us = QUIET_US + 2 * DAY_US
    (task,) = await desk.store.waiting(["sales"], later_us, 10)
    assert (task.kind, task.person_ids, task.priority) == ("call", (ADA,), 10)
    assert task.script == "You had Trail shoes and 2 × Wool socks, worth 149.90 EUR."
    await desk.take(event("purchase", later_us))
    assert await desk.store.waiting(["sales"], later_us, 10) == []


async def test_a_task_is_over_when_its_stage_is(desk):
    await desk.call_for(ADA)
    end_us = QUIET_US + 5 * DAY_US
    (step,) = await desk.look(end_us)
    assert step.journey.outcome is Outcome.PASSED
    assert await desk.store.waiting(["sales"], end_us, 10) == []


async def test_a_goal_of_one_person_ends_the_journey_of_the_set(desk):
    await desk.link(*one(2, *BOTH))
    await desk.take(event(person_id=ADA))
    await desk.take(event("purchase", NOON_US + MINUTE_US, person_id=BOB))
    assert await desk.store.open_for(BOTH) == []


async def test_a_set_of_persons_is_on_one_journey_of_a_scenario_at_most(desk):
    await desk.link(*one(2, *BOTH))
    await desk.take(event(person_id=ADA), event(person_id=BOB))
    (kept,) = await desk.store.open_for(BOTH)
    assert kept.person_id == ADA


async def test_of_two_journeys_that_a_link_brings_together_the_younger_rests_until_it_is_undone(
    desk,
):
    await desk.take(event(person_id=ADA))
    await desk.take(event(person_id=BOB, time_us=NOON_US + MINUTE_US))
    await desk.link(*one(2, *BOTH))
    steps = await desk.look(QUIET_US + MINUTE_US)
    assert [step.journey.person_id for step in steps] == [ADA]
    await desk.link(*apart(3, *BOTH))
    steps = await desk.look(QUIET_US + MINUTE_US)
    assert [step.journey.person_id for step in steps] == [BOB]


async def test_an_older_word_about_a_set_changes_nothing(desk):
    await desk.link(*one(3, *BOTH))
    assert await desk.link(*apart(2, *BOTH)) == []
    await desk.take(event(person_id=ADA), event(person_id=BOB))
    assert len(await desk.store.open_for(BOTH)) == 1


async def test_with_the_journey_of_a_set_what_rested_ends_too(desk):
    await desk.take(event(person_id=ADA))
    await desk.take(event(person_id=BOB, time_us=NOON_US + MINUTE_US))
    await desk.link(*one(2, *BOTH))
    await desk.look(QUIET_US, facts(situation_holds=False))
    assert await desk.store.open_for(BOTH) == []
    await desk.link(*apart(3, *BOTH))
    assert await desk.store.open_for(BOTH) == []


async def test_erasing_deletes_journeys_and_tasks_and_what_comes_later_writes_nothing(desk):
    await desk.call_for(ADA)
    await desk.take(event(person_id=BOB))
    await desk.link(*one(2, ADA, "person-cy"))
    assert await desk.store.erase([ADA]) == 3
    await desk.take(event(time_us=NOON_US + 9 * DAY_US), event("purchase", NOON_US + 9 * DAY_US))
    await desk.link(*one(3, ADA, "person-cy"))
    assert await desk.store.open_for([ADA]) == []
    assert await desk.store.waiting(["sales"], QUIET_US + 2 * DAY_US, 10) == []
    assert len(await desk.store.open_for([BOB])) == 1
    assert await desk.store.erase([ADA]) == 0


async def test_a_worker_that_comes_back_after_an_erasure_writes_nothing(desk):
    await desk.take(event())
    (claim,) = await desk.store.claim("worker", QUIET_US, 5.0, 1)
    await desk.store.erase([ADA])
    assert await desk.act(claim, QUIET_US) == []
    assert await desk.store.open_for([ADA]) == []


async def test_with_its_offer_gone_a_journey_is_looked_at_at_once_and_parked(desk):
    await desk.take(event())
    await desk.look(QUIET_US)
    now_us = QUIET_US + MINUTE_US
    assert await desk.store.look_again([COME_BACK + 1], ["abandoned_cart"], now_us) == 0
    assert await desk.store.look_again([COME_BACK], ["abandoned_cart"], now_us) == 1
    await desk.look(now_us, facts(offers={}))
    (kept,) = await desk.store.open_for([ADA])
    assert (kept.phase, kept.offer_nos) == (Phase.PARKED, ())
    assert await desk.store.look_again([], ["abandoned_cart"], now_us + 1) == 1
    (step,) = await desk.look(now_us + 1)
    assert [due.effect for due in step.effects] == [ProposeOffer((COME_BACK,))]


async def test_without_its_scenario_a_journey_that_proposes_is_looked_at_at_once(desk):
    await desk.take(event())
    await desk.look(QUIET_US)
    assert await desk.store.look_again([], [], QUIET_US + 1) == 1


async def test_journeys_that_ended_long_ago_are_forgotten_with_their_tasks(desk):
    await desk.call_for(ADA)
    await desk.take(event("purchase", QUIET_US + 3 * DAY_US))
    await desk.take(event(person_id=BOB))
    assert await desk.store.forget_over(QUIET_US + 3 * DAY_US) == 0
    assert await desk.store.forget_over(QUIET_US + 3 * DAY_US + 1) == 1
    assert len(await desk.store.open_for([BOB])) == 1


async def test_each_stage_has_its_effect_once_over_the_whole_way(desk):
    await desk.take(event())
    effects = []
    for now_us in (QUIET_US, QUIET_US + 2 * DAY_US, QUIET_US + 5 * DAY_US):
        for _ in range(3):
            effects += [due.effect for step in await desk.look(now_us) for due in step.effects]
    assert [type(effect) for effect in effects] == [ProposeOffer, GiveTask]


async def test_an_effect_written_twice_comes_about_once(desk):
    await desk.call_for(ADA)
    (journey,) = await desk.store.open_for([ADA])
    order = journey.current.task
    due = Due(GiveTask(order, (), "", NOON_US, 0), journey.stage, journey.occurrence)
    again = Transition(journey, (due,))
    async with desk.store.transaction() as transaction:
        await transaction.save([again])
    assert len(await desk.store.waiting(["sales"], QUIET_US + 2 * DAY_US, 10)) == 1


async def test_a_goal_heard_of_before_the_link_ends_the_journey_that_the_link_brings_to_it(desk):
    await desk.take(event(person_id=ADA))
    await desk.take(event("purchase", NOON_US + MINUTE_US, person_id=BOB))
    assert len(await desk.store.open_for([ADA])) == 1
    await desk.link(*one(2, *BOTH))
    assert await desk.store.open_for(BOTH) == []


async def test_a_goal_from_before_the_journey_and_one_forgotten_end_nothing_with_the_link(desk):
    await desk.take(event("purchase", NOON_US - 1, person_id=BOB))
    await desk.take(event(person_id=ADA))
    await desk.take(event("purchase", NOON_US + 1, person_id="person-cy"))
    assert await desk.store.forget_marks(NOON_US + 1) == 1
    assert await desk.store.forget_marks(NOON_US + 2) == 1
    await desk.link(*one(2, ADA, BOB, "person-cy"))
    assert len(await desk.store.open_for([ADA])) == 1


async def test_what_was_noted_of_somebody_goes_with_them(desk):
    await desk.take(event("purchase", person_id=BOB))
    assert await desk.store.erase([BOB]) == 1
    await desk.take(event("purchase", NOON_US + 1, person_id=BOB))
    assert await desk.store.erase([BOB]) == 0
