"""`touchpoint lever`: what marketers multiply an offer's arbitration by, without any deploy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from google.protobuf.timestamp_pb2 import Timestamp

from cli.calling import business_time, call, service
from cli.commands.definitions import user
from cli.console import CommandError, Exit, add_row, fail, people, say_json, table
from cli.options import HomeOption, JsonOption
from shared.conditions.values import duration
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import LeverSetting
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

_NEUTRAL = 1.0


def lever(
    offer: Annotated[str, typer.Argument(metavar="[OFFER]", help="Id of an item or offer.")] = "",
    value: Annotated[
        float | None,
        typer.Argument(
            metavar="[LEVER]", min=0.001, max=1000, help="1.5: half as much again; 1: as it was."
        ),
    ] = None,
    why: Annotated[str, typer.Option(help="For those who come after.")] = "",
    until: Annotated[
        str,
        typer.Option(metavar="TIME", help="2026-12-24 or 2026-12-24T18:00 (UTC); 7d: from now on."),
    ] = "",
    reset: Annotated[bool, typer.Option("--reset", help="Set it back.")] = False,
    by: Annotated[str, typer.Option(help="Who does it; else you.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Multiply the arbitration of an item or offer, beside its own lever; list what is set.

    It holds on every replica within a second, and whatever is imported or applied later. With an
    offer alone, everything that was ever set of it is shown: who, when and why.

    Example: touchpoint lever spring_sale 1.5 --until 7d --why "The warehouse is full"
    """
    if mistake := _mistake(offer, value, until, is_reset=reset):
        fail(mistake, Exit.USAGE)
    told: pb.SetLeverResponse | pb.ListLeversResponse
    with service("retrieval", home) as channel:
        stub = RetrievalServiceStub(channel)
        if reset or value is not None:
            end = _end(until, business_time(channel)) if until else None
            request = pb.SetLeverRequest(
                offer_id=offer,
                lever=value or _NEUTRAL,
                until_time=end,
                changed_by=by or user(),
                why=why,
            )
            told = call(stub.SetLever, request)
            settings = [told.setting]
        else:
            told = call(stub.ListLevers, pb.ListLeversRequest(offer_id=offer))
            settings = list(told.settings)
    if as_json:
        say_json(told)
    elif not settings:
        people.print("Nothing was ever set of it." if offer else "No lever is set.")
    else:
        _show(settings)


def _mistake(offer: str, value: float | None, until: str, *, is_reset: bool) -> str:
    """Return what does not go together, empty where all does."""
    if is_reset and value is not None:
        return "A lever is set or set back, not both."
    if is_reset and not offer:
        return "Say of which item or offer: touchpoint lever OFFER --reset"
    return "--until belongs to a lever that is set." if until and value is None else ""


def _show(settings: Sequence[LeverSetting]) -> None:
    shown = table("offer", "lever", "until", "set", "by", "why")
    for setting in settings:
        add_row(
            shown,
            setting.offer_id,
            "set back" if setting.lever == _NEUTRAL else f"{setting.lever:g}",
            _minute(setting.until_time) if setting.HasField("until_time") else "",
            _minute(setting.changed_time),
            setting.changed_by,
            setting.why,
        )
    people.print(shown)


def _minute(time: Timestamp) -> str:
    return f"{time.ToDatetime(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}"


def _end(text: str, now: datetime) -> Timestamp:
    """Read a time, or so long from now; raises CommandError saying what to write instead."""
    end = Timestamp()
    try:
        end.FromDatetime(now + duration(text))
    except ValueError:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise CommandError(
                f"--until {text!r} is no time; write 2026-12-24, 2026-12-24T18:00 or 7d", Exit.USAGE
            ) from None
        end.FromDatetime(found if found.tzinfo else found.replace(tzinfo=UTC))
    return end
