"""Of all that profile tells, rules keeps answers to offers, impressions and contacts."""

from __future__ import annotations

from typing import Any

from services.rules.domain.changes import Contacted, Declined, Redeemed, Seen
from services.rules.domain.counters import Terms
from services.rules.storage.consumers import change_of, completed
from touchpoint.common.v1.bus_pb2 import EventNotice
from touchpoint.common.v1.vocabulary_pb2 import Channel, Origin


def notice(type_: str, **more: Any) -> EventNotice:
    return EventNotice(**{"person_id": "ann", "seq": 5, "type": type_, "time_us": 9, **more})


def test_a_decline_counts_for_its_family_whether_live_or_imported() -> None:
    for origin in (Origin.LIVE, Origin.HISTORY):
        told = notice("decline", offer_no=7, family_no=6, origin=origin)
        assert change_of(told) == Declined("ann", 7, 6, 9)


def test_an_offer_without_a_family_stands_for_itself() -> None:
    assert change_of(notice("decline", offer_no=7)) == Declined("ann", 7, 7, 9)


def test_a_decline_of_nothing_known_is_left_out() -> None:
    assert change_of(notice("decline")) is None


def test_an_impression_counts_live_only() -> None:
    told = notice("impression", offer_no=7, decision_id="d", session_id="s")
    assert change_of(told) == Seen("ann", "d", 7, "s")
    told.origin = Origin.HISTORY
    assert change_of(told) is None


def test_a_contact_is_named_by_its_event_so_that_it_counts_once() -> None:
    told = notice("contact_sent", event_id="e", channel=Channel.EMAIL, decision_id="d")
    found = change_of(told)
    assert isinstance(found, Contacted)
    assert (found.contact_id, found.event_id, found.channel) == ("event/ann/5", "e", Channel.EMAIL)
    assert not found.is_imported


def test_an_imported_message_is_a_contact_too() -> None:
    told = notice("contact_sent", seq=0, event_id="e", origin=Origin.HISTORY)
    found = change_of(told)
    assert isinstance(found, Contacted)
    assert (found.contact_id, found.time_us, found.is_imported) == ("imported/ann/e", 9, True)


def test_everything_else_changes_nothing_here() -> None:
    for type_ in ("view", "page_view", "click"):
        assert change_of(notice(type_, offer_no=7)) is None


def test_what_is_accepted_or_bought_and_is_no_item_is_redeemed() -> None:
    for type_ in ("accept", "purchase"):
        redeemed = Redeemed("ann", "d", 7, 9, "event/ann/5", 11)
        assert change_of(notice(type_, offer_no=7, decision_id="d", received_us=11)) == redeemed
        assert change_of(notice(type_, offer_no=7, family_no=6)) is None
        assert change_of(notice(type_, offer_no=7, origin=Origin.HISTORY)) is None


def test_a_purchase_redeems_the_promotion_that_it_names_beside_its_item() -> None:
    told = notice("purchase", offer_no=7, family_no=6, promotion_id="spring")
    found = change_of(told)
    assert found == Redeemed("ann", "", 0, 9, "event/ann/5", 0, "spring")
    numbers = {"spring": 30}
    [known] = completed([found], {}.__getitem__, numbers.__getitem__)
    assert known == Redeemed("ann", "", 30, 9, "event/ann/5")
    assert completed([found], {}.__getitem__, lambda offer_id: 0) == []


def test_a_contact_told_of_counts_as_its_offer_says() -> None:
    terms = {7: Terms("transactional", 2, "summer")}
    told = change_of(notice("contact_sent", event_id="e", offer_no=7))
    whole = change_of(notice("contact_sent", event_id="e"))
    assert told is not None
    assert whole is not None
    found, same = completed([told, whole], terms.__getitem__, {}.__getitem__)
    assert isinstance(found, Contacted)
    assert (found.policy, found.kind, found.group) == ("transactional", 2, "summer")
    assert same == whole
