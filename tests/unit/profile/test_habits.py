"""When and where somebody acts, and how they answer."""

import pytest

from services.profile.domain.event import DAY_US
from services.profile.domain.habits import Measure, answers, emails, local_hours, measured, shares
from tests.unit.profile.happenings import NOON_US, happened, state_of

WEB, EMAIL, STORE = 1, 4, 10
DAY = 24 * 60


def habits(*events):
    return measured(state_of(*events).habits)


def test_the_channel_of_most_and_of_late_comes_first():
    known = habits(
        *(happened("purchase", -90 * DAY + minute, channel=STORE) for minute in range(3)),
        happened("view", channel=WEB),
    )
    found = shares(known, Measure.CHANNEL)
    assert [channel for channel, _ in found] == [WEB, STORE]
    assert dict(found)[STORE] == pytest.approx(0.375 / 1.375, rel=1e-3)


def test_what_is_done_to_somebody_is_no_habit_of_theirs():
    assert not shares(habits(happened("impression"), happened("contact_sent")), Measure.CHANNEL)


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("", 12),
        ("Europe/Berlin", 13),
        ("America/New_York", 7),
        ("Mars/Base", 12),
        ("America", 12),
        ("../etc/passwd", 12),
        ("x" * 300, 12),
        ("a\0b", 12),
    ],
)
def test_the_hour_is_that_of_the_person(zone, hour):
    found = local_hours(habits(happened("view")), zone, NOON_US)
    assert found == [(hour, 1.0)]


def test_hours_go_on_past_midnight():
    late = habits(happened("view", 11 * 60))
    assert local_hours(late, "Asia/Tokyo", NOON_US)[0][0] == 8


def test_a_share_is_accepted_of_what_was_shown_by_channel():
    known = habits(
        *(happened("impression", minute) for minute in range(4)),
        happened("accept", 5),
        happened("decline", 6, channel=7),
    )
    web, call = answers(known, NOON_US)
    assert web == (WEB, pytest.approx(4, rel=1e-3), pytest.approx(0.25, rel=1e-3))
    assert (call.channel, call.accepted_share) == (7, 0.0)


def test_what_was_answered_was_shown_though_nobody_said_so():
    (only,) = answers(habits(happened("accept"), happened("ignore", 1)), NOON_US)
    assert only.accepted_share == pytest.approx(0.5, rel=1e-3)


def test_what_was_shown_fades():
    (only,) = answers(habits(happened("impression")), NOON_US + 30 * DAY_US)
    assert only.shown == pytest.approx(0.5)


def test_e_mails_are_sent_opened_and_clicked():
    sent = [happened("contact_sent", minute, channel=EMAIL) for minute in range(4)]
    opened = [
        happened("email_open", minute, channel=channel)
        for minute, channel in ((0, EMAIL), (1, WEB))
    ]
    found = emails(habits(*sent, *opened, happened("email_click", 1, channel=EMAIL)), NOON_US)
    assert found.sent == pytest.approx(4, rel=1e-3)
    assert found.open_share == pytest.approx(0.5, rel=1e-3)
    assert found.click_share == pytest.approx(0.5, rel=1e-3)


def test_nothing_sent_is_no_share_at_all():
    assert emails(habits(), NOON_US) == (0.0, -1.0, -1.0)
    assert emails(habits(happened("contact_sent", channel=EMAIL)), NOON_US)[1:] == (0.0, -1.0)
