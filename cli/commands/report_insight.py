"""`touchpoint report insight`: which characteristics of people predict what they accept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.calling import business_time, call, service
from cli.commands.train import parse_days
from cli.console import Exit, aside, fail, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.insight import as_json_insight, insight_shown
from cli.showing.insight_chart import FORMATS, draw
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.ranker.v1.insight_pb2 import ReportInsightRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

_TIMEOUT_S = 600.0


def insight(
    offer: Annotated[str, typer.Option(metavar="ID", help="Only this offer or item.")] = "",
    kind: Annotated[
        str, typer.Option(help="Only PRODUCT, PROMOTION, CONTENT, SERVICE or SURVEY; any case.")
    ] = "",
    placement: Annotated[str, typer.Option(help="Only what was shown there.")] = "",
    segment: Annotated[
        str, typer.Option(metavar="NAME", help="Only people who were in this segment.")
    ] = "",
    channel: Annotated[
        str, typer.Option(help="Only what was shown on this channel, such as WEB; any case.")
    ] = "",
    since: Annotated[str, typer.Option(metavar="DAYS", help="So far back, such as 30d.")] = "90d",
    chart: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it too, as .png or .svg.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which traits and attributes raise and lower acceptance, how much, and how surely.

    Each is compared with all others who were shown the same, other predictors being equal; one
    person's many answers count as one person's. Names are tested together, so that where nothing
    matters something is named in one report of a hundred; where nothing predicts, it says why.
    Only what at least 20 people have is named, and who was erased is left out.

    Example: touchpoint report insight

    Example: touchpoint report insight --offer free-shipping --channel WEB --since 30d

    Example: touchpoint report insight --kind PROMOTION --chart promotions.svg

    Example: touchpoint report insight --segment best_customers --json
    """
    if chart is not None and chart.suffix.lower() not in FORMATS:
        fail(f"--chart {chart}: a file that ends with {' or '.join(FORMATS)}", Exit.USAGE)
    request = ReportInsightRequest(offer_id=offer, placement=placement, segment=segment)
    request.kind = _number(OfferKind.Value, "--kind", kind)
    request.channel = _number(Channel.Value, "--channel", channel)
    days = parse_days(since)
    with service("ranker", home) as ranker:
        request.since_time.FromDatetime(business_time(ranker) - days)
        found = call(RankerServiceStub(ranker).ReportInsight, request, _TIMEOUT_S)
        if as_json:
            say_json(as_json_insight(found))
        else:
            people.print(insight_shown(found))
        if chart is not None:
            draw(found, chart)
            aside.print(f"The chart is in {chart}.", markup=False)


def _number(vocabulary: Any, option: str, told: str) -> Any:
    """Return the number of a name in any case, 0 for none; ends the command for another word."""
    if not told:
        return 0
    names = vocabulary.keys()[1:]
    if told.upper() not in names:
        fail(f"{option} {told!r}: one of {', '.join(names)}", Exit.USAGE)
    return vocabulary.Value(told.upper())
