"""States kept event by event equal those folded from the log, and old ones are folded anew."""

import math
import random

import pytest

from services.profile.domain import aversions
from services.profile.domain.importing import fold_history
from services.profile.domain.lookup import find_person
from services.profile.domain.ports import Changes
from services.profile.domain.recording import import_history, record
from services.profile.domain.refolding import PERSONS, RENEWED, refold_some
from services.profile.domain.state import State, prune
from services.profile.storage.in_memory import InMemoryProfiles
from services.profile.storage.refolding import Refolding
from shared.testing.clock import FakeClock
from tests.contract.profile.desk import MINUTE_US, NOW_US, identity

DAY_US = 86_400_000_000
ADA = identity("customer", "ada")
BOB = identity("customer", "bob")
WEIGHTS = frozenset({"categories", "brands", "habits"})
KINDS = (
    *("view", "purchase", "return", "add_to_cart", "remove_from_cart", "decline", "accept"),
    *("ignore", "impression", "complaint", "preference", "contact_sent", "email_open"),
    *("email_click", "checkout_started", "page_view", "question_asked"),
)


@pytest.fixture
def make_outdated(store, postgres_store):
    """Return what makes persons' states those of an older version that had none of the new."""

    async def make(*who):
        async with store.transaction() as transaction:
            found = await transaction.resolve([each.key for each in who])
            groups = sorted({known.group_id for known in found.values()})
            members = await transaction.lock(groups)
            for member in members:
                for part in RENEWED:
                    getattr(member.state, part)
                    setattr(member.state, part, getattr(State(), part))
            await transaction.save(Changes(NOW_US, members=list(members)))
        persons = [member.person_id for member in members]
        if isinstance(store, InMemoryProfiles):
            store._tables.outdated.update(persons)
        else:
            await postgres_store._database.execute(
                "UPDATE profiles SET fold_version = 1 WHERE person_id = ANY($1::uuid[])", persons
            )

    return make


def lived(desk, who, seed, count=60):
    """Return what somebody did in a year, in no order."""
    chance = random.Random(seed)
    return [
        desk.arrival(
            who,
            kind=chance.choice(KINDS),
            time_us=NOW_US - chance.randrange(360 * DAY_US),
            offer_no=(number := chance.randrange(1, 9)),
            family_no=(number + 1) // 2,
            category=chance.choice(["", "Shoes", "Food > Coffee"]),
            brand=chance.choice(["", "Fleet", "Abacus"]),
            price_micros=chance.choice([0, 10_000_000]),
            quantity=float(chance.randrange(1, 4)),
            value_micros=chance.randrange(1, 30_000_000),
            order_id=f"o{chance.randrange(9)}",
            gift=chance.random() < 0.1,
            duration_s=float(chance.randrange(90)),
            variant=chance.choice(["", '{"size":"40"}', '{"size":"41"}']),
            topic=chance.randrange(4),
            details=chance.choice(
                [
                    {},
                    {"sentiment": "dislike", "brand": "Fleet"},
                    {"rate": "1.08 USD 2026-01-01"},
                    {"rate": "0 USD"},
                ]
            ),
        )
        for _ in range(count)
    ]


async def recorded(desk, arrivals):
    for start in range(0, len(arrivals), 7):
        batch = [each._replace(place=at) for at, each in enumerate(arrivals[start : start + 7])]
        outcome = await record(desk.store, batch, may_link=True, now_us=NOW_US, new_id=desk.new_id)
        assert not outcome.rejected


async def state_of(desk, who):
    state = (await find_person(desk.store, [who], "")).state()
    prune(state)  # a stored log holds a few more events than it will keep
    return state


async def refolded(desk):
    persons = 0
    while some := await refold_some(desk.store, NOW_US):
        persons += some
    return persons


def assert_same(one, other, parts):
    for part in parts:
        mine, theirs = getattr(one, part), getattr(other, part)
        if part in WEIGHTS:
            assert mine.keys() == theirs.keys(), part
            assert all(math.isclose(mine[key], theirs[key], rel_tol=1e-9) for key in mine), part
        else:
            assert mine == theirs, part


async def test_a_state_kept_live_equals_one_folded_from_the_log(desk, make_outdated, monkeypatch):
    everything = tuple(part for part in State.__slots__ if part not in ("arrived", "attributes"))
    monkeypatch.setattr("services.profile.domain.refolding.RENEWED", everything)
    await recorded(desk, lived(desk, ADA, 1))
    live = await state_of(desk, ADA)
    await make_outdated(ADA)
    assert not (await state_of(desk, ADA)).orders
    assert await refolded(desk) == 1
    assert_same(await state_of(desk, ADA), live, everything)


async def test_every_outdated_state_is_folded_anew_once(desk, make_outdated):
    who = [identity("customer", f"p{number}") for number in range(PERSONS + 2)]
    for seed, each in enumerate(who):
        await recorded(desk, lived(desk, each, seed, count=10))
    live = [await state_of(desk, each) for each in who]
    await make_outdated(*who)
    assert await refolded(desk) == len(who)
    assert await refolded(desk) == 0
    for before, each in zip(live, who, strict=True):
        assert_same(await state_of(desk, each), before, RENEWED)


async def test_what_only_the_old_state_knows_stays(desk, make_outdated):
    await recorded(desk, [desk.arrival(ADA, kind="purchase", offer_no=5, family_no=5)])
    async with desk.store.transaction() as transaction:
        known = await transaction.resolve([ADA.key])
        members = await transaction.lock([known[ADA.key].group_id])
        members[0].state.attributes["city"] = (NOW_US, "Bath")
        members[0].state.owned[77] = members[0].state.owned[5]
        await transaction.save(Changes(NOW_US, members=list(members)))
    await make_outdated(ADA)
    await refolded(desk)
    state = await state_of(desk, ADA)
    assert state.attributes["city"] == (NOW_US, "Bath")
    assert 77 in state.owned


async def test_what_an_import_has_not_folded_yet_is_not_counted_twice(desk, make_outdated):
    await recorded(desk, lived(desk, ADA, 2, count=5))
    await import_history(
        desk.store, lived(desk, ADA, 3, count=9), import_id="i", now_us=NOW_US, new_id=desk.new_id
    )
    await make_outdated(ADA)
    await refolded(desk)
    await fold_history(desk.store, "i", NOW_US)
    anew = await state_of(desk, ADA)
    await make_outdated(ADA)
    await refolded(desk)
    assert_same(await state_of(desk, ADA), anew, RENEWED)


async def test_events_go_on_while_states_are_folded_anew(desk, make_outdated):
    await recorded(desk, lived(desk, ADA, 4, count=9))
    await make_outdated(ADA)
    later = desk.arrival(ADA, kind="decline", offer_no=3, family_no=3, time_us=NOW_US + MINUTE_US)
    await recorded(desk, [later])
    await refolded(desk)
    state = await state_of(desk, ADA)
    assert any(evidence[-1][0] == later.event.time_us for evidence in state.aversions.values())


async def test_a_new_state_is_of_this_version(desk):
    await recorded(desk, [desk.arrival(BOB)])
    assert await refolded(desk) == 0


async def test_what_this_version_cannot_fold_costs_the_person_nothing_else(
    desk, make_outdated, monkeypatch
):
    good = desk.arrival(ADA, kind="complaint")
    bad = desk.arrival(ADA, kind="decline", offer_no=3, family_no=3)
    await recorded(desk, [good, bad])
    await make_outdated(ADA)

    def broken(*_):
        raise ValueError("not made for this")

    monkeypatch.setattr(aversions, "note", broken)
    assert await refolded(desk) == 1
    state = await state_of(desk, ADA)
    assert len(state.complaints) == 1
    assert not state.aversions


async def test_the_background_task_goes_on_until_none_is_left(desk, make_outdated, postgres_store):
    who = [identity("customer", f"p{number}") for number in range(PERSONS + 1)]
    for each in who:
        await recorded(desk, [desk.arrival(each)])
    await make_outdated(*who)
    refolding = Refolding(postgres_store._database, desk.store, FakeClock())
    assert await refolding.once() == len(who)
    assert await refolding.once() == 0
