"""`touchpoint recommend`: the next best actions for a person, on a channel, right now."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Annotated

import typer

from cli.calling import business_time, call
from cli.calling import edge as open_edge
from cli.console import people, say_json
from cli.gathering import gathered_in
from cli.options import (
    DEFAULT_PLACEMENT,
    ChannelOption,
    EdgeOption,
    HomeOption,
    JsonOption,
    PlacementsOption,
    SessionOption,
    WhoArgument,
)
from cli.showing.decision import show_decision
from touchpoint.aggregator.v1.aggregator_pb2 import CartItem
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.client import cart_item, recommend_request

_DECIMAL = r"\d+(?:\.\d+)?"
_CART_LINE = re.compile(
    rf"(?P<item>[^@]+?)(?::(?P<quantity>{_DECIMAL}))?(?:@(?P<price>{_DECIMAL}))?"
)


@dataclass(frozen=True, slots=True)
class RecommendOptions:
    """What is asked for, and how it is told."""

    who: WhoArgument
    channel: ChannelOption = "WEB"
    placements: PlacementsOption = None
    limit: Annotated[
        int, typer.Option(min=0, max=50, help="At most; 0: as the placement says.")
    ] = 0
    cart: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM[:QUANTITY][@PRICE]", help="A line of the cart; repeatable."),
    ] = None
    items: Annotated[
        list[str] | None, typer.Option("--item", help="An item in view; repeatable.")
    ] = None
    session: SessionOption = ""
    query: Annotated[str, typer.Option(help="The search in view.")] = ""
    exclude: Annotated[
        list[str] | None, typer.Option(help="An item or offer to leave out; repeatable.")
    ] = None
    within: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Nothing but of this category; repeatable."),
    ] = None
    without: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Nothing of this category; repeatable.")
    ] = None
    locale: Annotated[str, typer.Option(help="BCP 47 language, such as en-US.")] = ""
    deadline_ms: Annotated[
        int | None, typer.Option(min=1, help="The caller's deadline; else as the placement says.")
    ] = None
    explain: Annotated[bool, typer.Option("--explain", help="Scores and what was removed.")] = False
    live: Annotated[
        bool, typer.Option("--live", help="Decide for real: it counts, sticks and is remembered.")
    ] = False
    edge: EdgeOption = ""
    home: HomeOption = None
    as_json: JsonOption = False


@gathered_in(RecommendOptions)
def recommend(given: RecommendOptions) -> None:
    """Ask for the next best actions; a preview that leaves no trace, unless --live.

    Example: touchpoint recommend customer:C20001 --channel web --placement web.home.banner
    --within "Home > Kitchen"
    """
    with open_edge(given.home, given.edge) as touchpoint:
        request = _request(given)
        deadline_s = given.deadline_ms and given.deadline_ms / 1000
        business_time(touchpoint.channel)  # connects: the time told is the decision's alone
        began = time.perf_counter()
        answer = call(touchpoint.stub.Recommend, request, deadline_s)
        spent_ms = (time.perf_counter() - began) * 1000
    if given.as_json:
        say_json(answer)
    else:
        show_decision(
            people,
            answer,
            spent_ms=spent_ms,
            deadline_ms=given.deadline_ms,
            preview=not given.live,
            explain=given.explain,
        )


def _request(given: RecommendOptions) -> RecommendRequest:
    """Return what is asked; raises ValueError for what cannot be read."""
    return recommend_request(
        given.who,
        channel=given.channel,
        placement=given.placements or [DEFAULT_PLACEMENT],
        limit=given.limit,
        cart=[read_cart_line(line) for line in given.cart or ()],
        items=given.items or (),
        session_id=given.session,
        query=given.query,
        within_categories=given.within or (),
        without_categories=given.without or (),
        exclude_ids=given.exclude or (),
        locale=given.locale,
        explain=given.explain,
        preview=not given.live,
    )


def read_cart_line(text: str) -> CartItem:
    """Read `gels:3@12.50`; raises ValueError."""
    found = _CART_LINE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r}: say ITEM, ITEM:QUANTITY or ITEM:QUANTITY@PRICE")
    return cart_item(found["item"], float(found["quantity"] or 1), found["price"] or "")
