"""`touchpoint explain`: why a decision came out as it did, and why something was not in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.calling import business_time, call, service
from cli.calling import edge as open_edge
from cli.console import Exit, fail, people, say_json
from cli.options import EdgeOption, HomeOption, JsonOption
from cli.showing.replay import show_replay
from cli.showing.trace import show_trace
from cli.showing.why import why, why_data
from touchpoint.ranker.v1.journal_pb2 import ReplayDecisionRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

_REPLAY_S = 120.0
"""A model of long ago is made row by row, beside the requests."""


def explain(
    decision_id: Annotated[str, typer.Argument(help="As `recommend --live` told it.")],
    why_: Annotated[
        str, typer.Option("--why", metavar="ITEM", help="Say only why this was (not) shown.")
    ] = "",
    replay: Annotated[
        bool,
        typer.Option("--replay", help="Rank it again by the versions of then, and compare."),
    ] = False,
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a decision's trace, kept for 7 days: candidates, removals, scores, times.

    With --replay the ranker ranks it once more, from what it was given and by the definitions and
    the model of then (docs/journal.md): the same comes out, or it says what changed or is gone.

    Example: touchpoint explain 0198c1f2-… --why tv-oriel-master-oled-8k-55-in

    Example: touchpoint explain 0198c1f2-… --replay
    """
    if replay and why_:
        fail("--replay and --why go alone.", Exit.USAGE)
    if replay:
        return _replay(decision_id, home, as_json=as_json)
    with open_edge(home, edge) as touchpoint:
        answer = touchpoint.explain(decision_id)
        now = business_time(touchpoint.channel)
    if why_ and as_json:
        say_json(why_data(answer, why_))
    elif as_json:
        say_json(answer)
    elif why_:
        people.print(why(answer, why_), markup=False, soft_wrap=True)
    else:
        show_trace(people, answer, now)
    return None


def _replay(decision_id: str, home: Path | None, *, as_json: bool) -> None:
    with service("ranker", home) as channel:
        request = ReplayDecisionRequest(decision_id=decision_id)
        answer = call(RankerServiceStub(channel).ReplayDecision, request, _REPLAY_S)
    if as_json:
        say_json(answer)
    else:
        show_replay(people, answer)
