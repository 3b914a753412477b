"""`touchpoint recommend`: the next best actions for a person, on a channel, right now."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer

from cli.calling import business_time, call
from cli.calling import edge as open_edge
from cli.console import people, say_json
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
from touchpoint.client import cart_item, recommend_request

LimitOption = Annotated[int, typer.Option(min=0, max=50, help="At most; 0: as the placement says.")]
CartOption = Annotated[
    list[str] | None,
    typer.Option(metavar="ITEM[:QUANTITY][@PRICE]", help="A line of the cart; repeatable."),
]
ItemsOption = Annotated[
    list[str] | None, typer.Option("--item", help="An item in view; repeatable.")
]
QueryOption = Annotated[str, typer.Option(help="The search in view.")]
ExcludeOption = Annotated[
    list[str] | None, typer.Option(help="An item or offer to leave out; repeatable.")
]
WithinOption = Annotated[
    list[str] | None,
    typer.Option(metavar="PATH", help="Nothing but of this category; repeatable."),
]
WithoutOption = Annotated[
    list[str] | None, typer.Option(metavar="PATH", help="Nothing of this category; repeatable.")
]
LocaleOption = Annotated[str, typer.Option(help="BCP 47 language, such as en-US.")]
DeadlineOption = Annotated[
    int | None, typer.Option(min=1, help="The caller's deadline; else as the placement says.")
]
ExplainFlag = Annotated[bool, typer.Option("--explain", help="Scores and what was removed.")]
LiveFlag = Annotated[
    bool, typer.Option("--live", help="Decide for real: it counts, sticks and is remembered.")
]
_DECIMAL = r"\d+(?:\.\d+)?"
_CART_LINE = re.compile(
    rf"(?P<item>[^@]+?)(?::(?P<quantity>{_DECIMAL}))?(?:@(?P<price>{_DECIMAL}))?"
)


def recommend(
    who: WhoArgument,
    channel: ChannelOption = "WEB",
    placements: PlacementsOption = None,
    limit: LimitOption = 0,
    cart: CartOption = None,
    items: ItemsOption = None,
    session: SessionOption = "",
    query: QueryOption = "",
    exclude: ExcludeOption = None,
    within: WithinOption = None,
    without: WithoutOption = None,
    locale: LocaleOption = "",
    deadline_ms: DeadlineOption = None,
    explain: ExplainFlag = False,
    live: LiveFlag = False,
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for the next best actions; a preview that leaves no trace, unless --live.

    Example: touchpoint recommend customer:C20001 --channel web --placement web.home.banner
    --within "Home > Kitchen"
    """
    with open_edge(home, edge) as touchpoint:
        request = recommend_request(
            who,
            channel=channel,
            placement=placements or [DEFAULT_PLACEMENT],
            limit=limit,
            cart=[read_cart_line(line) for line in cart or ()],
            items=items or (),
            session_id=session,
            query=query,
            within_categories=within or (),
            without_categories=without or (),
            exclude_ids=exclude or (),
            locale=locale,
            explain=explain,
            preview=not live,
        )
        business_time(touchpoint.channel)  # connects: the time told is the decision's alone
        began = time.perf_counter()
        answer = call(touchpoint.stub.Recommend, request, deadline_ms and deadline_ms / 1000)
        spent_ms = (time.perf_counter() - began) * 1000
    if as_json:
        say_json(answer)
    else:
        show_decision(
            people,
            answer,
            spent_ms=spent_ms,
            deadline_ms=deadline_ms,
            preview=not live,
            explain=explain,
        )


def read_cart_line(text: str) -> CartItem:
    """Read `gels:3@12.50`; raises ValueError."""
    found = _CART_LINE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r}: say ITEM, ITEM:QUANTITY or ITEM:QUANTITY@PRICE")
    return cart_item(found["item"], float(found["quantity"] or 1), found["price"] or "")
