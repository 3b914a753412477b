"""`touchpoint audit`: who read or changed whose record, and whether the trail of it is whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict

from cli.calling import call_each, service
from cli.console import Exit, add_row, fail, failures_told, people, say_json, table
from cli.finding import find_person, identity_text
from cli.options import HomeOption, JsonOption
from cli.showing.words import several
from touchpoint.profile.v1.profile_pb2 import AuditEntry, AuditVerification
from touchpoint.profile.v1.profile_service_pb2 import StreamAuditRequest, StreamAuditResponse
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

_PSEUDONYM_DIGITS = 12


def audit(
    identity: Annotated[
        str, typer.Option("--identity", metavar="KIND=VALUE", help="Only about this person.")
    ] = "",
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that nothing was altered, added or deleted.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many of the latest entries.")] = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who read, exported, linked, unlinked, erased or changed the consent of whom, and when.

    Entries name persons by pseudonyms, so that erasing somebody leaves the trail whole. A trail
    that was tampered with ends the command with status 1.

    Example: touchpoint audit --verify --identity email=ada.brenner@example.com
    """
    request = StreamAuditRequest(verify=verify)
    if identity:
        with failures_told():
            request.person_ids.extend(find_person(identity_text(identity), home).person_ids)
    latest: deque[AuditEntry] = deque(maxlen=limit)
    outcome = AuditVerification()
    for response in _streamed(request, home):
        latest.extend(response.entries)
        if response.HasField("verification"):
            outcome = response.verification
    if as_json:
        say_json(_as_json(latest, outcome, verify=verify))
    else:
        _show(latest, outcome, verify=verify)
    if outcome.damage:
        fail(
            f"The trail is broken at entry {outcome.break_position}: {outcome.damage}.", Exit.FAILED
        )


def _streamed(request: StreamAuditRequest, home: Path | None) -> Iterator[StreamAuditResponse]:
    with service("profile", home) as channel:
        yield from call_each(ProfileServiceStub(channel).StreamAudit, request, None)


def _as_json(
    entries: deque[AuditEntry], outcome: AuditVerification, *, verify: bool
) -> dict[str, object]:
    found: dict[str, object] = {"entries": [_entry(entry) for entry in entries]}
    if verify:
        found["verification"] = {
            "whole": not outcome.damage,
            "intact": outcome.intact,
            "breakPosition": outcome.break_position,
            "damage": outcome.damage,
        }
    return found


def _entry(entry: AuditEntry) -> dict[str, object]:
    return {**MessageToDict(entry), "pseudonym": entry.pseudonym.hex()}


def _show(entries: deque[AuditEntry], outcome: AuditVerification, *, verify: bool) -> None:
    shown = table("no.", "when (UTC)", "who", "did", "through", "whose")
    for entry in entries:
        when = entry.time.ToDatetime(tzinfo=UTC)
        whose = entry.person_id or entry.pseudonym.hex()[:_PSEUDONYM_DIGITS]
        add_row(
            shown,
            str(entry.position),
            f"{when:%Y-%m-%d %H:%M:%S}",
            entry.caller,
            entry.action,
            entry.rpc,
            whose,
        )
    people.print(shown if entries else "The trail says nothing.")
    if verify and not outcome.damage:
        people.print(_whole(outcome.intact))


def _whole(intact: int) -> str:
    """Say what was verified; of an empty trail nobody can say whether it always was."""
    if not intact:
        return "The trail is empty: nothing was noted yet, or all of it was taken away."
    return f"The trail is whole: {several(intact, 'entry', 'entries')} verified."
