"""`touchpoint report experiment`: what experiments came to, and what one would need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.calling import CALLER, business_time, service
from cli.commands import experiment_options as options
from cli.commands.train import parse_days
from cli.console import Exit, aside, fail, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.experiment import (
    as_json_plan,
    as_json_reports,
    ended_shown,
    plan_shown,
    report_shown,
)
from shared.call import CALLER as CALLER_KEY
from touchpoint.client import call_error
from touchpoint.ranker.v1.experiments_pb2 import (
    GetExperimentRequest,
    GetExperimentResponse,
    PlanExperimentRequest,
)
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

_METADATA = ((CALLER_KEY, CALLER),)
Tell = Callable[[str, float], None]


def experiment(
    name: options.NameArgument = "",
    plan: options.PlanOption = False,
    measure: options.MeasureOption = "revenue_per_visit",
    effect: options.EffectOption = "",
    share: options.ShareOption = "100%",
    groups: options.GroupsOption = 2,
    power: options.PowerOption = 0.8,
    since: options.SinceOption = "",
    until: options.UntilOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the groups of experiments, or plan one.

    The intervals hold at all looks together, if it begins where the experiment did, so without
    --since: whoever looks daily and ends it when it is clear is wrong in 5 of 100 at most. People
    are compared, not clicks. Groups of other sizes than planned are said first: believe nothing
    else then. `holdout` holds those for whom things are personalised against those held out, since
    the arms have their shares. Those that are over are listed, and stay as they ended.

    Example: touchpoint report experiment

    Example: touchpoint report experiment fewer_surveys --json

    Example: touchpoint report experiment --plan --measure look_to_book --effect 5%
    """
    if plan and (name or until):
        told = "--plan is about an experiment that is not there yet: leave NAME and --until out."
        fail(told, Exit.USAGE)
    if plan:
        _plan(_planned(measure, effect, share, groups, power), since, home, as_json=as_json)
    else:
        _report(name, since, until, home, as_json=as_json)


def _report(name: str, since: str, until: str, home: Path | None, *, as_json: bool) -> None:
    request = GetExperimentRequest(experiment=name)
    if until:
        request.until_time.FromDatetime(_instant(until))
    with service("ranker", home) as channel, _bar(quiet=as_json) as tell:
        if since:
            request.since_time.FromDatetime(business_time(channel) - parse_days(since))
        responses = RankerServiceStub(channel).GetExperiment(request, metadata=_METADATA)
        found: GetExperimentResponse = _last(responses, tell)
    if as_json:
        say_json(as_json_reports(found.reports, found.ended))
        return
    for each in found.reports:
        people.print(report_shown(each))
    if found.ended:
        people.print(ended_shown(found.ended))


def _planned(
    measure: str, effect: str, share: str, groups: int, power: float
) -> PlanExperimentRequest:
    return PlanExperimentRequest(
        measure=measure,
        effect=_share(effect, "--effect") if effect else 0.0,
        share=_share(share, "--share"),
        groups=[1.0 / groups] * groups,
        power=power,
    )


def _plan(request: PlanExperimentRequest, since: str, home: Path | None, *, as_json: bool) -> None:
    with service("ranker", home) as channel, _bar(quiet=as_json) as tell:
        if since:
            request.since_time.FromDatetime(business_time(channel) - parse_days(since))
        responses = RankerServiceStub(channel).PlanExperiment(request, metadata=_METADATA)
        found = _last(responses, tell).plan
    if as_json:
        say_json(as_json_plan(found))
    else:
        people.print(plan_shown(found))


def _last(responses: Any, tell: Tell) -> Any:
    """Return the last message of a stream, telling how far it is; raises CallError."""
    last = None
    try:
        for response in responses:
            tell(response.step, response.share_done)
            last = response
    except grpc.RpcError as error:
        raise call_error(error) from None
    finally:
        responses.cancel()
    assert last is not None, "a stream that ends well has a last message"
    return last


def _share(text: str, option: str) -> float:
    """Read `5%` or `0.05`; ends the command when it is anything else."""
    try:
        found = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        found = 0.0
    if not 0.0 < found <= 1.0:
        fail(f"{option} {text!r}: say a share above 0 and at most 1, such as 5%", Exit.USAGE)
    return found


def _instant(text: str) -> datetime:
    """Read a date or a time, UTC unless it says another; ends the command when it is neither."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--until {text!r}: say a time such as 2026-11-01 or 2026-11-01T12:00", Exit.USAGE)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Tell]:
    """Show how far it is; gives the function that is told."""
    columns = (TextColumn("{task.description}"), BarColumn())
    times = (TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, *times, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("reading", total=1.0)

        def tell(step: str, share_done: float) -> None:
            progress.update(task, description=step, completed=share_done)

        yield tell
