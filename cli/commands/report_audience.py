"""`touchpoint report audience`: who a segment means, who is like them, whom to tell of an offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.calling import CALLER, service
from cli.commands import audience_options as options
from cli.commands.report_lookalikes import Asked, report_lookalikes
from cli.commands.report_offer_audience import AskedOffer, report_offer_audience
from cli.commands.telling_audience import AskedMessage
from cli.console import Exit, aside, fail, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.audience import as_json_report, show_comparison, show_preview
from shared.call import CALLER as CALLER_KEY
from touchpoint.client import CallError, call_error
from touchpoint.profile.v1.audience_pb2 import AudienceComparison, AudiencePreview, AudienceProgress
from touchpoint.profile.v1.profile_service_pb2 import CompareSegmentRequest, PreviewSegmentRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

_METADATA = ((CALLER_KEY, CALLER),)
_NO_SEGMENT = "SEGMENT_NOT_FOUND"
_OF_SEGMENTS = ("when", "sample", "random", "lifts")
"""What goes with segments and conditions alone."""

Tell = Callable[[str, AudienceProgress], None]


def audience(
    context: typer.Context,
    name: options.NameArgument = "",
    when: options.WhenOption = "",
    sample: options.SampleOption = 10,
    random: options.RandomOption = False,
    lifts: options.LiftsOption = 20,
    alike: options.AlikeOption = 0,
    did: options.DidOption = "",
    offer: options.OfferOption = "",
    persons: options.PersonsOption = None,
    min_weeks: options.MinWeeksOption = 0.0,
    with_seed: options.WithSeedOption = False,
    lacks: options.LacksOption = 3,
    since: options.SinceOption = "",
    limit: options.LimitOption = 100,
    told_by: options.ToldByOption = "",
    placement: options.PlacementOption = "",
    look_at: options.LookAtOption = 0,
    template: options.TemplateOption = "",
    campaign: options.CampaignOption = "",
    send: options.SendOption = False,
    yes: options.YesOption = False,
    csv: options.CsvOption = None,
    in_house: options.InHouseOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the people of a segment and say what makes them different, or whom to tell of an offer.

    With a name and `--when` it also says who would enter and who would leave the segment by that
    condition. Up to 50,000 people are counted one by one, of more a random sample; then every
    number comes with the interval that holds it with a probability of 95%. Nothing is saved.

    With `--alike` it finds those who are like them and not of them, judged by what they do per week
    of acquaintance, with the categories that these buy and they do not. Whether somebody may be
    approached is for the rules to say when it is done. A file has only those of them who agreed to
    `sharing`, unless it stays in the house.

    With an offer it lists whom to tell of it, by expected value (probability of acceptance times
    value), after consent, contact limits and rules, and counts all others at the first obstacle. A
    preview: it leaves no trace, until `--send` sends each of them a message; sent again, nobody
    gets it twice. A name that is both is the segment, unless an option is about offers.

    Example: touchpoint report audience best_customers

    Example: touchpoint report audience free_shipping --limit 500 --channel EMAIL

    Example: touchpoint report audience free_shipping --limit 500 --template spring --send

    Example: touchpoint report audience lapsing --when 'customer.recency_days > 90.0'

    Example: touchpoint report audience best_customers --alike 500 --csv like-them.csv

    Example: touchpoint report audience --alike 500 --did accept --offer free-shipping
    """
    about_offer = _given(context, options.OFFERED)
    if alike:
        _refuse_given(context, _OF_SEGMENTS, "goes without --alike; save a condition as a segment")
        _refuse_given(context, about_offer, "is about an offer; it goes without --alike")
        if not (name or did or persons):
            fail("Say like whom: a segment, --did TYPE, or --persons FILE.", Exit.USAGE)
        asked = Asked(
            name, did, offer, persons, alike, with_seed, min_weeks, lacks, since, csv, in_house
        )
        report_lookalikes(asked, home, as_json=as_json)
        return
    alone = _in_panel(context, options.ALIKE)
    _refuse_given(context, alone, "goes with --alike N, which finds who is like them")
    if not name and (about_offer or not when):
        fail("Name a segment or an offer, or give a condition by --when.", Exit.USAGE)
    asked_offer = AskedOffer(
        *(name, limit, told_by, placement, look_at, csv, in_house),
        message=AskedMessage(template, campaign, send, yes),
    )
    if about_offer or csv is not None or in_house:
        _refuse_given(context, _OF_SEGMENTS, "is about a segment; leave it out for an offer")
        report_offer_audience(asked_offer, home, as_json=as_json)
        return
    wanted = PreviewSegmentRequest(segment=name, when=when, sample=sample, random_sample=random)
    no_segment = _report_segment(wanted, lifts, home, as_json=as_json)
    if no_segment:
        asked_offer = replace(asked_offer, no_segment=no_segment)
        report_offer_audience(asked_offer, home, as_json=as_json)


def _in_panel(context: typer.Context, wanted: str) -> list[str]:
    panels = ((each.name, getattr(each, "rich_help_panel", "")) for each in context.command.params)
    return [name for name, panel in panels if name and panel == wanted]


def _given(context: typer.Context, panel: str) -> list[str]:
    """Return the options of a panel that were given."""
    return [name for name in _in_panel(context, panel) if _is_given(context, name)]


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse_given(context: typer.Context, names: Iterable[str], why: str) -> None:
    """End the command where an option was given that would be without effect."""
    told = {each.name: each.opts[0] for each in context.command.params}
    for name in names:
        if _is_given(context, name):
            fail(f"{told[name]} {why}.", Exit.USAGE)


def _report_segment(
    wanted: PreviewSegmentRequest, lifts: int, home: Path | None, *, as_json: bool
) -> str:
    """Show who a segment means, and that many traits by which they differ.

    Returns why a name is no segment where nothing was shown because of that; empty: it is one.
    """
    with service("profile", home) as channel, _bar(quiet=as_json) as tell:
        stub = ProfileServiceStub(channel)
        try:
            preview: AudiencePreview = _outcome(stub.PreviewSegment, wanted, "preview", tell)
        except CallError as error:
            if error.reason == _NO_SEGMENT and not wanted.when:
                return error.message
            raise
        comparison = AudienceComparison()
        if lifts:
            compared = CompareSegmentRequest(segment=wanted.segment, when=wanted.when)
            comparison = _outcome(stub.CompareSegment, compared, "comparison", tell)
            del comparison.lifts[lifts:]
    if as_json:
        say_json(as_json_report(preview, comparison))
        return ""
    show_preview(people, wanted.segment, preview)
    if lifts:
        show_comparison(people, comparison)
    return ""


def _outcome(rpc: Callable[..., Any], request: Any, wanted: str, tell: Tell) -> Any:
    """Return what comes last of a stream, telling how far it is; raises CallError."""
    answers = rpc(request, metadata=_METADATA)
    outcome = None
    try:
        for answer in answers:
            if answer.HasField("progress"):
                tell("counting" if wanted == "preview" else "comparing", answer.progress)
            else:
                outcome = getattr(answer, wanted)
    except grpc.RpcError as error:
        raise call_error(error) from None
    finally:
        answers.cancel()
    return outcome


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Tell]:
    """Show what is being done and how far it is; gives the function that is told."""
    columns = (TextColumn("{task.description}"), BarColumn())
    times = (TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, *times, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("counting", total=None)

        def tell(step: str, at: AudienceProgress) -> None:
            progress.update(task, description=step, completed=at.done, total=at.total or None)

        yield tell
