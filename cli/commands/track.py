"""`touchpoint track`: something happened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.calling import business_time
from cli.calling import edge as open_edge
from cli.console import fail, people, say_json
from cli.gathering import gathered_in
from cli.options import (
    ChannelOption,
    EdgeOption,
    HomeOption,
    JsonOption,
    SessionOption,
    WhoArgument,
)
from touchpoint.aggregator.v1.aggregator_service_pb2 import TrackResponse
from touchpoint.client import event


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """What happened, and how that is told."""

    type_: Annotated[
        str, typer.Argument(metavar="TYPE", help="view, add_to_cart, purchase, decline, login, …")
    ]
    who: WhoArgument
    item: Annotated[str, typer.Option(help="The item it is about.")] = ""
    offer: Annotated[str, typer.Option(help="The offer it is about.")] = ""
    decision: Annotated[str, typer.Option(help="The decision that showed it.")] = ""
    placement: Annotated[str, typer.Option(help="The placement that showed it.")] = ""
    channel: ChannelOption = "WEB"
    session: SessionOption = ""
    order: Annotated[str, typer.Option(help="The order.")] = ""
    quantity: Annotated[float, typer.Option(min=0, help="How many; 0: one.")] = 0
    value: Annotated[str, typer.Option(metavar="AMOUNT", help="What was paid: 12.50.")] = ""
    currency: Annotated[str, typer.Option(help="ISO 4217, of the value.")] = ""
    query: Annotated[str, typer.Option(help="What was searched for.")] = ""
    page: Annotated[str, typer.Option(help="The page.")] = ""
    duration_s: Annotated[float, typer.Option(min=0, help="How long it took, in seconds.")] = 0
    attributes: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="NAME=VALUE", help="Anything else; repeatable."),
    ] = None
    event_id: Annotated[str, typer.Option(help="Yours, so that repeating counts once.")] = ""
    time: Annotated[str, typer.Option(help="When, RFC 3339; else now, as the suite has it.")] = ""
    edge: EdgeOption = ""
    home: HomeOption = None
    as_json: JsonOption = False


@gathered_in(TrackOptions)
def track(given: TrackOptions) -> None:
    """Say what happened; once it is acknowledged it is durable and the very next answer knows it.

    Example: touchpoint track decline customer:C20001 --offer promo-running-10
    """
    with open_edge(given.home, given.edge) as touchpoint:
        happened = event(
            given.type_,
            given.who,
            event_id=given.event_id,
            time=_time(given.time) if given.time else business_time(touchpoint.channel),
            channel=given.channel,
            session_id=given.session,
            order_id=given.order,
            item_id=given.item,
            offer_id=given.offer,
            decision_id=given.decision,
            placement=given.placement,
            quantity=given.quantity,
            value=given.value,
            currency=given.currency,
            query=given.query,
            page=given.page,
            duration_s=given.duration_s,
            attributes=read_attributes(given.attributes or []),
        )
        answer = touchpoint.track(happened)
    if given.as_json:
        say_json(answer)
    elif answer.accepted:
        people.print(f"Noted: {given.type_} (event {happened.event_id}).", markup=False)
    elif answer.duplicates:
        people.print("It was noted before, with the same content.")
    _fail_if_rejected(answer)


def _fail_if_rejected(answer: TrackResponse) -> None:
    for refused in answer.rejected:
        fail(f"Not noted: {refused.message} ({refused.code})")


def _time(text: str) -> datetime:
    """Read RFC 3339, UTC where no zone is said; raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r}: say a time such as 2026-03-01T12:30:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read_attributes(said: list[str]) -> dict[str, Any]:
    """Read NAME=VALUE; true, false and numbers become what they look like."""
    found: dict[str, Any] = {}
    for text in said:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise ValueError(f"{text!r}: say NAME=VALUE")
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, bool | int | float) else text
