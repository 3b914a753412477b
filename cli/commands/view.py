"""`touchpoint view`: the single customer view."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.calling import business_time
from cli.calling import edge as open_edge
from cli.commands.recommend import WhoArgument
from cli.console import JsonOption, people, say_json
from cli.reach import EdgeOption, HomeOption
from cli.showing.view import show_view


def view(
    who: WhoArgument,
    session: Annotated[str, typer.Option(help="The visit or call.")] = "",
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who this is, what they did on every channel, and what to do next.

    Example: touchpoint view phone:+15185550101
    """
    with open_edge(home, edge) as touchpoint:
        answer = touchpoint.view(who, session_id=session)
        now = business_time(touchpoint.channel)
    if as_json:
        say_json(answer)
    else:
        show_view(people, answer, now)
