"""`touchpoint demo`: plays the stories and says whether each came out as it should."""

from __future__ import annotations

import asyncio
from typing import Annotated

import grpc.aio
import typer
from rich.markup import escape

from cli.console import CommandError, Exit, fail, failures_told, people, say_json
from cli.options import EdgeOption, HomeOption, JsonOption
from cli.reach import reach
from demo.stories.playing import Played, overview, play
from demo.stories.stage import StoryError
from touchpoint.client import call_error

_STORIES = dict(overview())


def demo(
    stories: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STORY…]", help=f"Of {', '.join(_STORIES)}; else all."),
    ] = None,
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play everyday stories on the story shop, and show what every channel saw.

    Each story makes up a person of its own, so that it can be played again and again.

    Example: touchpoint demo declined called
    """
    names = stories or list(_STORIES)
    unknown = sorted(set(names) - set(_STORIES))
    if unknown:
        fail(f"There is no story {', '.join(unknown)}; say {', '.join(_STORIES)}", Exit.USAGE)
    address = reach(home, edge).edge
    played = _play(address, names, quiet=as_json)
    if as_json:
        say_json({"stories": [{"story": one.name, "claims": one.claims} for one in played]})
    else:
        _summarise(played)
    if not all(one.came_out for one in played):
        raise typer.Exit(Exit.FAILED)


def _play(address: str, names: list[str], *, quiet: bool) -> list[Played]:
    def begin(sentence: str) -> None:
        if not quiet:
            people.print(f"\n[bold]{escape(sentence)}", soft_wrap=True)

    def tell(line: str) -> None:
        if not quiet:
            people.print(line, markup=False, soft_wrap=True)

    with failures_told(address):
        try:
            return asyncio.run(play(address, names, tell, begin))
        except StoryError as error:
            raise CommandError(f"The story cannot go on: {error}") from None
        except grpc.aio.AioRpcError as error:
            raise call_error(error) from None


def _summarise(played: list[Played]) -> None:
    people.print()
    for one in played:
        for sentence, holds in one.claims.items():
            mark = "[green]as it should" if holds else "[red]NOT as it should"
            people.print(f"{one.name}: {escape(sentence)}: {mark}", soft_wrap=True)
