"""What `touchpoint train` tells of models that are there, and which of them is served."""

from __future__ import annotations

from pathlib import Path

from cli.calling import call, service
from cli.console import fail, people, say_json
from cli.showing.training import schedule_in_words, show_models, show_report
from touchpoint.retrieval.v1.retrieval_service_pb2 import (
    GetModelRequest,
    ListModelsRequest,
    RollBackModelRequest,
)
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub


def show_served(home: Path | None, *, as_json: bool) -> None:
    """Show what the training of the served model came to."""
    with service("retrieval", home) as channel:
        served = call(RetrievalServiceStub(channel).GetModel, GetModelRequest())
    if as_json:
        say_json(served)
        return
    if not served.model:
        fail("No model is served yet: `touchpoint train` makes one.")
    show_report(people, served.report)
    trained = served.trained_time.ToDatetime()
    people.print(f"Model {served.model} of {trained:%Y-%m-%d %H:%M} UTC is served.", markup=False)
    if served.refusal:
        people.print(served.refusal, style="yellow", markup=False, soft_wrap=True)


def list_models(home: Path | None, *, as_json: bool) -> None:
    """Show what is kept, and when the next one is trained by itself."""
    with service("retrieval", home) as channel:
        listed = call(RetrievalServiceStub(channel).ListModels, ListModelsRequest())
    if as_json:
        say_json(listed)
        return
    if listed.models:
        show_models(people, list(listed.models))
    else:
        people.print("No model is kept yet: `touchpoint train` makes one.")
    people.print(schedule_in_words(listed.schedule), markup=False, soft_wrap=True)


def roll_back(name: str, home: Path | None, *, as_json: bool) -> None:
    """Serve an older model again, on every replica; without a name the one before."""
    with service("retrieval", home) as channel:
        rpc = RetrievalServiceStub(channel).RollBackModel
        done = call(rpc, RollBackModelRequest(model=name), None)  # it reads the model's files
    if as_json:
        say_json(done)
        return
    trained = done.model.trained_time.ToDatetime()
    people.print(
        f"Model {done.model.model} of {trained:%Y-%m-%d %H:%M} UTC is served instead of "
        f"{done.former_model or 'none'}. Nothing is trained by itself until "
        "`touchpoint train` has made another.",
        markup=False,
        soft_wrap=True,
    )
