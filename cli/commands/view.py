"""`touchpoint view`: the single customer view."""

from __future__ import annotations

from cli.calling import business_time
from cli.calling import edge as open_edge
from cli.console import people, say_json
from cli.options import EdgeOption, HomeOption, JsonOption, SessionOption, WhoArgument
from cli.showing.view import show_view


def view(
    who: WhoArgument,
    session: SessionOption = "",
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
