"""How often somebody meets what it takes to enter a scenario, who they are, and the worth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.scenario.domain.endings import DAY_US

FEWEST_PEOPLE = 5
"""Of fewer nothing is told."""


@dataclass(frozen=True, slots=True)
class Met:
    """One time that somebody met what it takes to enter."""

    scenario: str
    person_id: str
    """The oldest of their set."""
    time_us: int
    cart_micros: int = 0
    """In the home currency."""
    traits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What they were then: `segment`, `value_tier`, `persona` to words."""


@dataclass(frozen=True, slots=True)
class Group:
    """Those who had something in common."""

    kind: str
    name: str
    entries: int
    people: int
    cart_micros: int


@dataclass(frozen=True, slots=True)
class HowOften:
    """Of one scenario, over some days."""

    scenario: str
    days: float
    entries: int
    people: int
    busiest_day: int
    """Entries on the day that had most; days are those of the clock, from the beginning on."""
    days_without: int
    """Whole days on which nobody entered."""
    with_cart: int
    """Entries with something in the cart."""
    cart_micros: int
    """What lay in the carts, all together."""
    order_micros: int
    """Entries without a cart, at the mean order of that time; 0: nothing was bought."""
    groups: Sequence[Group]
    """Who they are, most entries first within each kind; none of fewer than five people."""

    @property
    def per_day(self) -> float:
        return self.entries / self.days if self.days else 0.0

    @property
    def is_few(self) -> bool:
        """Whether it was too few people to say more of."""
        return 0 < self.people < FEWEST_PEOPLE


def how_often(
    met: Iterable[Met],
    scenarios: Iterable[str],
    since_us: int,
    until_us: int,
    mean_order_micros: int = 0,
) -> list[HowOften]:
    """Return what is to be said of each scenario, in the order given; nobody met some of them."""
    of: defaultdict[str, list[Met]] = defaultdict(list)
    for each in met:
        if since_us <= each.time_us < until_us:
            of[each.scenario].append(each)
    return [_said(name, of[name], since_us, until_us, mean_order_micros) for name in scenarios]


def _said(
    name: str, met: Sequence[Met], since_us: int, until_us: int, mean_order_micros: int
) -> HowOften:
    by_day = Counter((each.time_us - since_us) // DAY_US for each in met)
    whole_days = max((until_us - since_us) // DAY_US, 0)
    with_cart = sum(each.cart_micros > 0 for each in met)
    return HowOften(
        scenario=name,
        days=(until_us - since_us) / DAY_US,
        entries=len(met),
        people=len({each.person_id for each in met}),
        busiest_day=max(by_day.values(), default=0),
        days_without=sum(day not in by_day for day in range(whole_days)),
        with_cart=with_cart,
        cart_micros=sum(each.cart_micros for each in met),
        order_micros=(len(met) - with_cart) * mean_order_micros,
        groups=list(_groups(met)),
    )


def _groups(met: Sequence[Met]) -> Iterator[Group]:
    members: defaultdict[tuple[str, str], list[Met]] = defaultdict(list)
    for each in met:
        for kind, words in each.traits.items():
            for word in words:
                members[kind, word].append(each)
    found = [
        Group(
            kind,
            word,
            len(theirs),
            len({each.person_id for each in theirs}),
            sum(each.cart_micros for each in theirs),
        )
        for (kind, word), theirs in members.items()
    ]
    found.sort(key=lambda each: (each.kind, -each.entries, each.name))
    yield from (each for each in found if each.people >= FEWEST_PEOPLE)
