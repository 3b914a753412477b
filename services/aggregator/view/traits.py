"""Writes what is computed of a person: the view's section of traits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.aggregator.pipeline.wording import Wording
from shared.money import from_micros
from touchpoint.aggregator.v1 import aggregator_pb2 as pb
from touchpoint.common.v1 import snapshot_pb2
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

_MINUTE_S = 60


def traits(facts: PersonSnapshot, wording: Wording, currency: str) -> pb.Traits:
    """Write what is computed of a person."""
    found = facts.traits
    return pb.Traits(
        recency_days=found.recency_days,
        frequency=found.frequency,
        monetary=money(found.monetary_micros, currency),
        contribution=money(found.contribution_micros, currency),
        contribution_is_sales=found.contribution_is_sales,
        referrals=found.referrals,
        referred_contribution=money(found.referred_contribution_micros, currency),
        categories=_affinities(found.categories, found.category_affinities),
        brands=_affinities(found.brands, found.brand_affinities),
        promotion_share=found.promotion_share,
        price_sensitivity=found.price_sensitivity,
        return_share=found.return_share,
        complaints=found.complaints,
        variants=_variants(found.variants),
        channels=_channels(found),
        hours=found.hours,
        bought_categories=_bought(found.bought_categories),
        answers=_answers(found.answers),
        emails=_emails(found),
        stages=_stages(found.stages),
        dislikes=_dislikes(facts.disliked, wording),
        scores=_scores(found),
    )


def money(micros: int, currency: str) -> Money:
    """Write an amount at the edge."""
    return Money(amount=from_micros(micros), currency=currency)


def _affinities(names: Iterable[str], strengths: Iterable[float]) -> list[pb.Affinity]:
    return [
        pb.Affinity(name=name, affinity=strength)
        for name, strength in zip(names, strengths, strict=True)
    ]


def _scores(found: snapshot_pb2.Traits) -> Iterator[pb.ScoreValue]:
    for score, value in sorted(found.scores.items()):
        yield pb.ScoreValue(score=score, value=value, stage=found.score_stages.get(score, ""))


def _variants(found: snapshot_pb2.Variants) -> Iterator[pb.VariantShare]:
    columns = (found.categories, found.names, found.values, found.shares)
    for category, name, value, share in zip(*columns, strict=True):
        yield pb.VariantShare(category=category, name=name, value=value, share=share)


def _channels(found: snapshot_pb2.Traits) -> Iterator[pb.ChannelShare]:
    for channel, share in zip(found.channels, found.channel_shares, strict=True):
        yield pb.ChannelShare(channel=channel, share=share)


def _bought(found: snapshot_pb2.BoughtCategories) -> Iterator[pb.BoughtCategory]:
    columns = (found.categories, found.last_minutes, found.times, found.cycle_days)
    for category, minute, times, cycle_days in zip(*columns, strict=True):
        bought = pb.BoughtCategory(category=category, times=times, cycle_days=cycle_days)
        bought.last_time.FromSeconds(minute * _MINUTE_S)
        yield bought


def _answers(found: snapshot_pb2.Answers) -> Iterator[pb.ChannelAnswers]:
    columns = (found.channels, found.shown, found.accepted_shares)
    for channel, shown, share in zip(*columns, strict=True):
        yield pb.ChannelAnswers(channel=channel, shown=shown, accepted_share=share)


def _emails(found: snapshot_pb2.Traits) -> pb.EmailAnswers:
    """Write the answers to e-mails; of somebody nothing is known of, that none was sent."""
    if not found.HasField("answers"):
        return pb.EmailAnswers(open_share=-1.0, click_share=-1.0)
    answers = found.answers
    return pb.EmailAnswers(
        sent=answers.emails_sent,
        open_share=answers.email_open_share,
        click_share=answers.email_click_share,
    )


def _stages(found: snapshot_pb2.Stages) -> Iterator[pb.CategoryStage]:
    for category, stage in zip(found.categories, found.stages, strict=True):
        yield pb.CategoryStage(category=category, stage=stage)


def _dislikes(found: snapshot_pb2.Disliked, wording: Wording) -> Iterator[pb.Dislike]:
    """Write first what was said, then what is told by what was done."""
    for stated, (items, categories, brands) in (
        (
            True,
            (
                [(item_no, 1.0) for item_no in found.family_nos],
                [(category, 1.0) for category in found.categories],
                [(brand, 1.0) for brand in found.brands],
            ),
        ),
        (
            False,
            (
                list(zip(found.soft_family_nos, found.soft_family_strengths, strict=True)),
                list(zip(found.soft_categories, found.soft_category_strengths, strict=True)),
                list(zip(found.soft_brands, found.soft_brand_strengths, strict=True)),
            ),
        ),
    ):
        for item_no, strength in items:
            yield pb.Dislike(
                item_id=wording.offer_id(item_no),
                title=wording.title(item_no),
                strength=strength,
                stated=stated,
            )
        for category, strength in categories:
            yield pb.Dislike(category=category, strength=strength, stated=stated)
        for brand, strength in brands:
            yield pb.Dislike(brand=brand, strength=strength, stated=stated)
