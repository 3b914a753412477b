import asyncio

from services.profile.domain.lookup import find_person
from services.profile.domain.recording import record
from tests.contract.profile.desk import MINUTE_US, NOW_US, identity

ADA = identity("customer", "ada")
BOB = identity("customer", "bob")
COOKIE = identity("visitor", "cookie-1")
OTHER_COOKIE = identity("visitor", "cookie-2")


async def recorded(desk, *arrivals, may_link=True):
    placed = [arrival._replace(place=place) for place, arrival in enumerate(arrivals)]
    return await record(desk.store, placed, may_link=may_link, now_us=NOW_US, new_id=desk.new_id)


async def person(desk, *who, confirmed=""):
    return await find_person(desk.store, who, confirmed)


async def test_an_event_makes_a_person_of_all_its_unknown_identities(desk):
    outcome = await recorded(desk, desk.arrival(ADA, COOKIE))
    assert outcome.accepted == 1
    by_customer, by_cookie = await person(desk, ADA), await person(desk, COOKIE)
    assert len(by_customer.person_ids) == 1
    assert by_cookie.person_ids == by_customer.person_ids
    assert by_customer.seq == 1


async def test_nobody_is_known_before_their_first_event(desk):
    found = await person(desk, ADA)
    assert not found.is_known
    assert found.standing_token == 0


async def test_the_state_holds_what_was_recorded_at_once(desk):
    await recorded(
        desk,
        desk.arrival(ADA, kind="purchase", offer_no=7, family_no=5, value_micros=3, order_id="o"),
        desk.arrival(ADA, kind="view", offer_no=8, family_no=8, category="A > B"),
    )
    state = (await person(desk, ADA)).state()
    assert state.owned[5].quantity == 1.0
    assert [entry.type for entry in state.log] == ["purchase", "view"]


async def test_a_page_about_shipping_frees_a_standing_decision_and_any_other_does_not(desk):
    await recorded(desk, desk.arrival(ADA))
    before = (await person(desk, ADA)).standing_token
    await recorded(desk, desk.arrival(ADA, kind="page_view"))
    assert (await person(desk, ADA)).standing_token == before
    await recorded(desk, desk.arrival(ADA, kind="page_view", reassurance=True))
    assert (await person(desk, ADA)).standing_token != before


async def test_the_same_event_counts_once(desk):
    arrival = desk.arrival(ADA, event_id="once")
    first = await recorded(desk, arrival)
    second = await recorded(desk, arrival)
    assert (first.accepted, first.duplicates) == (1, 0)
    assert (second.accepted, second.duplicates) == (0, 1)
    assert (await person(desk, ADA)).seq == 1


async def test_the_same_event_twice_in_one_batch_counts_once(desk):
    arrival = desk.arrival(ADA, event_id="once")
    outcome = await recorded(desk, arrival, arrival)
    assert (outcome.accepted, outcome.duplicates) == (1, 1)


async def test_the_same_id_with_other_content_is_rejected_and_the_first_stands(desk):
    await recorded(desk, desk.arrival(ADA, event_id="once", digest=b"one"))
    outcome = await recorded(
        desk, desk.arrival(ADA), desk.arrival(ADA, event_id="once", digest=b"two")
    )
    assert outcome.accepted == 1
    assert [(each.place, each.code) for each in outcome.rejected] == [(1, "CONTENT_DIFFERS")]
    assert (await person(desk, ADA)).seq == 2


async def test_the_strongest_identity_counts_and_nothing_is_linked(desk):
    await recorded(desk, desk.arrival(ADA), desk.arrival(COOKIE))
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="search"))
    by_customer, by_cookie = await person(desk, ADA, COOKIE), await person(desk, COOKIE)
    assert by_customer.seq == 2
    assert by_customer.ignored_identities == (1,)
    assert by_cookie.seq == 1
    assert set(by_customer.person_ids).isdisjoint(by_cookie.person_ids)


async def test_a_login_makes_two_persons_one_set(desk):
    await recorded(desk, desk.arrival(COOKIE, kind="decline", offer_no=3))
    await recorded(desk, desk.arrival(ADA))
    before = await person(desk, ADA)
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))
    after = await person(desk, ADA)
    assert len(after.person_ids) == 2
    assert after.person_ids == (await person(desk, COOKIE)).person_ids
    assert after.person_ids == tuple(sorted(after.person_ids))
    assert (3, 3) in after.state().declines
    assert after.standing_token != before.standing_token


async def test_a_login_of_unknown_identities_can_be_undone_so_they_are_two_persons(desk):
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))
    assert len((await person(desk, ADA)).person_ids) == 2


async def test_a_login_again_links_nothing_new(desk):
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))
    once = await person(desk, ADA)
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))
    again = await person(desk, ADA)
    assert again.members[0].version == once.members[0].version
    record_of = await desk.store.record(again.person_ids)
    assert len(record_of.links) == 1


async def test_a_caller_that_may_not_link_is_refused_the_login_and_nothing_of_it_stays(desk):
    login = desk.arrival(ADA, COOKIE, kind="login")
    outcome = await recorded(desk, desk.arrival(BOB), login, may_link=False)
    assert outcome.accepted == 1
    assert [(each.place, each.code) for each in outcome.rejected] == [(1, "NOT_ALLOWED")]
    assert not (await person(desk, ADA)).is_known
    assert (await recorded(desk, login)).accepted == 1


async def test_a_login_with_one_identity_needs_no_permission_to_link(desk):
    outcome = await recorded(desk, desk.arrival(ADA, kind="login"), may_link=False)
    assert outcome.accepted == 1


async def test_three_logins_in_one_batch_make_one_set(desk):
    await recorded(
        desk,
        desk.arrival(ADA, COOKIE, kind="login"),
        desk.arrival(ADA, OTHER_COOKIE, kind="login"),
        desk.arrival(OTHER_COOKIE),
    )
    found = await person(desk, COOKIE)
    assert len(found.person_ids) == 3
    assert found.seq == 3


async def test_more_than_64_persons_are_not_one_and_the_identity_is_shared(desk):
    for number in range(63):
        await recorded(desk, desk.arrival(ADA, identity("visitor", f"c{number}"), kind="login"))
    assert len((await person(desk, ADA)).person_ids) == 64
    outcome = await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))
    assert outcome.accepted == 1
    assert len((await person(desk, ADA)).person_ids) == 64
    shared = await person(desk, COOKIE)
    assert shared.is_ambiguous
    assert not shared.members
    assert len(shared.choices) == 2


async def test_a_shared_identity_leads_to_the_person_somebody_confirmed(desk):
    for number in range(63):
        await recorded(desk, desk.arrival(ADA, identity("visitor", f"c{number}"), kind="login"))
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))
    choices = [choice.person_id for choice in (await person(desk, COOKIE)).choices]
    ada = await person(desk, ADA)
    confirmed = await person(
        desk, COOKIE, confirmed=next(p for p in choices if p in ada.person_ids)
    )
    assert confirmed.person_ids == ada.person_ids
    await recorded(desk, desk.arrival(BOB))
    bob = await person(desk, BOB)
    assert (await person(desk, COOKIE, confirmed=bob.person_ids[0])).is_ambiguous


async def test_an_event_of_a_shared_identity_alone_is_rejected(desk):
    for number in range(63):
        await recorded(desk, desk.arrival(ADA, identity("visitor", f"c{number}"), kind="login"))
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))
    event = desk.arrival(COOKIE)
    for _ in range(2):  # nothing of it is stored, so it is refused and not a duplicate
        outcome = await recorded(desk, event)
        assert [each.code for each in outcome.rejected] == ["AMBIGUOUS_PERSON"]


async def test_the_standing_token_changes_with_events_that_free_and_only_with_those(desk):
    await recorded(desk, desk.arrival(ADA))
    before = (await person(desk, ADA)).standing_token
    for kind in ("impression", "page_view", "email_open", "contact_sent"):
        await recorded(desk, desk.arrival(ADA, kind=kind))
        assert (await person(desk, ADA)).standing_token == before
    await recorded(desk, desk.arrival(ADA, kind="search"))
    assert (await person(desk, ADA)).standing_token != before


async def test_batches_with_the_same_persons_at_once_lose_nothing(desk):
    identities = [identity("customer", f"p{number}") for number in range(8)]
    batches = [
        [desk.arrival(who, time_us=NOW_US + at) for who in (identities, identities[::-1])[at % 2]]
        for at in range(8)
    ]
    outcomes = await asyncio.gather(*(recorded(desk, *batch) for batch in batches))
    assert sum(outcome.accepted for outcome in outcomes) == 64
    for who in identities:
        assert (await person(desk, who)).seq == 8


async def test_logins_of_the_same_persons_at_once_make_one_set(desk):
    cookies = [identity("visitor", f"c{number}") for number in range(6)]
    await asyncio.gather(
        *(recorded(desk, desk.arrival(ADA, cookie, kind="login")) for cookie in cookies)
    )
    sets = {(await person(desk, who)).person_ids for who in (ADA, *cookies)}
    assert len(sets) == 1
    assert len(sets.pop()) == 7


async def test_what_happened_is_told_by_set(desk):
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))
    outcome = await recorded(desk, desk.arrival(COOKIE, kind="search"))
    [touched] = outcome.touched
    assert touched.person_ids == (await person(desk, ADA)).person_ids
    assert (touched.seq, touched.cause) == (2, "search")


async def test_a_login_proves_who_it_is(desk):
    await recorded(desk, desk.arrival(ADA))
    claimed = (await person(desk, ADA)).assurance
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="login", time_us=NOW_US + MINUTE_US))
    assert (await person(desk, ADA)).assurance > claimed


async def test_batches_that_see_the_same_new_identities_at_once_make_each_once(desk):
    cookies = [identity("visitor", f"c{number}") for number in range(60)]
    batches = [[desk.arrival(cookie) for cookie in cookies[at:] + cookies[:at]] for at in range(9)]
    outcomes = await asyncio.gather(*(recorded(desk, *batch) for batch in batches))
    assert sum(outcome.accepted for outcome in outcomes) == 60 * 9
    persons = {(await person(desk, cookie)).person_ids for cookie in cookies}
    assert len(persons) == 60


async def test_nobody_refers_themselves_by_another_of_their_names(desk):
    await recorded(desk, desk.arrival(ADA), desk.arrival(BOB))
    await recorded(desk, desk.arrival(ADA, COOKIE, kind="login"))
    outcome = await recorded(
        desk,
        desk.arrival(ADA, kind="refer", referred=ADA.key),
        desk.arrival(ADA, kind="refer", referred=COOKIE.key),
        desk.arrival(ADA, kind="refer", referred=BOB.key),
    )
    assert [each.code for each in outcome.rejected] == ["SELF_REFERRAL", "SELF_REFERRAL"]
    assert outcome.accepted == 1
