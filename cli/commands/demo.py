"""`touchpoint demo`: plays the stories, or sends simulated shoppers whose taste is known."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import grpc.aio
import typer
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress

from cli.channels import asynchronous, credentials, key_to_show
from cli.console import CommandError, Exit, aside, fail, failures_told, people, say_json
from cli.options import EdgeOption, HomeOption, JsonOption
from cli.reach import home_of, reach
from cli.showing.traffic import traffic_shown
from cli.suite.home import Home
from demo.stories.playing import Played, overview, play
from demo.stories.stage import StoryError
from demo.traffic import playing as traffic_playing
from demo.traffic.chart import NoChartError, draw
from demo.traffic.report import Report
from demo.traffic.run import Plan
from demo.traffic.visits import TrafficError
from touchpoint.client import call_error

_STORIES = dict(overview())
_TRAFFIC = "Traffic"
"""The panel of the help with what only traffic reads."""
_CHART = "traffic.png"

Result = TypeVar("Result")


def demo(
    stories: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STORY…]", help=f"Of {', '.join(_STORIES)}; else all."),
    ] = None,
    traffic: Annotated[
        bool,
        typer.Option(
            "--traffic", help="Send simulated shoppers instead.", rich_help_panel=_TRAFFIC
        ),
    ] = False,
    rounds: Annotated[
        int, typer.Option(min=1, max=1_000, help="Rounds of traffic.", rich_help_panel=_TRAFFIC)
    ] = 12,
    shoppers: Annotated[
        int,
        typer.Option(
            min=1, max=10_000, help="In a round, each time others.", rich_help_panel=_TRAFFIC
        ),
    ] = 60,
    seed: Annotated[
        int, typer.Option(help="The same seed, the same tastes.", rich_help_panel=_TRAFFIC)
    ] = 1,
    chart: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"Where to draw acceptance, as PNG; else {_CHART} in the suite's folder.",
            rich_help_panel=_TRAFFIC,
        ),
    ] = None,
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play everyday stories on the story shop, and show what every channel saw.

    Each story makes up a person of its own, so that it can be played again and again. Those that
    last for weeks move the suite's time on, all of them together by about two months. With
    --traffic, simulated shoppers with a hidden taste answer what they are shown, so that one can
    see the suite learn it: in about a minute, with a table and a chart.

    Example: touchpoint demo declined called

    Example: touchpoint demo --traffic --rounds 10 --shoppers 60 --chart acceptance.png
    """
    if traffic and stories:
        fail("Say a story or --traffic, not both", Exit.USAGE)
    found, place = reach(home, edge), home_of(home)
    if traffic:
        file = chart or place.path / _CHART
        _send_traffic(place, found.edge, Plan(rounds, shoppers, seed), file, as_json=as_json)
    else:
        here = None if edge else _Here(found.to("retrieval"), place.outbox)
        _play_stories(place, found.edge, here, stories or list(_STORIES), as_json=as_json)


class _Here(NamedTuple):
    """What stories need beside the edge, of a suite on this machine."""

    retrieval: str
    outbox: Path


def _play_stories(
    home: Home, address: str, here: _Here | None, names: list[str], *, as_json: bool
) -> None:
    unknown = sorted(set(names) - set(_STORIES))
    if unknown:
        fail(f"There is no story {', '.join(unknown)}; say {', '.join(_STORIES)}", Exit.USAGE)
    played = _play(home, address, here, names, quiet=as_json)
    if as_json:
        say_json({"stories": [_as_json(one) for one in played]})
    else:
        _summarise(played)
    if not all(one.came_out for one in played):
        raise typer.Exit(Exit.FAILED)


def _play(
    home: Home, address: str, here: _Here | None, names: list[str], *, quiet: bool
) -> list[Played]:
    def begin(sentence: str) -> None:
        if not quiet:
            people.print(f"\n[bold]{escape(sentence)}", soft_wrap=True)

    def tell(line: str) -> None:
        if not quiet:
            people.print(line, markup=False, soft_wrap=True)

    beside = {} if here is None else here._asdict()
    opened = partial(asynchronous, home)
    return _run(address, play(address, names, tell, begin, opened=opened, **beside))


def _as_json(one: Played) -> dict[str, Any]:
    skipped = {"skipped": one.skipped} if one.skipped else {}
    return {"story": one.name, "claims": one.claims, **skipped}


def _summarise(played: list[Played]) -> None:
    people.print()
    for one in played:
        if one.skipped:
            people.print(f"{one.name}: [yellow]left out: {escape(one.skipped)}", soft_wrap=True)
        for sentence, holds in one.claims.items():
            mark = "[green]as it should" if holds else "[red]NOT as it should"
            people.print(f"{one.name}: {escape(sentence)}: {mark}", soft_wrap=True)


def _send_traffic(home: Home, address: str, plan: Plan, chart: Path, *, as_json: bool) -> None:
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=aside, transient=True, disable=as_json) as progress:
        bar = progress.add_task("shoppers", total=plan.visits)
        playing = traffic_playing.play(
            address,
            plan,
            lambda _: progress.advance(bar),
            key_to_show(home, address),
            credentials(),
        )
        report = _run(address, playing)
    drawn, why_not = _draw(report, chart)
    if as_json:
        say_json(report.as_json() | {"chart": str(drawn or "")})
        return
    people.print(traffic_shown(report))
    people.print(why_not or f"Chart: {drawn}", markup=False, soft_wrap=True)


def _draw(report: Report, chart: Path) -> tuple[Path | None, str]:
    """Return where the chart is, or why there is none."""
    try:
        draw(report, chart)
    except NoChartError as error:
        return None, str(error)
    except OSError as error:
        return None, f"The chart cannot be written to {chart}: {error.strerror}"
    return chart, ""


def _run(address: str, playing: Coroutine[Any, Any, Result]) -> Result:
    with failures_told(address):
        try:
            return asyncio.run(playing)
        except StoryError as error:
            raise CommandError(f"The story cannot go on: {error}") from None
        except TrafficError as error:
            raise CommandError(str(error)) from None
        except grpc.aio.AioRpcError as error:
            raise call_error(error) from None
