"""`touchpoint explain`: why a decision came out as it did, and why something was not in it."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.calling import business_time
from cli.calling import edge as open_edge
from cli.console import people, say_json
from cli.options import EdgeOption, HomeOption, JsonOption
from cli.showing.trace import show_trace, why


def explain(
    decision_id: Annotated[str, typer.Argument(help="As `recommend --live` told it.")],
    why_: Annotated[
        str, typer.Option("--why", metavar="ITEM", help="Say only why this was (not) shown.")
    ] = "",
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a decision's trace, kept for 7 days: candidates, removals, scores, times.

    Example: touchpoint explain 0198c1f2-… --why tv-oriel-master-oled-8k-55-in
    """
    with open_edge(home, edge) as touchpoint:
        answer = touchpoint.explain(decision_id)
        now = business_time(touchpoint.channel)
    if why_ and as_json:
        say_json({"offerId": why_, "why": why(answer, why_)})
    elif as_json:
        say_json(answer)
    elif why_:
        people.print(why(answer, why_), markup=False, soft_wrap=True)
    else:
        show_trace(people, answer, now)
