"""Why a scenario is entered or not, with the values that its conditions read, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.scenario.backtest.journeys import PlayedJourneys
from services.scenario.domain.carts import Cart
from services.scenario.domain.criteria import Condition, Values
from services.scenario.domain.facts import Happened
from services.scenario.domain.graph import span
from services.scenario.domain.passage import LATEST_US
from services.scenario.domain.scenario import Scenario
from shared.clock import from_us
from shared.money import from_micros

_MOST = 60
"""Characters of a value."""
_SO: Mapping[bool | None, str] = {True: "so", False: "not so", None: "cannot be evaluated"}


def condition_said(condition: Condition, values: Values) -> str:
    """Say whether a condition holds, and by which values."""
    read = [f"{name} = {value_said(values, name)}" for name in sorted(condition.reads)]
    told = f" ({', '.join(read)})" if read else ""
    return f"{' '.join(condition.text.split())}: {_SO[condition.holds(values)]}{told}"


def situation_said(
    scenario: Scenario, hesitating: bool, cart: Cart, values: Values
) -> Iterator[str]:
    """Say of each thing that must be so to enter whether it is."""
    when = scenario.when
    if when.hesitating:
        yield f"hesitating: {_SO[hesitating]}"
    if when.cart_above_micros is not None:
        above = from_micros(when.cart_above_micros)
        is_above = cart.value_micros > when.cart_above_micros
        yield f"cart above {above}: {_SO[is_above]} (it is worth {from_micros(cart.value_micros)})"
    if when.segments or when.personas:
        segments = list(values["customer.segments"])
        wanted = ", ".join(sorted((*when.segments, *when.personas)))
        is_one = not when.segments.isdisjoint(segments) or (
            bool(when.personas) and values["customer.persona"] in when.personas
        )
        persona = values["customer.persona"] or "none"
        yield f"one of {wanted}: {_SO[is_one]} (segments {segments}, persona {persona})"
    if when.condition is not None:
        yield condition_said(when.condition, values)


async def why_not_begun(
    scenario: Scenario,
    event: Happened,
    group: Sequence[str],
    journeys: PlayedJourneys,
    now_us: int,
) -> str:
    """Say why an event that could begin a scenario did not."""
    if now_us - event.time_us > LATEST_US:
        return "the event is older than a day"
    where = scenario.starts.where
    if where is not None and where.holds(event.values) is not True:
        return condition_said(where, event.values)
    open_now = list(await journeys.open_of(group))
    matter = scenario.name, scenario.subject_of(event.offer_no)
    if any(each.matter == matter for each in open_now):
        return "is on it already"
    ended = await journeys.ended(group)
    behind = [found for (_, *about), found in ended.items() if tuple(about) == matter]
    if behind and scenario.again_most and sum(each.times for each in behind) >= scenario.again_most:
        return f"was on it {sum(each.times for each in behind)} times: again_most"
    if behind and scenario.again_after_us:
        free_us = max(each.latest_us for each in behind) + scenario.again_after_us
        if event.time_us < free_us:
            return f"was on it lately: again from {from_us(free_us):%Y-%m-%d %H:%M} UTC"
    count = scenario.count
    if count.at_least > 1:
        since_us = event.time_us - count.within_us if count.within_us else 0
        came = sum(
            since_us < each.time_us <= event.time_us
            for each in await journeys.tallies_of(group)
            if each.matter == matter and not each.is_occasion
        )
        within = f" within {span(count.within_us)}" if count.within_us else ""
        return f"{came} of {count.at_least} times{within} so far"
    return "nothing begins"


def value_said(values: Values, name: str) -> str:
    """Return a value as people read it; `not known` where there is none."""
    try:
        value: Any = values[name]
    except KeyError:
        return "not known"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    text = f'"{value}"' if isinstance(value, str) else f"{value}"
    if isinstance(value, float):
        text = f"{value:g}"
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
