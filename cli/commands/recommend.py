"""`touchpoint recommend`: the next best actions for a person, on a channel, right now."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer

from cli.calling import business_time, call
from cli.calling import edge as open_edge
from cli.console import JsonOption, people, say_json
from cli.reach import EdgeOption, HomeOption
from cli.showing.decision import show_decision
from touchpoint.aggregator.v1.aggregator_pb2 import CartItem
from touchpoint.client import cart_item, recommend_request

WhoArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="KIND:VALUE…",
        help="Who it is: customer, loyalty_card, email, phone or visitor, and its value.",
    ),
]
ChannelOption = Annotated[
    str,
    typer.Option(
        help="WEB, APP, PUSH, EMAIL, SMS, DIRECT_MAIL, CALL_CENTER, IVR, CHAT or STORE; any case."
    ),
]
_CART_LINE = re.compile(r"(?P<item>.+?)(?::(?P<quantity>\d+(?:\.\d+)?))?(?:@(?P<price>[\d.]+))?")


def recommend(
    who: WhoArgument,
    channel: ChannelOption = "WEB",
    placement: Annotated[
        list[str] | None, typer.Option(help="Where it is shown; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=50, help="At most; 0: its own.")] = 0,
    cart: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM[:QUANTITY][@PRICE]", help="A line of the cart; repeatable."),
    ] = None,
    item: Annotated[list[str] | None, typer.Option(help="An item in view; repeatable.")] = None,
    session: Annotated[str, typer.Option(help="The visit or call.")] = "",
    query: Annotated[str, typer.Option(help="The search in view.")] = "",
    exclude: Annotated[list[str] | None, typer.Option(help="To leave out; repeatable.")] = None,
    locale: Annotated[str, typer.Option(help="BCP 47 language.")] = "",
    deadline: Annotated[
        int | None, typer.Option(metavar="MS", min=1, help="Else the placement's own.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Scores and what was removed.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Decide for real: it counts, sticks and is remembered.")
    ] = False,
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for the next best actions; a preview that leaves no trace, unless --live.

    Example: touchpoint recommend customer:C20001 --channel web --placement web.home.banner
    """
    timeout_s = deadline / 1000 if deadline else None
    with open_edge(home, edge) as touchpoint:
        request = recommend_request(
            who,
            channel=channel,
            placement=placement or ["web.home.banner"],
            limit=limit,
            cart=[read_cart_line(line) for line in cart or ()],
            items=item or (),
            session_id=session,
            query=query,
            exclude_ids=exclude or (),
            locale=locale,
            explain=explain,
            preview=not live,
        )
        business_time(touchpoint.channel)  # connects: the time told is the decision's alone
        began = time.perf_counter()
        answer = call(touchpoint.stub.Recommend, request, timeout_s)
        spent_ms = (time.perf_counter() - began) * 1000
    if as_json:
        say_json(answer)
    else:
        show_decision(
            people,
            answer,
            spent_ms=spent_ms,
            deadline_ms=deadline,
            preview=not live,
            explain=explain,
        )


def read_cart_line(text: str) -> CartItem:
    """Read `gels:3@12.50`; raises ValueError."""
    found = _CART_LINE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r}: say ITEM, ITEM:QUANTITY or ITEM:QUANTITY@PRICE")
    return cart_item(found["item"], float(found["quantity"] or 1), found["price"] or "")
