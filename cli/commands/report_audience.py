"""`touchpoint report audience`: who a segment means, who is like them, whom to tell of an offer."""

from __future__ import annotations

from dataclasses import replace

import typer

from cli.commands import audience_options as options
from cli.commands.report_lookalikes import Asked, report_lookalikes
from cli.commands.report_offer_audience import AskedOffer, report_offer_audience
from cli.commands.report_segment import AskedSegment, report_segment
from cli.commands.telling_audience import AskedMessage
from cli.console import Exit, fail
from cli.given import given, in_panel, refuse_given
from cli.options import HomeOption, JsonOption

_OF_SEGMENTS = ("when", "sample", "random", "lifts")
"""What goes with segments and conditions alone."""


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
    lookalikes = Asked(
        name, did, offer, persons, alike, with_seed, min_weeks, lacks, since, csv, in_house
    )
    asked_offer = AskedOffer(
        *(name, limit, told_by, placement, look_at, csv, in_house),
        message=AskedMessage(template, campaign, send, yes),
    )
    if alike:
        _demand_lookalikes(context, is_said=bool(name or did or persons))
        report_lookalikes(lookalikes, home, as_json=as_json)
    elif _is_of_offer(context, name, when, filed=csv is not None or in_house):
        report_offer_audience(asked_offer, home, as_json=as_json)
    else:
        segment = AskedSegment(name, when, sample, random, lifts)
        no_segment = report_segment(segment, home, as_json=as_json)
        if no_segment:
            asked_offer = replace(asked_offer, no_segment=no_segment)
            report_offer_audience(asked_offer, home, as_json=as_json)


audience.__doc__ = options.HELP


def _demand_lookalikes(context: typer.Context, *, is_said: bool) -> None:
    """End the command where it is not said like whom, or more than goes with that."""
    about_offer = given(context, in_panel(context, options.OFFERED))
    refuse_given(context, _OF_SEGMENTS, "goes without --alike; save a condition as a segment")
    refuse_given(context, about_offer, "is about an offer; it goes without --alike")
    if not is_said:
        fail("Say like whom: a segment, --did TYPE, or --persons FILE.", Exit.USAGE)


def _is_of_offer(context: typer.Context, name: str, when: str, *, filed: bool) -> bool:
    """Say whether it can only be about an offer; ends the command where it is about nothing."""
    about_offer = given(context, in_panel(context, options.OFFERED))
    alone = in_panel(context, options.ALIKE)
    refuse_given(context, alone, "goes with --alike N, which finds who is like them")
    if not name and (about_offer or not when):
        fail("Name a segment or an offer, or give a condition by --when.", Exit.USAGE)
    if not (about_offer or filed):
        return False
    refuse_given(context, _OF_SEGMENTS, "is about a segment; leave it out for an offer")
    return True
