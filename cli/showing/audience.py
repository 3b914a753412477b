"""Shows an audience: how many, who, what would change, and what makes them different."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.console import Console

from cli.console import add_row, table
from cli.showing.words import several
from touchpoint.profile.v1.audience_pb2 import (
    AudienceComparison,
    AudiencePreview,
    PeopleCount,
    TraitLift,
    TraitMeasure,
)

_MICROS = 1_000_000
_MONETARY = "customer.monetary_micros"


def as_json_report(preview: AudiencePreview, comparison: AudienceComparison) -> dict[str, Any]:
    """Return both as one object; fields that are 0 or false stand there too."""
    found: dict[str, Any] = {
        name: MessageToDict(message, always_print_fields_with_no_presence=True)
        for name, message in (("preview", preview), ("comparison", comparison))
        if message.when
    }
    return found


def show_preview(console: Console, name: str, preview: AudiencePreview) -> None:
    """Print how many there are, what would change, and some of them."""
    members = preview.members
    whose = name or "the condition"
    console.print(
        f"{_people(members)} of {preview.people:,} ({members.share:.2%}) are in {whose}: "
        f"{preview.when.strip()}",
        markup=False,
        soft_wrap=True,
    )
    if not preview.exact:
        console.print(
            f"From a random sample of {preview.looked_at:,}; in brackets what holds the number "
            "with a probability of 95%.",
            markup=False,
        )
    if preview.HasField("entering"):
        console.print(
            f"Against what is in force, {_people(preview.entering)} would enter and "
            f"{_people(preview.leaving)} would leave.",
            markup=False,
        )
    if preview.failed.people:
        console.print(
            f"For {_people(preview.failed)} the condition could not be evaluated, an attribute "
            "that they lack perhaps; they are not in it.",
            style="yellow",
            markup=False,
        )
    if preview.sample:
        _show_members(console, preview)


def _people(count: PeopleCount) -> str:
    told = several(count.people, "person", "people")
    if count.at_least == count.at_most:
        return told
    return f"about {told} [{count.at_least:,}–{count.at_most:,}]"


def _show_members(console: Console, preview: AudiencePreview) -> None:
    fields = sorted({name for member in preview.sample for name in member.values} - {_MONETARY})
    shown = table("who", "spent in 12 months", *(name.partition(".")[2] for name in fields))
    for member in preview.sample:
        spent = f"{member.monetary_micros / _MICROS:,.2f}"
        named = who(member.customer_ids, member.person_ids[0])
        add_row(shown, named, spent, *(member.values.get(name, "") for name in fields))
    console.print(shown)


def who(customer_ids: Sequence[str], person_id: str) -> str:
    """Return what somebody is called elsewhere, or that nobody knows them by a name."""
    if customer_ids:
        return ", ".join(f"customer {customer_id}" for customer_id in customer_ids)
    return f"visitor {person_id}"


def show_comparison(console: Console, comparison: AudienceComparison) -> None:
    """Print each trait within and without, with its lift and the interval of it."""
    if not comparison.lifts:
        console.print("There are too few people to say what makes these different.", markup=False)
        return
    shown = table("what makes them different", "they", "all others", "lift", "95% interval")
    for lift in comparison.lifts:
        says_nothing = lift.at_least <= 1.0 <= lift.at_most
        add_row(
            shown,
            lift.trait,
            _value(lift, lift.inside),
            _value(lift, lift.outside),
            f"{lift.lift:,.2f} ×",
            f"{lift.at_least:,.2f} – {lift.at_most:,.2f}",
            style="dim" if says_nothing else None,
        )
    console.print(shown)


def _value(lift: TraitLift, value: float) -> str:
    if lift.measure == TraitMeasure.SHARE:
        return f"{value:.1%}"
    return f"{value:,.2f}"
