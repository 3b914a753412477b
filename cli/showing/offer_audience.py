"""Shows whom to tell of an offer: how many, what is expected of it, why not the others, and who."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from google.protobuf.json_format import MessageToDict
from rich.console import Console

from cli.console import add_row, table
from cli.customers import CustomerIds
from cli.showing.audience import who
from cli.showing.words import duration, several
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.scenario.v1.audience_pb2 import (
    AudienceEstimate,
    OfferAudience,
    OfferAudienceMember,
    TellAudienceResponse,
)

SHOWN = 20
"""People in the table."""
_COLUMNS = (
    "customer_ids",
    "person_id",
    "channel",
    "acceptance_probability",
    "expected_value",
    "contribution",
    "channel_why",
)
_WORDS = {
    "HOLDOUT": "held out: they get nothing personal",
    "STATIC": "they get nothing personal",
    "NO_CONSENT": "did not agree to marketing there, or refused it",
    "NO_ADDRESS": "nothing is known by which it reaches them",
    "CONTACT_LIMIT": "approached often enough",
    "TOLD_ALREADY": "told of it under the same campaign",
    "NO_AGENT": "no agent can take it",
    "NO_ROOM": "a slate rule or limit leaves no place",
}


def as_json_audience(
    audience: OfferAudience,
    people: Iterable[OfferAudienceMember],
    customer_ids: CustomerIds,
    sent: TellAudienceResponse | None = None,
) -> dict[str, Any]:
    """Return all as one object; fields that are 0 or false stand there too."""
    told = MessageToDict(audience, always_print_fields_with_no_presence=True)
    members = [
        MessageToDict(each, always_print_fields_with_no_presence=True)
        | {"customerIds": list(customer_ids[each.person_id])}
        for each in people
        if each.person_id in customer_ids
    ]
    found = {"audience": told, "people": members}
    if sent is not None:
        found["sent"] = MessageToDict(sent, always_print_fields_with_no_presence=True)
    return found


def show_offer_audience(
    console: Console,
    audience: OfferAudience,
    people: Sequence[OfferAudienceMember],
    customer_ids: CustomerIds,
) -> None:
    """Print the numbers, why the others are not told, and the first of those who are."""

    def say(sentence: str) -> None:
        console.print(sentence, markup=False, soft_wrap=True)

    ways = ", ".join(
        f"{_channel(way.channel)} ({way.placement}: {way.listed:,} of the list)"
        for way in audience.ways
    )
    say(f"{audience.offer_id}, by {ways}")
    share = f", a random share of {audience.people:,}" * (audience.looked_at < audience.people)
    took = duration(audience.took.ToTimedelta().total_seconds())
    say(
        f"{several(audience.looked_at, 'person', 'people')} looked at{share}, in {took}: "
        f"{audience.may_be_told:,} may be told."
    )
    if audience.of_listed.people:
        say(f"The best {_expected(audience.of_listed, audience.currency)}")
    else:
        say("Nobody is on the list.")
    if audience.of_listed.people < audience.of_all.people:
        say(f"All {_expected(audience.of_all, audience.currency)}")
    if audience.told_before:
        say(f"Told before under {audience.campaign}: {_before(audience)}.")
    if audience.model == "prior":
        say("Nothing was learned yet: all are as likely to accept, the best customers come first.")
    _show_fell_out(console, audience)
    if audience.of_listed.people and not people:
        say("Who they are is told only to callers in TOUCHPOINT_MAY_EXPORT.")
    _show_people(console, people, customer_ids)


def _before(audience: OfferAudience) -> str:
    return "; ".join(
        f"{each.people:,} {each.state}" + (f" ({each.reason})" if each.reason else "")
        for each in audience.told_before
    )


def _expected(estimate: AudienceEstimate, currency: str) -> str:
    cost = f"{estimate.cost:,.2f} {currency}".strip()
    known = " as far as it is known (parameters contact_cost.*)" * estimate.cost_is_partial
    later = f" {estimate.later:,} of them when quiet hours are over." if estimate.later else ""
    value = f"{estimate.value:,.2f} {currency}".strip()
    accepted = f"{estimate.acceptances:,.1f} acceptances"
    return f"{estimate.people:,}: {accepted}, worth {value}, at a cost of {cost}{known}.{later}"


def _show_fell_out(console: Console, audience: OfferAudience) -> None:
    if not audience.fell_out:
        return
    shown = table("not told because", "rule or limit", "people", "share")
    for each in audience.fell_out:
        named = f"{each.code}: {_WORDS[each.code]}" if each.code in _WORDS else each.code
        share = f"{each.people / max(audience.looked_at, 1):.1%}"
        add_row(shown, named, each.rule, f"{each.people:,}", share)
    console.print(shown)


def _show_people(
    console: Console, people: Sequence[OfferAudienceMember], customer_ids: CustomerIds
) -> None:
    if not people:
        return
    shown = table("who", "by", "accepts", "expected value", "contribution")
    for each in people[:SHOWN]:
        if each.person_id in customer_ids:
            add_row(
                shown,
                who(customer_ids[each.person_id], each.person_id),
                _channel(each.channel),
                f"{each.acceptance_probability:.2%}",
                f"{each.expected_value:,.4f}",
                f"{each.contribution_micros / 1e6:,.2f}",
            )
    console.print(shown)
    if len(people) > SHOWN:
        console.print(f"… and {len(people) - SHOWN:,} more: --csv FILE or --json has all of them.")


def write_audience_csv(
    file: TextIO, people: Iterable[OfferAudienceMember], customer_ids: CustomerIds
) -> None:
    """Write one line for each who has an entry among the names; of many ids `; ` lies between."""
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for each in people:
        if each.person_id in customer_ids:
            writer.writerow(
                (
                    "; ".join(customer_ids[each.person_id]),
                    each.person_id,
                    _channel(each.channel),
                    f"{each.acceptance_probability:.6f}",
                    f"{each.expected_value:.6f}",
                    f"{each.contribution_micros / 1e6:.2f}",
                    each.channel_why,
                )
            )


def _channel(channel: Channel.Value.ValueType) -> str:
    return Channel.Value.Name(channel)
