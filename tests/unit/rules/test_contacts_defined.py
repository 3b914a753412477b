"""Contact limits, quiet hours and the cooling-off are refused with their place, all at once."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions, compile_policy
from services.rules.domain.contact_limits import (
    ContactLimit,
    CoolingOff,
    Direction,
    Per,
    QuietHours,
    Window,
)
from services.rules.domain.local_time import Hours
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

DAY = 86_400_000_000
OTHERS = """\
placements:
  - {placement: web.home.banner, channel: WEB, kinds: [CONTENT], limit: 3, default_offers: [help]}
offers:
  - {offer_id: help, kind: CONTENT, title: Help, is_default: true}
  - {offer_id: sale, kind: PROMOTION, title: Sale, attributes: {group: summer}}
"""


def problems(text: str) -> list[tuple[int, int, str]]:
    """Return what is wrong with definitions that follow OTHERS, by line of `text`."""
    found = check_definitions([DefinitionFile(path="all.yaml", text=OTHERS + text)])
    before = OTHERS.count("\n")
    return [(each.line - before, each.column, each.message) for each in found.problems]


def limited(limit: str) -> list[tuple[int, int, str]]:
    return problems(f"contact_limits:\n  - {{policy: marketing, {limit}}}\n")


def test_every_kind_of_limit_is_compiled_as_it_is_written() -> None:
    text = """\
parameters:
  time_zone: Europe/Berlin
  cooling_off: 3 declines in 30d rest 14d
contact_limits:
  - {policy: marketing, limit: 3 per 7d}
  - {policy: marketing, limit: 1 per day, direction: OUTBOUND, name: outbound}
  - {policy: service, limit: 2 per week, channels: [EMAIL, SMS]}
  - {policy: marketing, limit: 1 per session, per: OFFER, kinds: [PROMOTION]}
  - {policy: marketing, limit: 1 per 1d, group: summer}
  - {policy: marketing, limit: 1 per 1d, offer: sale}
quiet_hours:
  - {from: 21:00, until: "8:30"}
  - {from: "12:00", until: "13:00", channels: [CALL_CENTER]}
"""
    checked = check_definitions([DefinitionFile(path="all.yaml", text=OTHERS + text)])
    assert not checked.problems
    assert checked.bundle is not None
    contacts = compile_policy(checked.bundle).policy.contacts
    promotion = frozenset({2})
    assert contacts.limits == (
        ContactLimit("marketing", 3, 7 * DAY),
        ContactLimit(
            "marketing", 1, window=Window.DAY, direction=Direction.OUTBOUND, name="outbound"
        ),
        ContactLimit("service", 2, window=Window.WEEK, channels=frozenset({4, 5})),
        ContactLimit("marketing", 1, window=Window.SESSION, per=Per.OFFER, kinds=promotion),
        ContactLimit("marketing", 1, DAY, group="summer"),
        ContactLimit("marketing", 1, DAY, offer_id="sale"),
    )
    assert contacts.quiet_hours == (
        QuietHours(Hours(21 * 60, 8 * 60 + 30)),
        QuietHours(Hours(12 * 60, 13 * 60), frozenset({7})),
    )
    assert contacts.cooling_off == CoolingOff(3, 30 * DAY, 14 * DAY)
    assert contacts.time_zone == "Europe/Berlin"
    assert [limit.rule for limit in contacts.limits[:2]] == [
        "contacts.marketing",
        "contacts.outbound",
    ]


@pytest.mark.parametrize(
    ("limit", "column", "message"),
    [
        ("limit: 0 per 7d", 32, "allows none at all"),
        ("limit: 3 per -7d", 32, "is no duration"),
        ("limit: -3 per 7d", 32, "is no allowance"),
        ("limit: 3 per 0d", 32, "within no time"),
        ("limit: 3 per month", 32, "is no duration"),
        ("limit: 3 per 9999d", 32, "longer than ten years"),
        ("limit: 1 per day, channels: [FAX]", 54, "must be one of WEB"),
        ("limit: 1 per day, offer: sall", 50, "there is no offer sall in these definitions"),
        ("limit: 1 per day, group: sumer", 50, "did you mean summer?"),
        ("limit: 1 per day, per: PERSON", 48, "must be one of CHANNEL, OFFER, GROUP"),
        ("limit: 1 per day, per: OFFER, offer: sale", 48, "one offer is named already"),
        ("limit: 1 per day, direction: OUTBOUND, channels: [WEB]", 74, "is outbound"),
    ],
)
def test_a_limit_that_means_nothing_is_told_with_its_place(
    limit: str, column: int, message: str
) -> None:
    found = limited(limit)
    assert any((line, at) == (2, column) and message in told for line, at, told in found), found


def test_nothing_limits_what_somebody_is_owed() -> None:
    text = "contact_limits:\n  - {policy: transactional, limit: 1 per day}\n"
    [(line, column, message)] = problems(text)
    assert (line, column) == (2, 14)
    assert "never limited" in message


def test_an_offer_that_names_an_unknown_policy_is_told() -> None:
    text = "  - {offer_id: o, kind: CONTENT, title: O, attributes: {contact_policy: marketng}}\n"
    [(line, _, message)] = problems(text)
    assert line == 1
    assert "did you mean marketing?" in message
    assert not problems(text.replace("marketng", "transactional"))


@pytest.mark.parametrize(
    ("quiet", "line", "message"),
    [
        ('{from: "9:00", until: "9:00"}', 2, "never end"),
        ('{from: "25:00", until: "9:00"}', 2, "no time of day"),
        ('{from: "21:00"}', 2, "until is missing"),
        ('{from: "21:00", until: "8:00", channels: [WEB]}', 2, "on WEB nobody is approached"),
        ('{from: "20:00", until: "9:00"}\n  - {from: "8:00", until: "20:00"}', 3, "never end"),
        (
            '{from: "20:00", until: "9:00"}\n  - {from: "8:00", until: "21:00", channels: [SMS]}',
            3,
            "on SMS never end",
        ),
    ],
)
def test_quiet_hours_that_never_end_or_mean_nothing_are_told(
    quiet: str, line: int, message: str
) -> None:
    found = problems(f"quiet_hours:\n  - {quiet}\n")
    assert any(at == line and message in told for at, _, told in found), found


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("cooling_off: three declines", "is no cooling-off"),
        ("cooling_off: 0 declines in 30d rest 14d", "needs a decline"),
        ("cooling_off: 3 declines in 30d rest 0d", "needs a decline"),
        ("time_zone: Berlin", "is no time zone"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_told(parameter: str, message: str) -> None:
    [(line, _, told)] = problems(f"parameters:\n  {parameter}\n")
    assert line == 2
    assert message in told


def test_all_mistakes_are_told_at_once() -> None:
    text = """\
contact_limits:
  - {policy: marketing, limit: 0 per 7d, group: winter}
  - {policy: transactional, limit: 1 per day}
quiet_hours:
  - {from: "9:00", until: "9:00"}
"""
    assert [line for line, _, _ in problems(text)] == [2, 2, 3, 5]
