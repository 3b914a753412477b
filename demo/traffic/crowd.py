"""Makes the shoppers of a round, each with a taste of their own and something looked at before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from demo.shop.browsing import look_around
from demo.shop.diary import Diary, nameless
from demo.shop.market import Market
from demo.shop.model import Event, Identity, Item, Taste
from demo.shop.shopper import Shopper
from demo.shop.tastes import Assortment, draw_persona, draw_taste
from demo.traffic.wares import STORY_SEED, Wares

MINUTE_S = 60
EARLIER_S = 3 * 3_600
"""An earlier visit began so long before, so that there is more than one session to know."""
BROWSING_S = 12 * MINUTE_S
"""Today's looking around begins so long before the first offer is seen, and ends before it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who comes to the shop: `past` ends as they come, `fancies` are seen next."""

    name: str
    """Of the truth: the same seed, round and number, the same person."""
    number: int
    """Those of the same number in other rounds have the same taste."""
    identity: Identity
    session_id: str
    taste: Taste
    past: tuple[Event, ...]
    fancies: tuple[Item, ...]
    """What they will look at, one page each, in order."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Makes shoppers; `run` keeps the people of two runs apart, and `seed` what they are like."""

    wares: Wares
    market: Market
    assortment: Assortment
    seed: int
    run: str

    @classmethod
    def of(cls, wares: Wares, seed: int, run: str) -> Crowd:
        market = Market.of(wares.items, STORY_SEED)
        return cls(wares, market, Assortment.of(wares.items), seed, run)

    def arrivals(self, round_: int, count: int, now_s: int, pages: int) -> Iterator[Arrival]:
        """Make so many, who come at a second since 1970 and will look at so many items.

        The tastes of every round are the same, so that rounds can be compared; the people are new.
        """
        return (self._arrival(round_, number, now_s, pages) for number in range(count))

    def _arrival(self, round_: int, number: int, now_s: int, pages: int) -> Arrival:
        born = random.Random(f"{self.seed}/taste/{number}")
        taste = draw_taste(*draw_persona(born), self.assortment, born)
        name = f"{round_}-{number}"
        rng = random.Random(f"{self.seed}/shopper/{name}")
        identity = Identity("visitor", f"traffic-{self.run}-{name}")
        diary = Diary(nameless(identity.value), now_s)
        shopper = Shopper(taste, self.market, self.wares.offers, diary, rng)
        for begins in (now_s - EARLIER_S, now_s - BROWSING_S):
            visit = diary.visit(begins, "WEB", identity)
            look_around(shopper, visit)
        fancies = tuple(shopper.pick(shopper.subject) for _ in range(pages))
        return Arrival(
            name, number, identity, visit.session_id, taste, tuple(diary.events), fancies
        )
