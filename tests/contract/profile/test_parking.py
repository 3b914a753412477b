"""A poison event is parked: nothing is lost, nobody else is held up, and later it counts."""

import pytest

from services.profile.domain import cart
from services.profile.domain.fold import fold
from services.profile.domain.importing import fold_history
from services.profile.domain.lookup import find_person
from services.profile.domain.parking import reason_of
from services.profile.domain.recording import import_history, record
from services.profile.domain.replaying import MAX_AT_ONCE, replay_all
from services.profile.domain.state import State, prune
from services.profile.storage.erasing import Erasures
from services.profile.storage.parked import ParkedEvents
from services.profile.storage.refolding import Refolding
from shared.testing.clock import FakeClock
from tests.contract.profile.desk import NOW_US, SEALER, Desk, identity

ADA = identity("customer", "ada")
BOB = identity("customer", "bob")
POISONED = 7
"""An item whose purchases cannot be folded until somebody mends the code."""


@pytest.fixture
def defect(monkeypatch):
    """Make the fold of a purchase fail half-way, when a part of the state is changed already."""
    clear = cart.clear

    def broken(found, offer_no, time_us):
        if offer_no == POISONED:
            raise KeyError("a value of the event")
        clear(found, offer_no, time_us)

    with monkeypatch.context() as patched:
        patched.setattr(cart, "clear", broken)
        yield patched


def purchase(desk, who=ADA, offer_no=POISONED, **what):
    fields = {"family_no": offer_no, "value_micros": 5, "order_id": f"o{offer_no}", **what}
    return desk.arrival(who, kind="purchase", offer_no=offer_no, **fields)


async def recorded(desk, *arrivals):
    placed = [arrival._replace(place=place) for place, arrival in enumerate(arrivals)]
    return await record(desk.store, placed, may_link=True, now_us=NOW_US, new_id=desk.new_id)


async def imported(desk, *arrivals):
    await import_history(desk.store, arrivals, import_id="year", now_us=NOW_US, new_id=desk.new_id)
    return await fold_history(desk.store, "year", NOW_US)


async def replayed(desk):
    """Replay everything once; return how many count now, and how many still do not."""
    done = await replay_all(desk.store, NOW_US)
    return done.folded, done.parked


async def person(desk, who=ADA):
    return await find_person(desk.store, [who], "")


def folded(*arrivals):
    state = State()
    fold(state, [arrival.event for arrival in arrivals])
    prune(state)
    return state


def same(one, other):
    return all(getattr(one, part) == getattr(other, part) for part in State.__slots__)


async def test_it_is_acknowledged_and_holds_up_no_other(desk, defect):
    good = [desk.arrival(ADA), purchase(desk, offer_no=1), purchase(desk, BOB, offer_no=1)]
    outcome = await recorded(desk, good[0], purchase(desk), *good[1:])
    assert (outcome.accepted, outcome.rejected) == (4, [])
    ada = await person(desk)
    assert ada.seq == 3
    assert same(ada.state(), folded(*good[:2]))
    assert same((await person(desk, BOB)).state(), folded(good[2]))
    [parked] = outcome.parked.values()
    assert (parked.person_id, parked.seq) == (ada.oldest_id, 2)


async def test_it_counts_once_when_it_is_replayed_after_the_repair(desk, defect):
    arrivals = [desk.arrival(ADA), purchase(desk), desk.arrival(ADA, kind="search")]
    await recorded(desk, *arrivals)
    before = (await person(desk)).standing_token
    defect.undo()
    assert await replayed(desk) == (1, 0)
    ada = await person(desk)
    assert same(ada.state(), folded(*arrivals))
    assert (ada.seq, ada.standing_token != before) == (3, True)
    assert await replayed(desk) == (0, 0)


async def test_a_replay_before_the_repair_changes_nothing(desk, defect):
    await recorded(desk, desk.arrival(ADA), purchase(desk))
    before = await person(desk)
    assert await replayed(desk) == (0, 1)
    after = await person(desk)
    assert after.standing_token == before.standing_token
    assert same(after.state(), before.state())
    defect.undo()
    assert await replayed(desk) == (1, 0)


async def test_the_same_event_again_is_a_duplicate_also_while_it_is_parked(desk, defect):
    poison = purchase(desk)
    await recorded(desk, poison)
    again = await recorded(desk, poison)
    assert (again.accepted, again.duplicates, again.parked) == (0, 1, {})
    defect.undo()
    assert await replayed(desk) == (1, 0)
    assert (await person(desk)).state().owned[POISONED].quantity == 1


async def test_a_person_known_only_by_poison_is_known_all_the_same(desk, defect):
    await recorded(desk, purchase(desk))
    ada = await person(desk)
    assert ada.seq == 1
    assert same(ada.state(), State())


async def test_of_history_too_only_the_poison_waits(desk, defect):
    days = [purchase(desk, offer_no=number, time_us=NOW_US - number) for number in range(1, 60)]
    done = await imported(desk, *days)
    assert (done.persons, done.events, len(done.parked)) == (1, 59, 1)
    rest = [each for each in days if each.event.offer_no != POISONED]
    assert same((await person(desk)).state(), folded(*rest))
    defect.undo()
    assert await replayed(desk) == (1, 0)
    assert same((await person(desk)).state(), folded(*days))


async def test_more_than_is_replayed_at_once_is_replayed_in_turns(desk, defect):
    many = [purchase(desk, order_id=f"o{number}") for number in range(MAX_AT_ONCE + 30)]
    assert len((await recorded(desk, *many)).parked) == len(many)
    assert await replayed(desk) == (0, len(many))
    defect.undo()
    assert await replayed(desk) == (len(many), 0)
    assert (await person(desk)).state().owned[POISONED].quantity == len(many)


def test_the_reason_says_where_it_failed_and_quotes_no_value():
    try:
        _ = {}["secret"]
    except KeyError as error:
        said = reason_of(error)
    assert said.startswith("KeyError in test_the_reason_says")
    assert "secret" not in said


async def test_what_has_no_stored_form_is_parked_as_well(postgres_store):
    """Twice what a number can hold at the most is a sum that no row can."""
    desk = Desk(postgres_store)
    most = 2**63 - 1
    arrivals = [purchase(desk, offer_no=1, value_micros=most) for _ in range(2)]
    outcome = await recorded(desk, arrivals[0], desk.arrival(ADA), arrivals[1])
    assert (outcome.accepted, len(outcome.parked)) == (3, 1)
    state = (await person(desk)).state()
    assert state.owned[1].quantity == 1
    assert [entry.type for entry in state.log] == ["purchase", "view"]
    assert (await recorded(desk, desk.arrival(ADA))).parked == {}


async def test_another_version_counts_by_itself_what_it_can_fold(postgres_store, defect):
    desk, clock = Desk(postgres_store), FakeClock()
    await recorded(desk, purchase(desk))
    starting = Refolding(postgres_store._database, postgres_store, clock)
    assert await starting.replay() == 0
    defect.undo()
    assert await starting.replay() == 1
    assert (await person(desk)).state().owned[POISONED].quantity == 1


async def test_what_is_parked_can_be_listed_and_goes_with_its_person(postgres_store, defect):
    desk = Desk(postgres_store)
    await recorded(desk, purchase(desk, event_id="first"), purchase(desk, BOB, event_id="second"))
    await replayed(desk)
    listed = ParkedEvents(postgres_store._database)
    rows = await listed.after(0, 10)
    assert [(row["event_id"], row["tries"], row["origin"]) for row in rows] == [
        ("first", 2, 1),
        ("second", 2, 1),
    ]
    assert rows[0]["reason"].startswith("KeyError in broken (test_parking.py")
    assert [row["event_id"] for row in await listed.after(rows[0]["position"], 10)] == ["second"]
    erasures = Erasures(postgres_store._database, postgres_store._keyring, SEALER)
    await erasures.erase([ADA.key], (), NOW_US)
    assert await listed.count() == 1
