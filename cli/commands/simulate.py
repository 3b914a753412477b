"""`touchpoint simulate`: what other definitions would have changed in recorded decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import grpc
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.calling import CALLER, business_time, service
from cli.commands.definitions import DEFAULT_FOLDER, read_folder, show_problems
from cli.commands.simulate_ranking import RankingAsked, simulate_ranking
from cli.commands.train import parse_days
from cli.commands.versions import is_version
from cli.console import Exit, aside, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.simulation import as_json_simulation, show_simulation
from shared.call import CALLER as CALLER_KEY
from touchpoint.client import call_error
from touchpoint.rules.v1.rules_service_pb2 import (
    SimulateDefinitionsRequest,
    SimulateDefinitionsResponse,
)
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.rules.v1.simulation_pb2 import SimulationProgress

_METADATA = ((CALLER_KEY, CALLER),)

Tell = Callable[[SimulationProgress], None]


def simulate(
    target: Annotated[
        str,
        typer.Argument(metavar="[DIR|HASH]", help="A folder of definitions, or a version."),
    ] = str(DEFAULT_FOLDER),
    history: Annotated[
        str,
        typer.Option(metavar="DAYS", help="So far back; no decision is kept longer than 30d."),
    ] = "30d",
    against: Annotated[
        str,
        typer.Option(metavar="HASH", help="Compare with this version; else what is in force."),
    ] = "",
    limit: Annotated[
        int,
        typer.Option(min=1, max=20_000, help="How many decisions at most, evenly over the time."),
    ] = 2_000,
    examples: Annotated[int, typer.Option(min=0, max=100, help="How many examples.")] = 5,
    offers: Annotated[
        int, typer.Option(min=1, max=500, help="How many offers that gain, and that lose.")
    ] = 10,
    model: Annotated[
        str,
        typer.Option(metavar="NAME", help="Judge this snapshot of the ranker's model instead."),
    ] = "",
    exploration: Annotated[
        str, typer.Option(metavar="SHARE", help="Judge ranking that may cost so much to try out.")
    ] = "",
    scenarios: Annotated[
        bool, typer.Option("--scenarios", help="Play recorded events against the scenarios.")
    ] = False,
    scenario: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this scenario; repeatable. Goes with --scenarios."),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(min=0, max=64, help="Processes that play events. 0: one per processor."),
    ] = 0,
    person_script: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Let one person live through a script of events."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide again what was decided, by other definitions, and tell what would change.

    How many decisions, for whom, which offers gain and lose, which rules remove more or less, and
    examples with the reason. Nothing takes effect, is reserved or counted. It goes at a quarter of
    the service's pace, so that requests do not wait for it: some 2,000 decisions in a minute or
    two.

    Of decisions that were seen, the answers given say what the new definitions would have earned
    (docs/off-policy.md). With --model or --exploration a model or a policy is judged in that way,
    by the decisions of the ranker's journal: no definitions are read then.

    With --person-script one person lives through a YAML of events with times, and a timeline tells
    what scenarios make of it, with the values of their conditions.

    With --scenarios recorded events are played against the scenarios, by the code that runs them
    live: who enters and how it ends, messages and tasks by day, limits, goals (docs/scenarios.md).

    Example: touchpoint simulate deploy/definitions

    Example: touchpoint simulate deploy/definitions --history 7d --examples 20

    Example: touchpoint simulate b37ad7da79b0 --against 3f9a61c02b7e --json

    Example: touchpoint simulate --history 7d --exploration 0%

    Example: touchpoint simulate deploy/definitions --scenarios --history 30d

    Example: touchpoint simulate deploy/definitions --person-script ada.yaml
    """
    days = parse_days(history, "--history")
    if person_script is not None or scenarios or scenario:
        # Only here: they bring the domain code of three services along.
        from cli.commands.simulate_person import simulate_person
        from cli.commands.simulate_scenarios import BacktestAsked, simulate_scenarios

        asked = BacktestAsked(target, days, scenario or (), jobs)
        if person_script is not None:
            return simulate_person(asked, person_script, home, as_json=as_json)
        return simulate_scenarios(asked, home, as_json=as_json)
    if model or exploration:
        return simulate_ranking(
            RankingAsked(days, limit, model, exploration),
            home,
            as_json=as_json,
        )
    request = SimulateDefinitionsRequest(
        against_hash=against, at_most=limit, examples=examples, offers=offers
    )
    return _simulate_definitions(target, request, days, home, as_json=as_json)


def _simulate_definitions(
    target: str,
    request: SimulateDefinitionsRequest,
    days: timedelta,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Have rules decide again by a folder of definitions or a version, and tell what changes."""
    if is_version(target):
        request.bundle_hash = target
    else:
        request.files.extend(read_folder(Path(target)))
    with service("rules", home) as channel, _bar(quiet=as_json) as tell:
        request.since_time.FromDatetime(business_time(channel) - days)
        answer = _simulated(RulesServiceStub(channel), request, tell)
    if as_json:
        say_json(as_json_simulation(answer))
    else:
        show_problems(Path(target), answer.problems)
    if not answer.HasField("report"):
        raise typer.Exit(Exit.FAILED)
    if not as_json:
        show_simulation(people, answer.report)
    return


def _simulated(
    stub: RulesServiceStub, request: SimulateDefinitionsRequest, tell: Tell
) -> SimulateDefinitionsResponse:
    """Return problems and the report of a stream, telling how far it is; raises CallError."""
    whole = SimulateDefinitionsResponse()
    responses = stub.SimulateDefinitions(request, metadata=_METADATA)
    try:
        for response in responses:
            if response.HasField("progress"):
                tell(response.progress)
                response.ClearField("progress")
            whole.MergeFrom(response)
    except grpc.RpcError as error:
        raise call_error(error) from None
    finally:
        responses.cancel()
    return whole


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Tell]:
    """Show how far it is; gives the function that is told."""
    columns = (TextColumn("{task.description}"), BarColumn())
    times = (TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, *times, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("checking", total=None)

        def tell(at: SimulationProgress) -> None:
            doing = "deciding again" if at.total else "waiting for another simulation to end"
            progress.update(task, description=doing, completed=at.done, total=at.total or None)

        yield tell
