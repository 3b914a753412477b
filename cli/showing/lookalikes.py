"""Shows look-alikes: how they were judged, who they are, and what they still lack."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from google.protobuf.json_format import MessageToDict
from rich.console import Console

from cli.console import add_row, table
from cli.customers import CustomerIds
from cli.showing.audience import who
from cli.showing.words import several
from touchpoint.retrieval.v1.retrieval_pb2 import Lookalike, LookalikesSummary

SHOWN = 20
"""People in the table."""
_COLUMNS = ("customer_ids", "person_id", "score", "weeks", "is_member", "lacks")


def as_json_lookalikes(
    summary: LookalikesSummary, people: Iterable[Lookalike], customer_ids: CustomerIds
) -> dict[str, Any]:
    """Return those who have names as one object; fields that are 0 or false stand there too."""
    told = [
        MessageToDict(each, always_print_fields_with_no_presence=True)
        | {"customerIds": list(customer_ids[each.person_id])}
        for each in people
        if each.person_id in customer_ids
    ]
    return {
        "summary": MessageToDict(summary, always_print_fields_with_no_presence=True),
        "lookalikes": told,
    }


def show_lookalikes(
    console: Console,
    summary: LookalikesSummary,
    people: Sequence[Lookalike],
    customer_ids: CustomerIds,
) -> None:
    """Print how they were judged and the first of them, but for who is gone since."""
    console.print(
        f"{several(summary.found, 'person', 'people')} of {summary.people:,}, most like the "
        f"{summary.seed_known:,} of the seed first, by what they do per week of acquaintance "
        f"({summary.way}).",
        markup=False,
        soft_wrap=True,
    )
    console.print(
        "A member of the seed that was held back scored above somebody else, both seen for their "
        f"first weeks alone, in {summary.separation:.0%} of cases; by luck it would be 50%.",
        markup=False,
        soft_wrap=True,
    )
    if not people:
        return
    shown = table("who", "score", "known for", "lacks, with the seed's and all others' share")
    for each in people[:SHOWN]:
        if each.person_id not in customer_ids:
            continue
        lacks = ", ".join(
            f"{lacked.category} ({lacked.seed_share:.0%}, {lacked.other_share:.0%})"
            for lacked in each.lacks
        )
        known = f"{each.weeks:.0f} weeks"
        names = customer_ids[each.person_id]
        add_row(shown, who(names, each.person_id), f"{each.score:.3f}", known, lacks)
    console.print(shown)
    if len(people) > SHOWN:
        console.print(f"… and {len(people) - SHOWN:,} more: --csv FILE or --json has all of them.")


def write_csv(file: TextIO, people: Iterable[Lookalike], customer_ids: CustomerIds) -> None:
    """Write one line for each who is still there; of many ids or categories `; ` lies between."""
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for each in people:
        if each.person_id in customer_ids:
            names = "; ".join(customer_ids[each.person_id])
            numbers = (f"{each.score:.6f}", f"{each.weeks:.2f}", str(each.is_member).lower())
            lacks = "; ".join(lacked.category for lacked in each.lacks)
            writer.writerow((names, each.person_id, *numbers, lacks))
