"""`touchpoint report results`: what came of it, against holdout and static, in money."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.calling import business_time, call, call_each, service
from cli.commands.train import parse_days
from cli.console import Exit, aside, fail, failures_told, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.results.page import page
from cli.showing.results.terminal import results_shown
from touchpoint.client import CallError
from touchpoint.ranker.v1.ranker_service_pb2 import GetResultsRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.ranker.v1.results_pb2 import Results
from touchpoint.rules.v1.rules_pb2 import RuleResult
from touchpoint.rules.v1.rules_service_pb2 import GetRuleResultsRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

_SPLITS = ("offers", "kinds", "shown", "channels", "points", "segments")


def results(
    since: Annotated[
        str, typer.Option(metavar="DAYS", help="So far back from the end, such as 28d.")
    ] = "28d",
    until: Annotated[
        str, typer.Option(metavar="DAY", help="Until before that day (UTC): 2026-11-01; else now.")
    ] = "",
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page that can be sent, or printed, as it is."),
    ] = None,
    sql: Annotated[
        bool,
        typer.Option("--sql", help="Print the queries that recompute every figure from an export."),
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what came of it: against holdout and static, in money, with 95% intervals.

    These hold for one look at a time that was set before; `touchpoint report experiment holdout` is
    for looks at any time.

    One page: each measure by arm, and by where things were seen and where they were bought, kinds
    of offers, the best and the worst offers, segments, what the rules cost, and what cannot be
    said. What each measure means stands in docs/measures.md. --sql prints a script for DuckDB that
    recomputes all of it in the folder of `touchpoint export DIR --in-house`.

    Example: touchpoint report results

    Example: touchpoint report results --since 90d --html results.html
    """
    found = _measured(since, until, home, quiet=as_json or sql)
    if sql:
        typer.echo(_script(found), nl=False)
        return
    rules = _rules(found, home)
    if html is not None:
        with failures_told():
            _write(html, page(found, rules))
    if as_json:
        say_json(_as_json(found, rules))
    elif html is not None:
        people.print(f"{html} is written.", markup=False, soft_wrap=True)
    else:
        people.print(results_shown(found, rules))


def _measured(since: str, until: str, home: Path | None, *, quiet: bool) -> Results:
    days = parse_days(since)
    request, found = GetResultsRequest(), Results()
    with service("ranker", home) as channel, _spinner(quiet=quiet) as tell:
        end = _day(until) if until else business_time(channel)
        request.until_time.FromDatetime(end)
        request.since_time.FromDatetime(end - days)
        for response in call_each(RankerServiceStub(channel).GetResults, request, None):
            if response.HasField("results"):
                found = response.results
            else:
                tell(f"{response.progress.step}: {response.progress.done:,}")
    return found


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        fail(f"--until {text!r}: say a day, such as 2026-11-01", Exit.USAGE)


def _rules(found: Results, home: Path | None) -> Sequence[RuleResult]:
    """Ask what the rules did in the period; nothing where rules does not answer."""
    request = GetRuleResultsRequest(since_time=found.since_time, until_time=found.until_time)
    with service("rules", home) as channel:
        try:
            return call(RulesServiceStub(channel).GetRuleResults, request).results
        except CallError as error:
            aside.print(f"What the rules cost is left out: {error.message}", markup=False)
            return ()


def _script(found: Results) -> str:
    """Return the tables and, as comments name them, the query of every figure."""
    measures = (
        f"-- {m.name}: {m.title}, by arm\n{m.query};\n"
        f"-- {m.name}: {m.title}, by channel seen and bought\n{m.channels_query};\n"
        for m in found.measures
    )
    others = (f"-- {name}\n{getattr(found, f'{name}_query')};\n" for name in _SPLITS)
    return "\n".join([found.sql, *measures, *others])


def _as_json(found: Results, rules: Sequence[RuleResult]) -> dict[str, Any]:
    told: dict[str, Any] = MessageToDict(found, always_print_fields_with_no_presence=True)
    told["rules"] = [
        MessageToDict(rule, always_print_fields_with_no_presence=True) for rule in rules
    ]
    return told


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    if path.is_dir():
        raise ValueError(f"--html {path}: is a folder; name a file")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _spinner(*, quiet: bool) -> Iterator[Any]:
    """Show what is being done; gives the function that is told."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("beginning", total=None)
        yield lambda text: progress.update(task, description=text)
