"""Plays sixty days of a person's life: when they come, by which channel, and what they do."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from demo.records import DAY_S, midnight_s
from demo.shop.browsing import browse
from demo.shop.contacts import call, open_mail, send_back, send_mail, visit_store
from demo.shop.diary import Diary, nameless
from demo.shop.market import Market
from demo.shop.model import Event, Offer, Taste
from demo.shop.people import Person
from demo.shop.shopper import Shopper

DAYS = 60
HOUR_S = 3_600
PAUSE_S = 1_800  # between two visits: a shorter one would be the same visit to an observer
CALLS = 0.9  # per person in sixty days
MAIL_EVERY_DAYS = 7
MAIL_HOUR = 10

Play = Callable[[Shopper, int], int]
Plan = list[tuple[int, Play]]

# weights of the local hours from 0 to 23
ONLINE_HOURS = (2, 1, 0, 0, 0, 1, 2, 4, 5, 5, 5, 6, 8, 7, 5, 5, 5, 6, 8, 11, 13, 13, 9, 5)
OPEN_HOURS = (0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 6, 8, 8, 7, 6, 6, 8, 9, 7, 3, 0, 0, 0, 0)


def live(
    person: Person, market: Market, offers: Sequence[Offer], today: date, seed: int
) -> list[Event]:
    """Play a known person's days up to the beginning of today."""
    name = f"{seed}-{today:%Y%m%d}-{nameless(person.customer.customer_id)}"
    rng = random.Random(f"{seed}/life/{person.customer.customer_id}")
    end_s = midnight_s(today)
    shopper = Shopper(person.taste, market, offers, Diary(name, end_s), rng, person)
    _agree(shopper, end_s - DAYS * DAY_S, person.consents)
    _play(shopper, _plan(shopper, person, end_s))
    send_back(shopper)
    return shopper.diary.events


def pass_by(
    cookie: str, taste: Taste, market: Market, offers: Sequence[Offer], today: date, seed: int
) -> list[Event]:
    """Play one to four visits, within days, of somebody known by a cookie alone."""
    rng = random.Random(f"{seed}/visits/{cookie}")
    end_s = midnight_s(today)
    diary = Diary(f"{today:%Y%m%d}-{nameless(cookie)}", end_s)
    shopper = Shopper(taste, market, offers, diary, rng)
    first = end_s - DAYS * DAY_S + rng.randrange(DAYS * DAY_S - 3 * HOUR_S)
    visits = 1 + min(3, int(rng.expovariate(1.1)))
    gaps = [round(rng.expovariate(1 / (2.5 * DAY_S))) for _ in range(visits - 1)]

    def play(shopper: Shopper, at: int) -> int:
        return browse(shopper, at, "WEB", cookie, signed_in=False)

    _play(shopper, [(first + sum(gaps[:k]), play) for k in range(visits)])
    return shopper.diary.events


def _agree(shopper: Shopper, start_s: int, consents: bool) -> None:
    """Let the account begin with what may be sent, and now and then a preference."""
    at = start_s + shopper.rng.randrange(2 * HOUR_S)
    visit = shopper.diary.visit(at, "WEB", shopper.identity("customer"), bare=True)
    visit.note("consent", attributes={"purpose": "marketing", "granted": consents})
    if consents:
        visit.note("subscribe", attributes={"list": "newsletter"})
    if shopper.chance(0.08):
        liked = shopper.rng.choice(shopper.taste.brands)
        visit.note("preference", attributes={"brand": liked, "sentiment": "like"})
    if shopper.chance(0.05):
        least = min(shopper.taste.categories, key=shopper.taste.categories.__getitem__)
        visit.note("preference", attributes={"category": least, "sentiment": "dislike"})


def _play(shopper: Shopper, plan: Plan) -> None:
    free_at = 0
    for at, play in sorted(plan, key=lambda arrival: arrival[0]):
        free_at = play(shopper, max(at, free_at + PAUSE_S))


def _plan(shopper: Shopper, person: Person, end_s: int) -> Plan:
    rng, persona = shopper.rng, person.persona
    activity = min(3.0, rng.lognormvariate(0, 0.5))
    plan: Plan = []
    rates: Mapping[Play, tuple[float, Sequence[int]]] = {
        _web: (persona.visits * (1 - persona.app), ONLINE_HOURS),
        _app: (persona.visits * persona.app, ONLINE_HOURS),
        visit_store: (persona.store, OPEN_HOURS),
        call: (CALLS, OPEN_HOURS),
    }
    for play, (rate, hours) in rates.items():
        for day in range(DAYS):
            if rng.random() < rate * activity / DAYS:
                plan.append((_moment(rng, day, hours, person, end_s), play))
    if person.consents:
        plan += _mails(rng, person, end_s)
    return plan


def _mails(rng: random.Random, person: Person, end_s: int) -> Plan:
    """Plan a newsletter a week, every third of them opened within hours."""
    plan: Plan = []
    for day in range(3, DAYS - 1, MAIL_EVERY_DAYS):
        sent = end_s - (DAYS - day) * DAY_S + (MAIL_HOUR - person.utc_offset_h) * HOUR_S
        plan.append((sent, send_mail))
        if rng.random() < 0.35:
            plan.append((sent + min(2 * DAY_S, round(rng.lognormvariate(9.2, 1.0))), open_mail))
    return plan


def _moment(rng: random.Random, day: int, hours: Sequence[int], person: Person, end_s: int) -> int:
    """Draw a second of the day by local habit; what would fall after the end opens the period."""
    hour = rng.choices(range(24), weights=hours)[0] - person.utc_offset_h
    at = end_s - (DAYS - day) * DAY_S + hour * HOUR_S + rng.randrange(HOUR_S)
    return at if at < end_s - HOUR_S else at - (DAYS - 1) * DAY_S


def _web(shopper: Shopper, at: int) -> int:
    return browse(shopper, at, "WEB", shopper.cookie(), signed_in=shopper.chance(0.45))


def _app(shopper: Shopper, at: int) -> int:
    if shopper.person is None:
        raise LookupError("only a customer has the app")
    cookie = shopper.person.cookies[-1]
    return browse(shopper, at, "APP", cookie, signed_in=shopper.chance(0.9))
