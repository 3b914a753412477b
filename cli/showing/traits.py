"""Words what is computed of a person, a line for each thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from cli.showing.words import ago, several
from touchpoint.aggregator.v1 import aggregator_pb2 as edge
from touchpoint.aggregator.v1.aggregator_service_pb2 import GetCustomerViewResponse
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel, PurchaseStage

_SHOWN = 5
_CYCLES_SHOWN = 3


def traits(view: GetCustomerViewResponse, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield (what, words), the most telling first."""
    found = view.traits
    yield from _spending(view)
    for name, liked in (("likes", found.categories), ("brands", found.brands)):
        if liked:
            yield name, ", ".join(_affinity(each) for each in liked[:_SHOWN])
    if found.dislikes:
        yield "dislikes", ", ".join(map(_dislike, found.dislikes[:_SHOWN]))
    if found.stages:
        yield "is", ", ".join(map(_stage, found.stages[:_SHOWN]))
    if found.variants:
        yield "takes", ", ".join(map(_variant, found.variants[:_SHOWN]))
    regular = [each for each in found.bought_categories if each.cycle_days]
    if regular:
        yield "buys again", ", ".join(_cycle(each, now) for each in regular[:_CYCLES_SHOWN])
    yield from _habits(found)
    if found.scores:
        yield "scores", ", ".join(map(_score, found.scores[:_SHOWN]))
    if view.segments:
        yield "segments", ", ".join(view.segments)
    if view.persona.name:
        yield "persona", f"{view.persona.name} ({view.persona.probability:.0%})"


def _score(found: edge.ScoreValue) -> str:
    stage = f" ({found.stage})" if found.stage else ""
    return f"{found.score} {found.value:g}{stage}"


def money(amount: Money) -> str:
    return f"{amount.amount or '0'} {amount.currency}".strip()


def _spending(view: GetCustomerViewResponse) -> Iterator[tuple[str, str]]:
    found = view.traits
    if view.value_tier:
        yield "value", f"{view.value_tier}, {money(found.monetary)} in 12 months"
    if found.recency_days >= 0 and found.frequency:
        yield (
            "bought",
            f"{several(found.frequency, 'order')}, last {found.recency_days:.0f} days ago",
        )
    if found.frequency and found.promotion_share >= 0:
        yield (
            "prices",
            f"{found.promotion_share:.0%} bought below list price, "
            f"sensitivity {found.price_sensitivity:.0%}",
        )
    trouble = []
    if found.return_share > 0:
        trouble.append(f"gave back {found.return_share:.0%} by value")
    if found.complaints:
        trouble.append(several(found.complaints, "complaint"))
    if trouble:
        yield "trouble", ", ".join(trouble)


def _habits(found: edge.Traits) -> Iterator[tuple[str, str]]:
    if found.channels:
        used = _channels((each.channel, each.share) for each in found.channels[:_CYCLES_SHOWN])
        around = f", mostly around {found.hours[0]}:00" if found.hours else ""
        yield "channels", used + around
    if found.answers:
        yield "accepts", _channels((each.channel, each.accepted_share) for each in found.answers)
    emails = found.emails
    if emails.sent > 0:
        said = f"opens {emails.open_share:.0%}"
        if emails.click_share >= 0:
            said += f", clicks {emails.click_share:.0%} of those"
        yield "e-mails", said


def _channels(shares: Iterable[tuple[Channel.Value.ValueType, float]]) -> str:
    return ", ".join(f"{Channel.Value.Name(channel)} {share:.0%}" for channel, share in shares)


def _affinity(liked: edge.Affinity) -> str:
    return f"{liked.name} {liked.affinity:.0%}"


def _dislike(dislike: edge.Dislike) -> str:
    what = dislike.title or dislike.item_id or dislike.category or dislike.brand
    return f"{what} (said)" if dislike.stated else f"{what} {dislike.strength:.0%}"


def _stage(stage: edge.CategoryStage) -> str:
    said = PurchaseStage.Value.Name(stage.stage).lower().replace("_", " ")
    return f"{said} {stage.category}"


def _variant(variant: edge.VariantShare) -> str:
    return f"{variant.name} {variant.value} in {variant.category}"


def _cycle(bought: edge.BoughtCategory, now: datetime) -> str:
    last = ago(bought.last_time, now)
    return f"{bought.category} every {bought.cycle_days:.0f} days, last {last}"
