"""Writes patterns as messages, each with a scenario to start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.scenario.domain.patterns.checkouts import LeftFrom
from services.scenario.domain.patterns.leaving import LeavingSequence
from services.scenario.domain.patterns.log import Log
from services.scenario.domain.patterns.rising import Riser
from services.scenario.domain.patterns.search import Found
from services.scenario.domain.patterns.skeletons import Skeleton
from services.scenario.domain.patterns.traits import ATTRIBUTE
from services.scenario.domain.patterns.visits import Step
from shared.clock import from_us
from shared.money import MICROS
from touchpoint.scenario.v1 import patterns_pb2 as pb


@dataclass(frozen=True, slots=True)
class Means:
    """What is needed to tell of patterns, beside them."""

    currency: str
    without_rate: Sequence[str]
    offers: Sequence[str]
    """What a scenario may propose."""


def as_report(found: Found, log: Log, means: Means) -> pb.PatternReport:
    """Return the report of a log."""
    leavings, checkouts, rising = found.leavings, found.checkouts, found.rising
    writer = _Writer(log, means)
    report = pb.PatternReport(
        currency=means.currency,
        without_rate=means.without_rate,
        events=found.events,
        people=found.people,
        visits=leavings.visits,
        left=leavings.left,
        sequences=map(writer.sequence, leavings.sequences),
        sequences_tested=leavings.tested,
        least_visits=leavings.at_least,
        left_from=map(writer.left_from, checkouts.left_from),
        checkouts=checkouts.checkouts,
        checkouts_left=checkouts.left,
        left_from_tested=checkouts.tested,
        traits=map(writer.trait, rising.risers),
        buyers=rising.buyers,
        others=rising.others,
        traits_tested=rising.tested,
    )
    report.since_time.FromMicroseconds(log.since_us)
    report.until_time.FromMicroseconds(log.until_us)
    return report


class _Writer:
    def __init__(self, log: Log, means: Means) -> None:
        since, until = (from_us(each).date() for each in (log.since_us, log.until_us))
        self._when = f"Found in what people did from {since} to {until}"
        self._currency = means.currency
        self._skeleton = Skeleton(means.offers)

    def sequence(self, found: LeavingSequence) -> pb.LeavingSequence:
        share, low, high = found.share
        lift, lift_low = found.lift
        told = (
            f"{self._when}: {' → '.join(each.words for each in found.steps)}.\n"
            f"Of {found.visits:,} visits with it {found.left:,} were left ({share:.1%}, else"
            f" {found.expected:.1%}), by {found.people:,} people;"
            f" {self._amount(found.worth_micros)} lay in them."
        )
        return pb.LeavingSequence(
            steps=map(_step, found.steps),
            visits=found.visits,
            left=found.left,
            people=found.people,
            share=share,
            share_at_least=low,
            share_at_most=high,
            expected=found.expected,
            lift=lift,
            lift_at_least=lift_low,
            p_value=found.p_value,
            worth_micros=found.worth_micros,
            lost_micros=found.lost_micros,
            clear=found.is_clear,
            skeleton=self._skeleton.of_sequence(found.steps, told),
        )

    def left_from(self, found: LeftFrom) -> pb.LeftFrom:
        share, low, high = found.share
        told = (
            f"{self._when}: {found.step.words} in a checkout.\n"
            f"After {found.left:,} of {found.times:,} times the checkout was left ({share:.1%},"
            f" else {found.expected:.1%}), by {found.people:,} people;"
            f" {self._amount(found.worth_micros)} lay in them."
        )
        return pb.LeftFrom(
            step=_step(found.step),
            times=found.times,
            left=found.left,
            people=found.people,
            share=share,
            share_at_least=low,
            share_at_most=high,
            expected=found.expected,
            p_value=found.p_value,
            clear=found.is_clear,
            worth_micros=found.worth_micros,
            skeleton=self._skeleton.of_checkout(found.step, told),
        )

    def trait(self, found: Riser) -> pb.RisingTrait:
        trait, (times, low, high) = found.trait, found.times_as_often
        told = (
            f"{self._when}: {trait.words}.\n"
            f"{found.share:.1%} of those who bought for the first time, {times:.1f} times as often"
            f" as others like them; {found.people:,} people, who paid"
            f" {self._amount(found.worth_micros)}."
        )
        return pb.RisingTrait(
            kind=trait.kind,
            value=trait.value,
            name=trait.name,
            at_least=trait.at_least,
            text=trait.words,
            people=found.people,
            share=found.share,
            share_of_others=found.share_of_others,
            times_as_often=times,
            times_at_least=low,
            times_at_most=high,
            p_value=found.p_value,
            worth_micros=found.worth_micros,
            as_of_now=trait.kind == ATTRIBUTE,
            skeleton=self._skeleton.of_trait(trait, told),
        )

    def _amount(self, micros: int) -> str:
        return f"{micros / MICROS:,.0f} {self._currency}".rstrip()


def _step(step: Step) -> pb.PatternStep:
    return pb.PatternStep(
        type=step.type,
        category=step.category,
        topic=step.topic,
        placement=step.placement,
        text=step.words,
    )
