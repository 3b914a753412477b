"""How a webhook is told to go on, and how it is shown that one does not."""

import pytest

from cli.commands.webhooks import _going_on, _show, _trouble
from cli.console import CommandError, Exit
from touchpoint.profile.v1.profile_pb2 import WebhookState, WebhookStatus
from touchpoint.profile.v1.profile_service_pb2 import ReplayWebhookRequest


def test_without_a_cursor_it_goes_on_from_where_it_is():
    assert _going_on("crm", "") == ReplayWebhookRequest(webhook="crm")


@pytest.mark.parametrize(
    ("cursor", "positions"),
    [
        ("0", {"events_position": 0}),
        ("4711", {"events_position": 4711}),
        ("m0", {"memberships_position": 0}),
        ("m12", {"memberships_position": 12}),
        ("end", {"events_position": 2**63 - 1, "memberships_position": 2**63 - 1}),
    ],
)
def test_a_cursor_is_a_position_of_one_log(cursor, positions):
    assert _going_on("crm", cursor) == ReplayWebhookRequest(webhook="crm", **positions)


@pytest.mark.parametrize("cursor", ["-1", "start", "1.5", "m", "mm1", "12m", str(2**64)])
def test_what_is_no_cursor_is_refused_before_anything_is_asked(cursor):
    with pytest.raises(CommandError, match="a cursor is 4711 or m4711") as caught:
        _going_on("crm", cursor)
    assert caught.value.code is Exit.USAGE


def test_which_one_goes_on_has_to_be_said():
    with pytest.raises(CommandError, match="Name the webhook"):
        _going_on("", "0")


def test_what_holds_one_up_is_told_with_what_to_do(capsys):
    parked = WebhookStatus(
        webhook="crm", state=WebhookState.PARKED, last_error="answered 410", left_out=1200
    )
    assert _trouble(parked).endswith("touchpoint webhooks crm --resume")
    _show([parked])
    shown = capsys.readouterr().out
    assert "PARKED" in shown
    assert "1,200" in shown
