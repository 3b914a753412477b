"""`touchpoint parked`: events that are kept but could not be counted, and another try at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.calling import business_time, call, service
from cli.console import Exit, add_row, aside, people, say_json, table
from cli.options import HomeOption, JsonOption
from cli.showing.words import ago, several
from touchpoint.profile.v1.profile_pb2 import ParkedEvent
from touchpoint.profile.v1.profile_service_pb2 import (
    ListParkedEventsRequest,
    ReplayParkedEventsRequest,
)
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

_SHOWN = 20
_AT_ONCE = 1_000


def parked(
    replay: Annotated[
        bool, typer.Option("--replay", help="Try to count them again, after a repair.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List events that were acknowledged but could not be counted in their person's profile.

    Nothing is lost: they are in the log and held up no other event. Once what they need is
    repaired, --replay counts them; those that still cannot be counted stay parked.

    Exit code 0 when none is parked in the end, 1 when some are.

    Example: touchpoint parked --replay
    """
    with service("profile", home) as channel:
        stub = ProfileServiceStub(channel)
        told: dict[str, Any] = _replayed(stub, quiet=as_json) if replay else {}
        total = _total(stub)
        if as_json:
            events = [MessageToDict(event) for event in _all(stub)]
            say_json({**told, "total": total, "events": events})
        else:
            some = list(call(stub.ListParkedEvents, ListParkedEventsRequest(limit=_SHOWN)).events)
            _show(some, total, told, business_time(channel))
    if total:
        raise typer.Exit(Exit.FAILED)


def _total(stub: ProfileServiceStub) -> int:
    return call(stub.ListParkedEvents, ListParkedEventsRequest(limit=1)).total


def _all(stub: ProfileServiceStub) -> Iterator[ParkedEvent]:
    """Yield all that is parked, in the order of the log."""
    position = 0
    while True:
        request = ListParkedEventsRequest(position=position, limit=_AT_ONCE)
        events = call(stub.ListParkedEvents, request).events
        yield from events
        if len(events) < _AT_ONCE:
            return
        position = events[-1].position


def _replayed(stub: ProfileServiceStub, *, quiet: bool) -> dict[str, Any]:
    """Try all of them once and return what became of them."""
    counted = still_parked = position = 0
    with _bar(_total(stub), quiet=quiet) as advance:
        while True:
            request = ReplayParkedEventsRequest(position=position)
            answer = call(stub.ReplayParkedEvents, request)
            counted += answer.replayed
            still_parked += answer.still_parked
            advance(answer.replayed + answer.still_parked)
            position = answer.position
            if not position:
                return {"replayed": counted, "stillParked": still_parked}


@contextmanager
def _bar(total: int, *, quiet: bool) -> Iterator[Any]:
    columns = (TextColumn("replaying"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("", total=total or None)
        yield lambda more: progress.advance(task, more)


def _show(events: Sequence[ParkedEvent], total: int, told: dict[str, Any], now: datetime) -> None:
    if told:
        people.print(f"Replayed: {several(told['replayed'], 'event')} counted now.")
    if not total:
        people.print("No event is parked.")
        return
    shown = table("position", "type", "happened", "event", "person", "tries", "why")
    for event in events:
        cells = (str(event.position), event.type, ago(event.time, now.astimezone(UTC)))
        names = (event.event_id, event.person_id, str(event.tries))
        add_row(shown, *cells, *names, event.reason)
    people.print(shown)
    if total > len(events):
        people.print(f"… and {total - len(events):,} more; --json tells")
    people.print(
        f"{several(total, 'event')} in the log, in no profile. After a repair: "
        "touchpoint parked --replay",
        soft_wrap=True,
    )
