"""Words what a person said of themselves, and who is around them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cli.showing.traits import money
from cli.showing.words import ago, several
from touchpoint.aggregator.v1.aggregator_service_pb2 import GetCustomerViewResponse

_SHOWN = 6
_QUESTION = "question:"


def around(view: GetCustomerViewResponse, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield (what, words)."""
    owners = [each for each in view.relationships if each.current]
    if owners:
        held = (f"{each.role} {each.owner_id} ({ago(each.from_time, now)})" for each in owners)
        yield "looked after", ", ".join(held)
    if view.traits.referrals:
        worth = money(view.traits.referred_contribution)
        yield "referred", f"{several(view.traits.referrals, 'person', 'people')}, worth {worth}"
    if view.HasField("referred_by"):
        first = view.referred_by
        yield "referred by", f"{first.person_id} ({ago(first.time, now)})"
    answers = [each for each in view.attributes if each.source.startswith(_QUESTION)]
    if answers:
        said = (f"{each.name} {each.value} ({ago(each.said_time, now)})" for each in answers)
        yield "answered", ", ".join(list(said)[:_SHOWN])
