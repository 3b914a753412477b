"""`touchpoint train`: learns from what people did, serves it, and proposes personas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.calling import CALLER, business_time, service
from cli.commands.train_booster import roll_back_booster, show_booster, train_booster
from cli.commands.train_models import list_models, roll_back, show_served
from cli.commands.train_options import (
    HELP,
    DryRunOption,
    ForceOption,
    FromOption,
    ListOption,
    ModelArgument,
    OffOption,
    Part,
    PartOption,
    RankerOption,
    ReportOption,
    RollbackOption,
    SeedOption,
    SinceOption,
)
from cli.commands.train_ranker import source_of_history, train_ranker
from cli.console import Exit, aside, fail, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.personas import show_proposals
from cli.showing.training import show_report
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was said of models, personas and boosters."""

    model: str
    since: str
    seed: int
    only: Part | None
    force: bool
    report: bool
    list_: bool
    rollback: bool
    off: bool
    home: Path | None
    as_json: bool


def train(
    model: ModelArgument = "",
    since: SinceOption = "",
    seed: SeedOption = 0,
    only: PartOption = None,
    force: ForceOption = False,
    report: ReportOption = False,
    list_: ListOption = False,
    rollback: RollbackOption = False,
    off: OffOption = False,
    ranker: RankerOption = False,
    source: FromOption = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn who likes what, as the help says."""
    if ranker | dry_run | bool(source):
        others = (model, since, only, report, list_, rollback, off)
        path = source_of_history(source if ranker else None, others)
        train_ranker(path, home, force=force, preview=dry_run, as_json=as_json)
        return
    choices = (report, list_, rollback, off)
    asked = _Asked(model, since, seed, only, force, *choices, home, as_json)
    _refuse_contradictions(asked)
    if only is Part.BOOSTER or off:
        _booster(asked)
    else:
        _models(asked)


train.__doc__ = HELP


def _refuse_contradictions(asked: _Asked) -> None:
    if asked.report + asked.list_ + asked.rollback + asked.off > 1:
        fail("--report, --list, --rollback and --off go alone.", Exit.USAGE)
    if asked.model and not asked.rollback:
        fail(f"{asked.model}: a model is named with --rollback alone.", Exit.USAGE)


def _booster(asked: _Asked) -> None:
    """Grow trees that have a say beside the ranker's model, or show or change which are served."""
    home, as_json = asked.home, asked.as_json
    _refuse_for_booster(asked.only, is_listed=asked.list_, since=asked.since)
    if asked.report:
        show_booster(home, as_json=as_json)
    elif asked.rollback or asked.off:
        roll_back_booster(asked.model, home, off=asked.off, as_json=as_json)
    else:
        train_booster(
            home,
            seed=asked.seed,
            is_forced=asked.force,
            as_json=as_json,
            bar=partial(_bar, quiet=as_json),
            received=_received,
        )


def _models(asked: _Asked) -> None:
    """Train models and personas, or show or change which model is served."""
    home, as_json = asked.home, asked.as_json
    if asked.report:
        show_served(home, as_json=as_json)
    elif asked.list_:
        list_models(home, as_json=as_json)
    elif asked.rollback:
        roll_back(asked.model, home, as_json=as_json)
    else:
        _train(asked.since, asked.seed, asked.only, home, is_forced=asked.force, as_json=as_json)


def _refuse_for_booster(only: Part | None, *, is_listed: bool, since: str) -> None:
    if only is not Part.BOOSTER:
        fail("--off goes with --only booster.", Exit.USAGE)
    if is_listed or since:
        fail("--list and --since say nothing of a booster.", Exit.USAGE)


def _train(
    since: str, seed: int, only: Part | None, home: Path | None, *, is_forced: bool, as_json: bool
) -> None:
    days = parse_days(since) if since else None
    told: dict[str, Any] = {}
    refusal, is_worse = "", False
    if only is not Part.PERSONAS:
        report = _learn(days, seed, home, is_forced=is_forced, as_json=as_json)
        told |= MessageToDict(report)
        refusal, is_worse = report.refusal, report.is_worse
    if only is not Part.MODELS:
        proposals = _propose(seed, home, as_json=as_json)
        told["personas"] = MessageToDict(proposals)
        if only is Part.PERSONAS:
            refusal, is_worse = proposals.refusal, False
    if as_json:
        say_json(told)
    if refusal:
        fail(f"Nothing was replaced: {refusal}." if is_worse else f"Nothing was trained: {refusal}")


def _learn(
    days: timedelta | None, seed: int, home: Path | None, *, is_forced: bool, as_json: bool
) -> TrainingReport:
    """Train retrieval's models and show what came of it."""
    with service("retrieval", home) as channel, _bar(quiet=as_json) as tell:
        request = TrainRequest(seed=seed, force=is_forced)
        if days is not None:
            request.since_time.FromDatetime(business_time(channel) - days)
        report = _trained(RetrievalServiceStub(channel), request, tell)
    if report.is_worse and report.refusal and not as_json:
        show_report(people, report)
    elif not report.refusal and not as_json:
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


def parse_days(text: str, option: str = "--since") -> timedelta:
    """Read `180d`; ends the command when it is anything else."""
    found = _SINCE.fullmatch(text)
    if found is None:
        fail(f"{option} {text!r}: say how many days, such as 180d", Exit.USAGE)
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
    show_report(people, report)
    tried_words = several(len(report.trials), "setting") + " tried"
    forced = " It is worse than the one before, and served because of --force."
    people.print(
        f"Model {report.model}, {tried_words}, in {report.spent_s:.1f} s; every replica "
        f"serves it within seconds.{forced if report.is_forced else ''}",
        markup=False,
        soft_wrap=True,
    )
