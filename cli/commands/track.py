"""`touchpoint track`: something happened."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.calling import business_time
from cli.calling import edge as open_edge
from cli.console import fail, people, say_json
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

TypeArgument = Annotated[
    str, typer.Argument(metavar="TYPE", help="view, add_to_cart, purchase, decline, login, …")
]
ItemOption = Annotated[str, typer.Option(help="The item it is about.")]
OfferOption = Annotated[str, typer.Option(help="The offer it is about.")]
DecisionOption = Annotated[str, typer.Option(help="The decision that showed it.")]
PlacementOption = Annotated[str, typer.Option(help="The placement that showed it.")]
OrderOption = Annotated[str, typer.Option(help="The order.")]
QuantityOption = Annotated[float, typer.Option(min=0, help="How many; 0: one.")]
ValueOption = Annotated[str, typer.Option(metavar="AMOUNT", help="What was paid: 12.50.")]
CurrencyOption = Annotated[str, typer.Option(help="ISO 4217, of the value.")]
QueryOption = Annotated[str, typer.Option(help="What was searched for.")]
PageOption = Annotated[str, typer.Option(help="The page.")]
DurationOption = Annotated[float, typer.Option(min=0, help="How long it took, in seconds.")]
AttributesOption = Annotated[
    list[str] | None,
    typer.Option("--attribute", metavar="NAME=VALUE", help="Anything else; repeatable."),
]
EventIdOption = Annotated[str, typer.Option(help="Yours, so that repeating counts once.")]
TimeOption = Annotated[str, typer.Option(help="When, RFC 3339; else now, as the suite has it.")]


def track(
    type_: TypeArgument,
    who: WhoArgument,
    item: ItemOption = "",
    offer: OfferOption = "",
    decision: DecisionOption = "",
    placement: PlacementOption = "",
    channel: ChannelOption = "WEB",
    session: SessionOption = "",
    order: OrderOption = "",
    quantity: QuantityOption = 0,
    value: ValueOption = "",
    currency: CurrencyOption = "",
    query: QueryOption = "",
    page: PageOption = "",
    duration_s: DurationOption = 0,
    attributes: AttributesOption = None,
    event_id: EventIdOption = "",
    time: TimeOption = "",
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what happened; once it is acknowledged it is durable and the very next answer knows it.

    Example: touchpoint track decline customer:C20001 --offer promo-running-10
    """
    with open_edge(home, edge) as touchpoint:
        happened = event(
            type_,
            who,
            event_id=event_id,
            time=_time(time) if time else business_time(touchpoint.channel),
            channel=channel,
            session_id=session,
            order_id=order,
            item_id=item,
            offer_id=offer,
            decision_id=decision,
            placement=placement,
            quantity=quantity,
            value=value,
            currency=currency,
            query=query,
            page=page,
            duration_s=duration_s,
            attributes=read_attributes(attributes or []),
        )
        answer = touchpoint.track(happened)
    if as_json:
        say_json(answer)
    elif answer.accepted:
        people.print(f"Noted: {type_} (event {happened.event_id}).", markup=False)
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
