"""`touchpoint webhooks`: how far receivers outside of the house are, and to have one go on."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict

from cli.calling import call, service
from cli.console import CommandError, Exit, add_row, people, say_json, table
from cli.options import HomeOption, JsonOption
from cli.showing.words import duration, several
from touchpoint.profile.v1.profile_pb2 import WebhookState, WebhookStatus
from touchpoint.profile.v1.profile_service_pb2 import (
    ListWebhooksRequest,
    ReplayWebhookRequest,
)
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

END = "end"
_OF_SEGMENTS = "m"
"""Before the number of a cursor of who entered and left segments."""
_FARTHEST = 2**63 - 1
_KEY_BYTES = 32


def webhooks(
    name: Annotated[
        str, typer.Argument(metavar="[WEBHOOK]", help="Only this one.", show_default=False)
    ] = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Have it go on at once from where it is.")
    ] = False,
    replay_from: Annotated[
        str,
        typer.Option(
            metavar="CURSOR",
            help="Have it go on after a cursor that a message named: 0 is the beginning, m0 tells "
            f"of all who are in its segments, {END} leaves out what waits.",
            show_default=False,
        ),
    ] = "",
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Only print a fresh key to sign a webhook with.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far each webhook is, how many changes were left out, and what holds it up.

    Only persons who agreed to `sharing` are told of; the others are counted as left out. A webhook
    whose receiver fails is tried again for a day and then parked; it loses nothing and goes on with
    --resume. Told again from a cursor, messages have the ids that they had.

    Exit code 0 when all are being delivered, 1 when one is not.

    Example: touchpoint webhooks crm --replay-from 41872
    """
    if new_key:
        typer.echo("whsec_" + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode())
        return
    with service("profile", home) as channel:
        stub = ProfileServiceStub(channel)
        if resume or replay_from:
            call(stub.ReplayWebhook, _going_on(name, replay_from))
        found = list(call(stub.ListWebhooks, ListWebhooksRequest()).webhooks)
        if name:
            found = _named(name, found)
    if as_json:
        say_json({"webhooks": [MessageToDict(status) for status in found]})
    else:
        _show(found)
    if any(status.state != WebhookState.DELIVERING for status in found):
        raise typer.Exit(Exit.FAILED)


def _going_on(name: str, cursor: str) -> ReplayWebhookRequest:
    if not name:
        raise CommandError("Name the webhook: touchpoint webhooks NAME --resume", Exit.USAGE)
    request = ReplayWebhookRequest(webhook=name)
    number = cursor.removeprefix(_OF_SEGMENTS)
    if cursor == END:
        request.events_position = request.memberships_position = _FARTHEST
    elif cursor and not (number.isdecimal() and int(number) <= _FARTHEST):
        wanted = f"a cursor is 4711 or {_OF_SEGMENTS}4711, as messages name it, or {END}"
        raise CommandError(f"--replay-from {cursor}: {wanted}", Exit.USAGE)
    elif cursor.startswith(_OF_SEGMENTS):
        request.memberships_position = int(number)
    elif cursor:
        request.events_position = int(cursor)
    return request


def _named(name: str, statuses: Sequence[WebhookStatus]) -> list[WebhookStatus]:
    found = [status for status in statuses if status.webhook == name]
    if not found:
        known = ", ".join(status.webhook for status in statuses) or "none"
        raise CommandError(f"There is no webhook {name}. Defined are: {known}.")
    return found


def _show(statuses: Sequence[WebhookStatus]) -> None:
    if not statuses:
        people.print("No webhook is defined. docs/profile.md shows how.", soft_wrap=True)
        return
    shown = table(
        "webhook", "state", "cursor", "behind", "waiting", "delivered", "left out", "receiver"
    )
    for status in statuses:
        add_row(
            shown,
            status.webhook,
            WebhookState.Value.Name(status.state),
            f"{status.events_position} {_OF_SEGMENTS}{status.memberships_position}",
            f"{status.behind:,}",
            duration(status.lag_s) if status.behind else "",
            f"{status.delivered:,}",
            f"{status.left_out:,}",
            status.receiver,
        )
    people.print(shown)
    for status in statuses:
        if status.state != WebhookState.DELIVERING:
            people.print(_trouble(status), soft_wrap=True, markup=False)


def _trouble(status: WebhookStatus) -> str:
    why = f"{status.webhook}: {status.last_error}"
    if status.state == WebhookState.FAILING:
        return f"{why}; tried {several(status.failures, 'time')} and again by itself"
    if status.state == WebhookState.PARKED:
        return f"{why}; once it is repaired: touchpoint webhooks {status.webhook} --resume"
    return why
