"""Contact limits are counted over a sliding window, and say when the next contact is free."""

from __future__ import annotations

from services.rules.domain.contact_limits import ContactLimit
from services.rules.domain.contacts import Balance, approach
from services.rules.domain.contacts import balances as balances_on
from services.rules.domain.counters import Contact, Occasion
from services.rules.domain.local_time import find_zone

DAY = 86_400_000_000
NOW = 1_000 * DAY
WEEKLY = ContactLimit("marketing", 3, 7 * DAY)
WEB, EMAIL, CALL_CENTER = 1, 4, 7


def on(channel: int = WEB, session_id: str = "", **more: object) -> Occasion:
    given = {"now_us": NOW, "zone": find_zone("UTC"), "channel": channel, "session_id": session_id}
    return Occasion(**{**given, **more})  # type: ignore[arg-type]


def balances(limits: list[ContactLimit], contacts: list[Contact], now_us: int) -> list[Balance]:
    return balances_on(limits, contacts, on(now_us=now_us))


def contact(days_ago: float, **more: object) -> Contact:
    given = {
        "policy": "marketing",
        "offer_no": 1,
        "placement": "p",
        "session_id": "",
        "decision_id": "",
    }
    return Contact(**{**given, "time_us": NOW - round(days_ago * DAY), **more})  # type: ignore[arg-type]


def test_nothing_used_leaves_the_whole_limit() -> None:
    [found] = balances([WEEKLY], [], NOW)
    assert (found.used, found.left, found.free_us) == (0, 3, 0)


def test_the_next_one_is_free_when_the_oldest_leaves_the_window() -> None:
    [found] = balances([WEEKLY], [contact(1), contact(6), contact(2)], NOW)
    assert (found.used, found.left) == (3, 0)
    assert found.free_us == NOW + DAY


def test_beyond_the_limit_more_than_one_has_to_leave_the_window() -> None:
    [found] = balances([WEEKLY], [contact(days) for days in (1, 2, 3, 6)], NOW)
    assert (found.used, found.left) == (4, 0)
    assert found.free_us == NOW + 4 * DAY


def test_what_has_left_the_window_and_other_policies_do_not_count() -> None:
    others = [contact(7), contact(8), contact(1, policy="service")]
    [found] = balances([WEEKLY], others, NOW)
    assert found.used == 0


def test_a_limit_of_none_is_never_free() -> None:
    [found] = balances([ContactLimit("marketing", 0, DAY)], [], NOW)
    assert found.left == 0
    assert found.free_us == NOW + DAY


def test_the_tightest_of_several_limits_decides() -> None:
    daily = ContactLimit("marketing", 1, DAY)
    contacts = [contact(0.5)]
    tight = approach([WEEKLY, daily], contacts, on())
    assert tight.left == 0
    assert [gate.free_us for gate in tight.gates] == [NOW + DAY // 2]
    assert approach([WEEKLY], contacts, on()).left == 2


def test_an_offer_counts_already_in_its_session_and_in_its_decision() -> None:
    contacts = [
        contact(1, offer_no=1, session_id="visit"),
        contact(1, offer_no=2, decision_id="d1"),
        contact(1, offer_no=3, session_id="other", decision_id="other"),
        contact(1, offer_no=0, placement="email.body", decision_id="d1"),
    ]
    found = approach([], contacts, on(session_id="visit"), frozenset({"d1"}))
    assert found.offer_nos == {1, 2}
    assert found.placements == {"email.body"}


def test_no_session_is_not_a_session_in_common() -> None:
    found = approach([], [contact(1)], on())
    assert not found.offer_nos
