"""`touchpoint report patterns`: what ends in leaving, and what rises before a purchase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.calling import CALLER, business_time, service
from cli.commands.train import parse_days
from cli.console import Exit, aside, fail, failures_told, people, say_json
from cli.options import HomeOption, JsonOption
from cli.reporting import followed
from cli.showing.patterns import as_json_patterns, page, patterns_shown, skeletons
from shared.call import CALLER as CALLER_KEY
from touchpoint.scenario.v1.patterns_pb2 import PatternReport
from touchpoint.scenario.v1.scenario_service_pb2 import FindPatternsRequest
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

_METADATA = ((CALLER_KEY, CALLER),)


def patterns(
    history: Annotated[str, typer.Option(metavar="DAYS", help="So far back, such as 30d.")] = "30d",
    limit: Annotated[int, typer.Option(min=1, max=100, help="Of each kind, at most.")] = 10,
    skeleton: Annotated[
        int, typer.Option(metavar="N", min=0, help="Print a scenario to start from that finding.")
    ] = 0,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page that can be sent, with all scenarios."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find what ends in leaving, what checkouts are left from, and what rises before a purchase.

    Found, not guessed: all sequences of what people did are looked at, held against visits that
    came as far, and told where they differ beyond chance, how many were looked at allowed for. Each
    with how many people, what lay in their carts, and a scenario to start from. Where nothing is to
    be found, something is told in one report of a hundred (docs/patterns.md).

    Example: touchpoint report patterns

    Example: touchpoint report patterns --history 90d --html patterns.html

    Example: touchpoint report patterns --skeleton 2 > deploy/definitions/new_scenario.yaml

    Example: touchpoint report patterns --history 7d --json
    """
    request = FindPatternsRequest(at_most=limit)
    days = parse_days(history, "--history")
    with service("scenario", home) as channel:
        request.since_time.FromDatetime(business_time(channel) - days)
        responses = ScenarioServiceStub(channel).FindPatterns(request, metadata=_METADATA)
        quiet = as_json or bool(skeleton)
        found = followed(responses, PatternReport(), "looking for patterns", quiet=quiet)
    if html is not None:
        with failures_told():
            html.write_text(page(found), encoding="utf-8")
        aside.print(f"The page is in {html}.", markup=False, soft_wrap=True)
    if skeleton:
        _print_skeleton(skeleton, found)
    elif as_json:
        say_json(as_json_patterns(found))
    elif html is None:
        people.print(patterns_shown(found))


def _print_skeleton(number: int, found: PatternReport) -> None:
    told = skeletons(found)
    if not told:
        fail("nothing was found, so there is no scenario to start from")
    if number > len(told):
        fail(f"--skeleton {number}: findings are numbered from 1 to {len(told)}", Exit.USAGE)
    typer.echo(told[number - 1], nl=False)
