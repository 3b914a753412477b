"""Histories of a shop as patterns are looked for in them: noise, and noise with something in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.scenario.domain.patterns.log import DAY_US, MINUTE_US, PURCHASE, Deeds, Log

BEGIN_US = 1_772_452_800_000_000
TYPES = (
    "view",
    "search",
    "page_view",
    "add_to_cart",
    "checkout_started",
    "question_asked",
    PURCHASE,
)
CATEGORIES = ("", "PCs", "TVs", "Garden")
CHANNELS = ("", "WEB", "APP")
PLACEMENTS = ("", "web.checkout")
VIEW, SEARCH, PAGE, ADD, CHECKOUT, ASK, BUY = range(len(TYPES))
SHIPPING = 1
PRICES = np.array([0, 900_000_000, 500_000_000, 40_000_000], np.int64)
"""Of an item of each category; its number is that of the category."""


@dataclass(frozen=True, slots=True)
class Did:
    """One thing that somebody did."""

    type: int
    category: int = 0
    topic: int = 0
    channel: int = 1
    placement: int = 0


def anything(random, most=BUY):
    """Do something that tells nothing."""
    kind = int(random.integers(0, most))
    return Did(
        kind,
        int(random.integers(1, 4)) if kind in (VIEW, ADD) else 0,
        int(random.integers(0, 4)) if kind == PAGE else 0,
        int(random.integers(1, 3)),
    )


def history(seed, *, people=400, days=40, keenness=0.08, hazard=None, habits=None, remembers=False):
    """Return a log of people who come and go; what they did so far says how soon they buy.

    `hazard(done, chance)` returns the chance of buying next; without it only chance decides.
    `habits(person, random)` returns what somebody does next, else anything. What was done is of one
    visit, of all of a person's if it `remembers`.
    """
    random = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        own = keenness * random.gamma(2.0, 0.5)
        at_us, done = BEGIN_US + int(random.integers(0, 5 * DAY_US)), []
        while at_us < BEGIN_US + days * DAY_US:
            done = done if remembers else []
            for _ in range(1 + int(random.geometric(0.18))):
                at_us += int(random.integers(10, 180)) * 1_000_000
                done.append(habits(person, random) if habits else anything(random))
                rows.append((person, at_us, done[-1]))
                if random.random() < (hazard(done, own) if hazard else own):
                    rows.append((person, at_us + MINUTE_US, Did(BUY, done[-1].category)))
                    break
            at_us += int(random.exponential(6.0) * DAY_US) + DAY_US + 1
    return log_of(rows, people, days)


def log_of(rows, people, days=40):
    """Return a log of (person, time, what they did)."""
    did = [each for _, _, each in rows]
    offer_nos = np.array([each.category for each in did], np.int64)
    values = [each.type == BUY and 100_000_000 for each in did]
    return Log(
        Deeds(
            np.array([person for person, _, _ in rows], np.int32),
            np.array([time_us for _, time_us, _ in rows], np.int64),
            np.array([each.type for each in did], np.int32),
            np.array([each.category for each in did], np.int32),
            np.array([each.topic for each in did], np.uint8),
            np.array([each.channel for each in did], np.int32),
            offer_nos,
            np.ones(len(did)),
            np.array(values, np.int64),
            np.array([each.placement for each in did], np.int32),
            PRICES[offer_nos],
        ),
        BEGIN_US,
        BEGIN_US + days * DAY_US,
        TYPES,
        CATEGORIES,
        CHANNELS,
        PLACEMENTS,
        people,
        np.zeros(people, np.int64),
    )
