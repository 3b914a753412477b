"""`touchpoint train`: learns from what people did, serves it, and proposes personas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import grpc
import typer
from google.protobuf.json_format import MessageToDict
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.calling import CALLER, business_time, service
from cli.console import Exit, add_row, aside, fail, people, say_json, table
from cli.options import HomeOption, JsonOption
from cli.showing.personas import show_proposals
from cli.showing.words import several
from shared.call import CALLER as CALLER_KEY
from touchpoint.client import call_error
from touchpoint.profile.v1.personas_pb2 import PersonaProposals
from touchpoint.profile.v1.profile_service_pb2 import TrainPersonasRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.retrieval.v1.retrieval_pb2 import TrainingReport
from touchpoint.retrieval.v1.retrieval_service_pb2 import TrainRequest
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

_METADATA = ((CALLER_KEY, CALLER),)
_SINCE = re.compile(r"([1-9]\d{0,4})d")
_STOPPED = "Stopped. Nothing was changed: what was learned before is still served."

Tell = Callable[[str, float], None]


class Part(StrEnum):
    """What can be trained by itself."""

    MODELS = "models"
    PERSONAS = "personas"


def train(
    since: Annotated[
        str, typer.Option(metavar="DAYS", help="Only what happened lately: 180d. Else everything.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seeds every random choice.")] = 0,
    only: Annotated[
        Part | None, typer.Option(help="Only this part of it, such as after new customers came.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn who likes what, serve it on every replica, and propose the personas there are.

    Several settings are tried on the last part of the event log, history included; the best one
    learns from all of it. Personas are proposed for the people there are; none takes effect before
    somebody accepts it. While it runs, and when it is stopped, what was learned before is served.

    Example: touchpoint train --since 180d
    """
    days = parse_days(since) if since else None
    told: dict[str, Any] = {}
    refusal = ""
    if only is not Part.PERSONAS:
        report = _learn(days, seed, home, as_json=as_json)
        told |= MessageToDict(report)
        refusal = report.refusal
    if only is not Part.MODELS:
        proposals = _propose(seed, home, as_json=as_json)
        told["personas"] = MessageToDict(proposals)
        if only is Part.PERSONAS:
            refusal = proposals.refusal
    if as_json:
        say_json(told)
    if refusal:
        fail(f"Nothing was trained: {refusal}")


def _learn(
    days: timedelta | None, seed: int, home: Path | None, *, as_json: bool
) -> TrainingReport:
    """Train retrieval's models and show what came of it."""
    with service("retrieval", home) as channel, _bar(quiet=as_json) as tell:
        request = TrainRequest(seed=seed)
        if days is not None:
            request.since_time.FromDatetime(business_time(channel) - days)
        report = _trained(RetrievalServiceStub(channel), request, tell)
    if not report.refusal and not as_json:
        _show(report)
    return report


def _propose(seed: int, home: Path | None, *, as_json: bool) -> PersonaProposals:
    """Have personas proposed and show them."""
    with service("profile", home) as channel, _bar(quiet=as_json) as tell:
        responses = ProfileServiceStub(channel).TrainPersonas(
            TrainPersonasRequest(seed=seed), metadata=_METADATA
        )
        proposals = PersonaProposals()
        for response in _received(responses):
            tell(response.step, response.share_done)
            proposals = response.proposals
    if not as_json:
        show_proposals(proposals)
    return proposals


def parse_days(text: str) -> timedelta:
    """Read `180d`; ends the command when it is anything else."""
    found = _SINCE.fullmatch(text)
    if found is None:
        fail(f"--since {text!r}: say how many days, such as 180d", Exit.USAGE)
    return timedelta(days=int(found[1]))


def _trained(stub: RetrievalServiceStub, request: TrainRequest, tell: Tell) -> TrainingReport:
    """Train, telling how far it is; raises CallError."""
    report = TrainingReport()
    for response in _received(stub.Train(request, metadata=_METADATA)):
        if response.HasField("progress"):
            tell(response.progress.step, response.progress.share_done)
        else:
            report = response.report
    return report


def _received(responses: Any) -> Iterator[Any]:
    """Yield what a service tells; raises CallError, and ends the command when it is stopped."""
    try:
        yield from responses
    except grpc.RpcError as error:
        raise call_error(error) from None
    except KeyboardInterrupt:
        fail(_STOPPED)
    finally:
        responses.cancel()


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Tell]:
    """Show what is being done and how far it is; gives the function that is told."""
    columns = (TextColumn("{task.description}"), BarColumn())
    times = (TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, *times, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("beginning", total=1.0)
        yield lambda step, share: progress.update(task, description=step, completed=share)


def _show(report: TrainingReport) -> None:
    if report.trials:
        tried = table("regularisation", "weight of unbought", "NDCG@10 of novel items")
        for at, trial in enumerate(report.trials):
            cells = (f"{trial.regularisation:g}", f"{trial.unobserved_weight:g}")
            add_row(tried, *cells, f"{trial.ndcg10:.4f}", style="bold" if at == 0 else None)
        people.print(tried)
    learned = table("", "")
    add_row(learned, "learned from", f"{report.pairs:,} pairs of person and item")
    add_row(learned, "persons", f"{report.persons:,}")
    add_row(learned, "items", f"{report.items:,}")
    add_row(learned, "dimensions", f"{report.dimensions}")
    add_row(learned, "regularisation", f"{report.regularisation:g}")
    add_row(learned, "weight of unbought", f"{report.unobserved_weight:g}")
    people.print(learned)
    tried_words = several(len(report.trials), "setting") + " tried"
    people.print(
        f"Model {report.model}, {tried_words}, in {report.spent_s:.1f} s; every replica "
        "serves it within seconds.",
        markup=False,
        soft_wrap=True,
    )
