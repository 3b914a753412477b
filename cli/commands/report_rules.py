"""`touchpoint report rules`: what each rule did, and what became of what was shown."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from typing import Annotated

import grpc
import typer
from rich.live import Live

from cli.calling import business_time, call, service
from cli.commands.train import parse_days
from cli.console import Exit, fail, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.rules import as_json_results, results_shown
from touchpoint.rules.v1.rules_service_pb2 import GetRuleResultsRequest, GetRuleResultsResponse
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub


def rules(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="RULE…", help="Only these, with placements and answers by bundle."),
    ] = None,
    since: Annotated[str, typer.Option(metavar="DAYS", help="So far back, such as 30d.")] = "7d",
    watch: Annotated[
        float,
        typer.Option(
            min=0.0, metavar="SECONDS", help="Ask again after so many seconds, until Ctrl-C."
        ),
    ] = 0.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how often each rule acted, on how many people, how often it failed, what was accepted.

    Rules in shadow are told apart: of those it is what they would have done. What was accepted
    where a rule acted and elsewhere describes whom it acts on, not what the rule brings about.

    Example: touchpoint report rules

    Example: touchpoint report rules declined no_wine_at_breakfast --since 30d

    Example: touchpoint report rules --watch 2
    """
    days = parse_days(since)
    with service("rules", home) as channel, suppress(KeyboardInterrupt):
        request = GetRuleResultsRequest(rules=names or ())
        request.since_time.FromDatetime(business_time(channel) - days)
        found = _asked(channel, request)
        is_screen = bool(watch) and not as_json and people.is_terminal
        with Live(console=people, auto_refresh=False) if is_screen else nullcontext() as live:
            while True:
                if live is not None:
                    live.update(results_shown(found, in_detail=bool(names)), refresh=True)
                elif as_json:
                    say_json(as_json_results(found))
                else:
                    people.print(results_shown(found, in_detail=bool(names)))
                if not watch:
                    return
                time.sleep(watch)
                found = _asked(channel, request)


def _asked(channel: grpc.Channel, request: GetRuleResultsRequest) -> GetRuleResultsResponse:
    """Ask; ends the command where a rule is named that is not known and never acted."""
    found = call(RulesServiceStub(channel).GetRuleResults, request)
    unknown = sorted(set(request.rules) - {each.rule for each in found.results})
    if unknown:
        fail(f"{unknown[0]}: there is no such rule, and none of that name acted.", Exit.USAGE)
    return found
