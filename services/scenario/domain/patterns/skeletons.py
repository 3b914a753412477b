"""Scenarios to start from: YAML that says when a pattern happens, and leaves what to do to people.

They are in shadow: they count and propose nothing until somebody has filled in what is offered and
taken `mode` out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.scenario.domain.patterns.gathering import AGE_BANDS, SEPARATOR
from services.scenario.domain.patterns.log import PURCHASE, VISITING
from services.scenario.domain.patterns.traits import (
    ATTRIBUTE,
    CATEGORY,
    CHANNEL,
    SEGMENT,
    TYPE,
    VISITS,
    Trait,
)
from services.scenario.domain.patterns.visits import Step

_PAUSE = "30m"
"""Of so long ends a visit."""
_LONGEST_NAME = 60
_NO_WORD = re.compile(r"[^a-z0-9]+")
_COMING = [name for name in VISITING if name != PURCHASE]
"""What somebody does who is there."""
_LOOKING = ["view", "click", "add_to_cart"]
"""What has a category."""
_AGE = "age"
_CHECKOUT = "checkout_started"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Writes scenarios about findings, with what may be offered."""

    offers: Sequence[str]
    """Offers of the active definitions that may be proposed; none: a call is written instead."""

    def of_sequence(self, steps: Sequence[Step], told: str) -> str:
        """Return a scenario that acts as soon as somebody did these steps in order."""
        words = " → ".join(step.words for step in steps)
        head = _head(told, _name("left_after", steps), f"Left after {words}")
        stages = self._waits(steps[1:])
        begin = [*_hears(steps[0], "    "), "    goals: [purchase]"]
        if stages:
            begin.append("    # again_after would count who waited in vain for a later step, too.")
        else:
            begin.append("    again_after: 7d")
        return _text(head, begin, [*stages, *self._acts(f"Left after {words}")])

    def of_checkout(self, step: Step, told: str) -> str:
        """Return a scenario that acts as soon as somebody did this in a checkout."""
        about = f"Left a checkout from {step.words}"
        head = _head(told, _name("left_checkout_from", [step]), about)
        begin = ["    starts_on: [checkout_started]"]
        if step.type == _CHECKOUT:
            begin += [f"    quiet_for: {_PAUSE}"]
        begin += ["    goals: [purchase]", "    again_after: 7d"]
        awaited = [] if step.type == _CHECKOUT else self._waits([step])
        return _text(head, begin, [*awaited, *self._acts(about)])

    def of_trait(self, trait: Trait, told: str) -> str:
        """Return a scenario for those who have a trait and have not bought yet."""
        name = _name("may_buy", [Step(trait.kind, f"{trait.name} {trait.value}")])
        head = [*_head(told, name, f"May buy: {trait.words}"), "    aim: FIRST_SALE"]
        begin = [*_entry(trait), "    goals: [purchase]", "    again_after: 30d"]
        return _text(head, begin, self._acts(f"Did as those do who buy: {trait.words}"))

    def _waits(self, steps: Sequence[Step]) -> list[str]:
        """Return stages that wait for steps, the last of which leads to what is done."""
        names = [*(f"step_{number}" for number in range(2, len(steps) + 2)), self._act]
        leads = zip(names, steps, names[1:], strict=False)
        return [line for name, step, to in leads for line in _awaits(name, step, to)]

    @property
    def _act(self) -> str:
        return "propose" if self.offers else "call"

    def _acts(self, why: str) -> list[str]:
        if self.offers:
            return [
                f"      - stage: {self._act}",
                "        # Which of them, and where: `placements`; several: the ranker chooses.",
                f"        propose: {{offers: [{', '.join(map(quoted, self.offers))}]}}",
                "        lasts: 2d",
            ]
        return [
            "      - stage: call",
            "        # These definitions have no offer of their own; one would be `propose`.",
            f"        task: {{kind: call, reason: {quoted(why)}, script: May I help you?}}",
            "        lasts: 2d",
        ]


def quoted(text: str) -> str:
    """Write a text as YAML does that holds anything, on one line."""
    plain = " ".join(text.split())
    return "'" + plain.replace("'", "''") + "'"


def in_cel(text: str) -> str:
    """Write a text as a literal of CEL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(head: Sequence[str], begin: Sequence[str], stages: Sequence[str]) -> str:
    return "\n".join([*head, *begin, "    mode: SHADOW", "    stages:", *stages, ""])


def _head(told: str, name: str, title: str) -> list[str]:
    return [
        *(f"# {line}" for line in told.splitlines()),
        "scenarios:",
        f"  - scenario: {name}",
        f"    title: {quoted(title)}",
    ]


def _name(begin: str, steps: Sequence[Step]) -> str:
    words = [f"{step.type} {step.category} {step.topic} {step.placement}" for step in steps]
    told = _NO_WORD.sub("_", " ".join(words).lower()).strip("_")
    return f"{begin}_{told}"[:_LONGEST_NAME].rstrip("_")


def _where(step: Step) -> str:
    """Return what holds of an event that is a step; empty: whatever event of its type."""
    if step.category:
        return _in_category(step.category)
    return f"event.placement == {in_cel(step.placement)}" if step.placement else ""


def _in_category(category: str) -> str:
    below = in_cel(category + SEPARATOR)
    return f"event.category == {in_cel(category)} || event.category.startsWith({below})"


def _any_page(step: Step) -> list[str]:
    return [f"# Conditions know no topic of a page: this is any {step.type}."] if step.topic else []


def _hears(step: Step, indent: str) -> Iterator[str]:
    for line in (*_any_page(step), f"starts_on: [{step.type}]"):
        yield indent + line
    if where := _where(step):
        yield f"{indent}where: {quoted(where)}"


def _awaits(name: str, step: Step, to: str) -> list[str]:
    """Return a stage that waits for a step, as long as a visit may be silent."""
    where = f", where: {quoted(_where(step))}" if _where(step) else ""
    return [
        f"      - stage: {name}",
        f"        lasts: {_PAUSE}",
        *(f"        {line}" for line in _any_page(step)),
        f"        on: [{{on: [{step.type}]{where}, to: {to}}}]",
        "        next: end",
    ]


def _entry(trait: Trait) -> list[str]:
    """Return what begins a journey of those with a trait who have not bought for a year."""
    often = [f"    count: {{at_least: {trait.at_least}, within: 7d}}"] if trait.at_least > 1 else []
    new = "customer.frequency == 0"
    coming = f"    starts_on: [{', '.join(_COMING)}]"
    if trait.kind == VISITS:
        visits = f"    occasions: {{at_least: {trait.at_least}, within: 7d}}"
        found = [coming, f"    quiet_for: {_PAUSE}", *([visits] if trait.at_least > 1 else [])]
    elif trait.kind == TYPE:
        found = [f"    starts_on: [{trait.value}]", *often]
    elif trait.kind == CATEGORY:
        where = quoted(_in_category(trait.value))
        found = [f"    starts_on: [{', '.join(_LOOKING)}]", f"    where: {where}", *often]
    elif trait.kind == CHANNEL:
        found = [coming, f"    where: {quoted(f'event.channel == {in_cel(trait.value)}')}"]
    elif trait.kind == SEGMENT:
        found = [coming, f"    segments: [{quoted(trait.value)}]"]
    else:
        found, new = [coming], f"{new} && {_has(trait)}"
    return [*found, f"    condition: {quoted(new)}"]


def _has(trait: Trait) -> str:
    """Return what holds of those who have an attribute; words are known in lower case only."""
    assert trait.kind == ATTRIBUTE
    if trait.name == _AGE:
        bounds = [int(each) for each in re.findall(r"\d+", trait.value)]
        low = 0 if trait.value.startswith("under") else bounds[0]
        high = f" && customer.age <= {bounds[-1]}" if len(bounds) > 1 else ""
        if trait.value.startswith("under"):
            high = f" && customer.age < {AGE_BANDS[0]}"
        return f"customer.age >= {max(low, 1)}{high}"
    name, word = in_cel(trait.name), trait.value
    words = ", ".join(dict.fromkeys(map(in_cel, (word, word.capitalize(), word.upper()))))
    return f"{name} in customer.attributes && customer.attributes[{name}] in [{words}]"
