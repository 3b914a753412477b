"""What `touchpoint train --only booster` does: grow trees, have them compared, serve them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from cli.calling import call, service
from cli.console import fail, people, say_json
from cli.growing import Examples, GrowingError, Grown, grow
from cli.showing.booster import standing_in_words
from touchpoint.ranker.v1.booster_pb2 import (
    BoosterReport,
    RollBackBoosterRequest,
    ServeBoosterRequest,
    StreamExamplesRequest,
)
from touchpoint.ranker.v1.ranker_service_pb2 import GetModelRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

Tell = Callable[[str, float], None]
Bar = Callable[[], AbstractContextManager[Tell]]
_GROWN = 0.7
"""Share of the whole at which the comparison begins."""


def train_booster(
    home: Path | None,
    *,
    seed: int,
    is_forced: bool,
    as_json: bool,
    bar: Bar,
    received: Callable[[Any], Iterator[Any]],
) -> None:
    """Grow trees from the learning log and serve them if they pay."""
    with service("ranker", home) as channel:
        stub = RankerServiceStub(channel)
        with bar() as tell:
            tell("reading answers", 0.0)
            parts = list(received(stub.StreamExamples(StreamExamplesRequest())))
            grown = _grown(Examples.of(parts), seed, tell)
            tell("comparing with and without them", _GROWN)
            request = ServeBoosterRequest(
                trees=grown.trees, trained_row=grown.trained_row, force=is_forced
            )
            done = call(stub.ServeBooster, request, None)  # as long as the learning log is
    if as_json:
        say_json(done)
    else:
        _say(f"{done.report.trees} trees, grown from {grown.examples:,} answers.")
        _say(in_words(done.report))
    if done.refusal:
        fail(f"Nothing was replaced: {done.refusal}.")
    if not as_json:
        _say(f"Booster {done.report.booster} is served on every replica.")


def show_booster(home: Path | None, *, as_json: bool) -> None:
    """Show which booster is served, and what it came to."""
    with service("ranker", home) as channel:
        model = call(RankerServiceStub(channel).GetModel, GetModelRequest())
    if as_json:
        say_json(model.booster)
        return
    if model.HasField("booster_standing"):
        _say(standing_in_words(model.booster_standing))
    if not model.HasField("booster"):
        fail("No booster is served: `touchpoint train --only booster` makes one.")
    kept = model.booster.kept_time.ToDatetime()
    _say(f"Booster {model.booster.booster} of {kept:%Y-%m-%d %H:%M} UTC is served.")
    _say(in_words(model.booster))
    if model.booster_refusal:
        people.print(model.booster_refusal, style="yellow", markup=False, soft_wrap=True)


def roll_back_booster(name: str, home: Path | None, *, off: bool, as_json: bool) -> None:
    """Serve an older booster, or none."""
    with service("ranker", home) as channel:
        rpc = RankerServiceStub(channel).RollBackBooster
        done = call(rpc, RollBackBoosterRequest(booster=name, off=off))
    if as_json:
        say_json(done)
        return
    former = done.former_booster or "none"
    if done.HasField("served"):
        _say(f"Booster {done.served.booster} is served instead of {former}.")
    else:
        _say(f"No booster is served any more, instead of {former}: the model decides alone.")


def in_words(report: BoosterReport) -> str:
    """Return what a comparison came to."""
    forced = " It is served because of --force." if report.is_forced else ""
    served = ""
    if report.served_booster:
        served = (
            f" With {report.served_booster}, which was served then, it was "
            f"{report.log_loss_served:.4f}: {report.gain_over_served:.4f} better "
            f"({report.gain_over_served_low:.4f} to {report.gain_over_served_high:.4f})."
        )
    return (
        f"On {report.compared:,} answers that they have not seen, {report.accepted_share:.1%} of "
        f"them accepted, the log-loss is {report.log_loss_with:.4f} with them and "
        f"{report.log_loss_without:.4f} without: {report.gain:.4f} better "
        f"({report.gain_low:.4f} to {report.gain_high:.4f}, 95%). They say {report.share:.0%} of "
        f"it, the model the rest.{served}{forced}"
    )


def _grown(examples: Examples, seed: int, tell: Tell) -> Grown:
    try:
        return grow(examples, seed, lambda step, share: tell(step, share * _GROWN))
    except GrowingError as error:
        fail(f"Nothing was trained: {error}.")


def _say(text: str) -> None:
    people.print(text, markup=False, soft_wrap=True)
