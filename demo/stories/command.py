"""`touchpoint demo`: plays the stories and says whether each came out as it should."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import grpc.aio
import typer
from rich.console import Console

from demo.stories.stage import Stage, StoryError
from demo.stories.stories import STORIES
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub


async def play(edge: str, names: list[str], console: Console) -> list[dict[str, Any]]:
    """Play stories through the edge at host:port and return what each claimed."""
    played = []
    async with grpc.aio.insecure_channel(edge) as channel:
        for name in names:
            stage = Stage(AggregatorServiceStub(channel), tell=console.print)
            story = STORIES[name]
            console.rule(f"[bold]{story.__doc__}")
            await story(stage)
            for sentence, holds in stage.outcomes:
                console.print(f"[{'green' if holds else 'red'}]{'✓' if holds else '✗'} {sentence}")
            played.append({"story": name, "claims": dict(stage.outcomes)})
    return played


def demo(
    stories: Annotated[
        list[str] | None, typer.Argument(help=f"Of: {', '.join(STORIES)}. All when none is named.")
    ] = None,
    edge: Annotated[
        str, typer.Option(envvar="TOUCHPOINT_EDGE", help="host:port of the edge.")
    ] = "127.0.0.1:7400",
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Play everyday stories on the story shop, and show what every channel saw.

    Each story makes up a person of its own, so that it can be played again and again.

    Example: touchpoint demo declined called
    """
    names = stories or list(STORIES)
    unknown = sorted(set(names) - set(STORIES))
    if unknown:
        raise typer.BadParameter(
            f"there is no story {', '.join(unknown)}; try touchpoint demo --help"
        )
    try:
        played = asyncio.run(play(edge, names, Console(quiet=as_json, highlight=False)))
    except StoryError as error:
        typer.echo(f"The story cannot go on: {error}", err=True)
        raise typer.Exit(1) from error
    except grpc.aio.AioRpcError as error:
        typer.echo(
            f"The edge at {edge} does not answer ({error.details()}): touchpoint up", err=True
        )
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(played))
    if not all(holds for one in played for holds in one["claims"].values()):
        raise typer.Exit(1)
