"""Results in words and numbers as people say them, the same on every page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cli.showing.words import several
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel
from touchpoint.ranker.v1.results_pb2 import (
    MeasureDifference,
    MeasureResult,
    MeasureUnit,
    MeasureValue,
    OfferResult,
    ResultConclusion,
    Results,
)
from touchpoint.rules.v1.rules_pb2 import RuleMode, RuleResult

FEWEST_SHOWN = 30
"""Showings below which an offer is neither among the best nor among the worst."""
RANKED = 5
HEADLINE = "contribution"
PRICE_PAID = ("opt_outs", "complaints", "declines")
_ARMS = {Arm.PERSONALISED: "personalised", Arm.STATIC: "static", Arm.HOLDOUT: "holdout"}
_SAYS = {
    ResultConclusion.BETTER: "better",
    ResultConclusion.WORSE: "worse",
    ResultConclusion.NOT_SIGNIFICANT: "not significant",
}
_WHOLE_FROM = 1_000.0
_MICROS = 1_000_000


def arm_name(arm: Arm.Value.ValueType) -> str:
    return _ARMS.get(arm, "all")


def channel_name(channel: Channel.Value.ValueType) -> str:
    if not channel:
        return "not shown before"
    return Channel.Value.Name(channel).replace("_", " ").lower()


def money(amount: float, currency: str) -> str:
    """Say an amount; of a thousand and more without decimals."""
    digits = 0 if abs(amount) >= _WHOLE_FROM else 2
    return f"{amount:,.{digits}f} {currency}".rstrip()


def in_money(results: Results) -> str:
    """Say once for a table what its money is in."""
    return f"; money in {results.currency}" if results.currency else ""


def number(value: float, unit: MeasureUnit.Value.ValueType, currency: str) -> str:
    """Say a measure in its unit."""
    if unit == MeasureUnit.SHARE:
        return f"{value:.1%}"
    if unit == MeasureUnit.MONEY:
        return money(value, currency)
    if unit == MeasureUnit.SECONDS:
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes} min {seconds} s" if minutes else f"{value:.1f} s"
    return f"{value:,.2f}" if abs(value) >= 1.0 or value == 0.0 else f"{value:,.3f}"


def change(value: float, unit: MeasureUnit.Value.ValueType, currency: str) -> str:
    """Say a difference with its sign; of shares in points."""
    if unit == MeasureUnit.SHARE:
        return f"{100 * value:+.1f} pts"
    sign = "+" if value >= 0.0 else "-"
    return f"{sign}{number(abs(value), unit, currency)}"


def value_of(measure: MeasureResult, arm: Arm.Value.ValueType) -> MeasureValue | None:
    """Return a measure of an arm; None where there is nothing to divide by."""
    for value in measure.values:
        if value.arm == arm and value.whole:
            return value
    return None


def against(measure: MeasureResult, control: Arm.Value.ValueType) -> MeasureDifference | None:
    """Return how the personalised arm did against another; None where that cannot be said."""
    for found in measure.differences:
        if found.arm == Arm.PERSONALISED and found.against == control:
            is_known = value_of(measure, found.arm) and value_of(measure, control)
            return found if is_known else None
    return None


def interval(found: MeasureDifference, measure: MeasureResult, currency: str) -> str:
    """Say the 95% interval of a difference."""
    if not found.low and not found.high:
        return "not known"
    if measure.unit == MeasureUnit.SHARE:
        return f"{100 * found.low:+.1f} to {100 * found.high:+.1f} pts"
    low, high = (change(end, measure.unit, "") for end in (found.low, found.high))
    last = f"{high} {currency}" if measure.unit == MeasureUnit.MONEY and currency else high
    return f"{low} to {last}"


def conclusion(found: MeasureDifference) -> str:
    return _SAYS.get(found.conclusion, "too few people")


def named(results: Results, name: str) -> MeasureResult:
    """Return a measure by its name."""
    return next(measure for measure in results.measures if measure.name == name)


def best_and_worst(results: Results) -> tuple[list[OfferResult], list[OfferResult]]:
    """Return the offers that were worth most and least per showing, none in both."""
    shown = [offer for offer in results.offers if offer.shown >= FEWEST_SHOWN]
    ranked = sorted(shown, key=lambda offer: (-offer.worth_per_1000, -offer.shown, offer.offer_id))
    half = min(RANKED, len(ranked) // 2)
    return ranked[:half], ranked[len(ranked) - half :][::-1]


def per_thousand(offer: OfferResult, currency: str) -> str:
    """Say what an offer is worth per 1,000 showings, with its 95% interval."""
    told = money(offer.worth_per_1000, currency)
    if not offer.low and not offer.high:
        return told
    return f"{told} ({money(offer.low, '')} to {money(offer.high, '')})"


def paragraph(results: Results) -> str:
    """Return all that matters most in a few sentences."""
    if not results.decisions:
        return "Nothing was decided in this period, so nothing can be said."
    return " ".join(_sentences(results))


def _sentences(results: Results) -> Iterator[str]:
    people = sum(told.people for told in results.arms)
    yield (
        f"Touchpoint made {several(results.decisions, 'decision')} for"
        f" {several(people, 'customer')} from {day(results, 'since_time')} to"
        f" {day(results, 'until_time')}."
    )
    yield from _brought(results, Arm.HOLDOUT, "those for whom nothing is personal (the holdout)")
    yield from _brought(results, Arm.STATIC, "those who are shown the default offers (static)")
    acceptance = value_of(named(results, "acceptance"), Arm.PERSONALISED)
    if acceptance:
        yield (
            f"Of {acceptance.whole:,.0f} personal showings {acceptance.value:.1%} were accepted."
        )
    best, worst = best_and_worst(results)
    if best:
        yield (
            f"Worth most per showing was {best[0].title or best[0].offer_id}, least"
            f" {worst[0].title or worst[0].offer_id}."
        )
    yield _price(results)


def _brought(results: Results, control: Arm.Value.ValueType, who: str) -> Iterator[str]:
    measure, currency = named(results, HEADLINE), results.currency
    found = against(measure, control)
    ours, theirs = value_of(measure, Arm.PERSONALISED), value_of(measure, control)
    if found is None or ours is None or theirs is None:
        return
    told = (
        f"A customer with the full engine contributed {money(ours.value, currency)}, one of {who}"
        f" {money(theirs.value, currency)}"
    )
    if found.conclusion == ResultConclusion.NOT_SIGNIFICANT:
        yield (
            f"{told}: the difference is not significant (95% interval"
            f" {interval(found, measure, currency)})."
        )
    elif found.conclusion in (ResultConclusion.BETTER, ResultConclusion.WORSE):
        verb = "brought" if found.conclusion == ResultConclusion.BETTER else "cost"
        low, high = sorted(map(abs, (found.total_low, found.total_high)))
        yield (
            f"{told}: being personal {verb} {money(abs(found.total), currency)} in this period (95%"
            f" interval {money(low, '')} to {money(high, currency)})."
        )
    else:
        yield f"{told}; that is too few people to conclude anything."


def _price(results: Results) -> str:
    parts = [
        f"{sum(value.part for value in named(results, name).values):,.0f} {noun}"
        for name, noun in zip(
            PRICE_PAID, ("opt-outs", "complaints", "offers turned down"), strict=True
        )
    ]
    return f"The price paid: {parts[0]}, {parts[1]} and {parts[2]}."


def day(results: Results, name: str) -> str:
    """Say an end of the period."""
    return str(getattr(results, name).ToDatetime().strftime("%Y-%m-%d %H:%M UTC"))


def rule_costs(rules: Sequence[RuleResult], currency: str) -> list[tuple[str, str, str, str]]:
    """Return of each rule that acted: name, mode, how often, and what it costs as far as is known.

    What a rule in shadow would have removed was shown, so its worth is known. What an enforced rule
    removed was not shown to anybody: only a trial can tell.
    """
    told = []
    for rule in rules:
        if rule.enforced.decisions:
            often = (
                f"{rule.enforced.candidates:,} in {several(rule.enforced.decisions, 'decision')}"
            )
            told.append((rule.rule, "enforced", often, "not known: only a trial can tell"))
        if rule.shadow.decisions:
            often = f"{rule.shadow.candidates:,} in {several(rule.shadow.decisions, 'decision')}"
            told.append((rule.rule, "in shadow", often, _shadow_cost(rule, currency)))
    return told


def _shadow_cost(rule: RuleResult, currency: str) -> str:
    removed = [each.would_be_removed for each in rule.answers if each.mode == RuleMode.SHADOW]
    worth = sum(counts.value_micros for counts in removed) / _MICROS
    accepted, shown = (sum(getattr(c, name) for c in removed) for name in ("accepted", "shown"))
    return (
        f"at most {money(worth, currency)}: {accepted:,} of {shown:,} shown that it would have"
        " removed were accepted"
    )
