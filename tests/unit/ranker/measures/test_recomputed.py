"""Every figure comes out the same by a second hand: SQL on the tables of an export."""

from __future__ import annotations

import random
import uuid

import numpy as np
import pytest

from cli.exporting.parquet import DAY_US, Draft, decimal
from cli.exporting.tables import TABLES
from services.ranker.domain.answers import HOUR_US
from services.ranker.domain.measures.channels import SPLITS, Over
from services.ranker.domain.measures.definitions import MEASURES
from services.ranker.domain.measures.gathering import Chosen, Event, Gathering, Offers
from services.ranker.domain.measures.log import TYPES, Period
from services.ranker.domain.measures.measured import measure
from services.ranker.domain.measures.persons import COLUMNS
from services.ranker.domain.measures.rates import UNIT, Rates
from services.ranker.measuring_sql import (
    CHANNELS_QUERY,
    KINDS_QUERY,
    OFFERS_QUERY,
    POINTS_QUERY,
    SHOWN_QUERY,
    channels_query,
    measure_query,
    setup,
)
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind

pytest.importorskip("duckdb", reason="recomputing needs duckdb (extra dev)")
pytest.importorskip("pyarrow", reason="exports need pyarrow (extra parquet)")
from tests.unit.ranker.measures.warehouse import REFUSED, Warehouse

BEGIN_US = 1_790_000_000_000_000
PERIOD = Period(BEGIN_US, BEGIN_US + 100 * DAY_US)
PLACEMENTS = ["agent.prompt", "email.body", "web.item"]
AT_ONCE = frozenset({"agent.prompt"})
CURRENCIES = ["", "USD", "EUR", "XTS", "JPY"]
RATES = {
    0: dict(zip(CURRENCIES, (UNIT, UNIT, 1_250_000_001, 0, 6_600_000), strict=True)),
    BEGIN_US + 40 * DAY_US: dict(zip(CURRENCIES, (UNIT, UNIT, 1_083_333_333, 0, 0), strict=True)),
}
# Offers 1 to 6 are items (2 and 3 variants of 1), 7 to 10 of other kinds; 11 is of no known kind.
KINDS = [0, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5]
FAMILIES = [0, 1, 1, 1, 4, 5, 6, 0, 0, 0, 0]
ENDS_US = [0] * 7 + [BEGIN_US + 20 * DAY_US, 0, 0, 0]
VALUES = [0] * 7 + [8_000_000, 1_500_001, 9_000_000, 500_000]
CURRENCY_OF = ["", "USD", "USD", "USD", "EUR", "XTS", "", "EUR", "USD", "JPY", "XTS"]
NUMBERS = range(1, len(KINDS))
OFTEN = [
    "view",
    "add_to_cart",
    "purchase",
    "return",
    "impression",
    "click",
    "accept",
    "decline",
    "email_open",
]


def offer_id(number):
    return f"offer-{number:02d}" if number else None


class World:
    """Random people with random deeds, told to both hands."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.persons = [str(uuid.UUID(int=self.random.getrandbits(128))) for _ in range(40)]
        self.oldest = {}
        for start in range(0, 12, 3):  # four customers of three persons each
            members = sorted(self.persons[start : start + 3])
            self.oldest.update(dict.fromkeys(members, members[0]))
        self.decisions = [self._decision() for _ in range(120)]
        self.events = [self._event(number) for number in range(1500)]

    def arm_of(self, person_id):
        return 1 + int(person_id[0], 16) % 3

    def _time_us(self):
        day = self.random.choice([0, 1, 2, 3, 39, 40, 41, 60, 61, 98, 99, 100])
        within = self.random.choice([0, HOUR_US, HOUR_US // 2, self.random.randrange(DAY_US)])
        return BEGIN_US + day * DAY_US + within - HOUR_US

    def _decision(self):
        pick = self.random
        chosen = {
            (pick.choice(PLACEMENTS), position): pick.choice(NUMBERS)
            for position in range(pick.randrange(4))
        }
        return {
            "decision_id": str(uuid.UUID(int=pick.getrandbits(128))),
            "person_id": pick.choice([*self.persons, ""]),
            "time_us": self._time_us(),
            "channel": pick.choice([1, 4, 7, 10]),
            "arm": 3,
            "chosen": [Chosen(*place, number) for place, number in chosen.items()],
        }

    def _event(self, number):
        pick = self.random
        named = pick.choice(self.decisions) if pick.random() < 0.6 else None
        person_id, time_us = pick.choice(self.persons), self._time_us()
        offer_no, placement = pick.choice([0, *NUMBERS]), pick.choice(["", *PLACEMENTS])
        if named:
            person_id = named["person_id"] or person_id
            time_us = named["time_us"] + pick.choice([-5, 0, HOUR_US, DAY_US, DAY_US + 1])
            if named["chosen"] and pick.random() < 0.8:
                about = pick.choice(named["chosen"])
                offer_no, placement = about.offer_no, pick.choice(["", about.placement])
        kind = pick.choice(TYPES) if pick.random() < 0.3 else pick.choice(OFTEN)
        if kind == "email_open" and pick.random() < 0.7:
            offer_no = 0
        bought = kind in ("purchase", "return")
        return Event(
            person_id,
            kind,
            time_us,
            pick.choice([1, 4, 10]),
            offer_no,
            pick.choice([1.0, 2.0, 0.5]),
            pick.choice([0, 19_990_000, 3_333_333]) if bought else 0,
            pick.choice([-1, 7_000_001]),
            pick.choice(["", "order-1", "order-2"]) if bought else "",
            named["decision_id"] if named and pick.random() < 0.8 else "",
            placement if named else "",
            pick.choice([0, 0, 7]) if kind == "purchase" else 0,
            pick.choice([-1.0, 0.0, 9.5]) if kind == "survey_answer" else -1.0,
            kind == "unsubscribe" or (kind in ("consent", "complaint") and pick.random() < 0.5),
        )

    def measured(self):
        """Measure it by the service's own hand."""
        gathering = Gathering(PERIOD, self.oldest)
        for each in self.events:
            gathering.event(each)
        for decision in self.decisions:
            if PERIOD.since_us <= decision["time_us"] < PERIOD.until_us:
                gathering.decision(**decision)
        currency_no = np.array([CURRENCIES.index(currency) for currency in CURRENCY_OF])
        rates = Rates(
            np.array(list(RATES)), np.array([list(each.values()) for each in RATES.values()])
        )
        offers = Offers(
            np.array(KINDS, np.uint8),
            *map(np.array, (FAMILIES, ENDS_US, VALUES)),
            currency_no,
            rates,
        )
        return measure(gathering.done(offers, self.arm_of, AT_ONCE))

    def exported(self, folder):
        """Write it as an export would."""
        everybody = sorted({self.oldest.get(person, person) for person in self.persons})
        tables = {
            "persons": [
                {"person_id": each, "profile_id": self.oldest.get(each, each)}
                for each in self.persons
            ],
            "assignments": [
                {"profile_id": each, "arm": Arm.Value.Name(self.arm_of(each))} for each in everybody
            ],
            "segments": [{"profile_id": everybody[0], "segment": "some"}],
            "items": [_item(number) for number in NUMBERS if KINDS[number] == 1],
            "offers": [_offer(number) for number in NUMBERS if KINDS[number] > 1],
            "events": [_exported(each, number) for number, each in enumerate(self.events)],
            "decisions": [row for each in self.decisions for row in _rows(each)],
            "rates": [
                {
                    "currency": currency,
                    "base": "USD",
                    "since": since_us or None,
                    "billionths": billionths,
                }
                for since_us, each in RATES.items()
                for currency, billionths in each.items()
                if currency
            ],
        }
        for name, rows in tables.items():
            draft = Draft(TABLES[name], folder, 1)
            columns = {
                column.name: [row.get(column.name) for row in rows]
                for column in TABLES[name].columns
            }
            draft.add("2026-11-23", columns, len(rows))
            draft.close()


def _item(number):
    root = FAMILIES[number]
    variant_of = offer_id(root) if root != number else None
    return {"item_id": offer_id(number), "variant_of": variant_of, **_currency(number)}


def _offer(number):
    return {
        "offer_id": offer_id(number),
        "kind": OfferKind.Value.Name(KINDS[number]),
        "value": decimal(VALUES[number]),
        "ends": ENDS_US[number] or None,
        **_currency(number),
    }


def _currency(number):
    return {"currency": CURRENCY_OF[number] or None}


def _exported(event, number):
    said = {"survey_answer": {"rating": f"{event.rating:g}"} if event.rating >= 0 else {}}
    said["purchase"] = {"promotion": offer_id(event.promotion_no)} if event.promotion_no else {}
    said["consent"] = {"granted": "no"} if event.objects else {}
    said["complaint"] = {} if event.objects else {"status": "closed"}
    details = said.get(event.type) or None
    return {
        "event_id": str(number),
        "person_id": event.person_id,
        "type": event.type,
        "time": event.time_us,
        "channel": Channel.Value.Name(event.channel),
        "offer_id": offer_id(event.offer_no),
        "quantity": event.quantity,
        "value": decimal(event.value_micros),
        "cost": decimal(event.cost_micros),
        "currency": CURRENCY_OF[event.offer_no] or "USD" if number % 5 else None,
        "order_id": event.order_id,
        "decision_id": event.decision_id.upper() or None,
        "placement": event.placement or None,
        "details": str(details).replace("'", '"') if details else None,
    }


def _rows(decision):
    head = {
        "decision_id": decision["decision_id"],
        "person_id": decision["person_id"] or None,
        "time": decision["time_us"],
        "channel": Channel.Value.Name(decision["channel"]),
    }
    return [
        head
        | {
            "placement": each.placement,
            "position": each.position,
            "offer_id": offer_id(each.offer_no),
        }
        for each in decision["chosen"]
    ] or [head]


@pytest.fixture(scope="module", params=range(6))
def both(request, tmp_path_factory):
    """What the service measured, and the warehouse that is to say the same."""
    folder = tmp_path_factory.mktemp("export")
    world = World(request.param)
    world.exported(folder)
    return world.measured(), Warehouse(folder, setup(PERIOD, RATES, AT_ONCE))


def test_every_column_of_every_customer_is_the_same(both):
    measured, warehouse = both
    persons = measured.persons
    told = warehouse.by("profile_id", "SELECT * FROM customer_measures")
    assert sorted(told) == sorted(persons.oldest_ids)
    for at, person_id in enumerate(persons.oldest_ids):
        row = told[person_id]
        assert row["arm"] == Arm.Value.Name(int(persons.arm[at]))
        assert {name: row[name] for name in COLUMNS} == pytest.approx(
            {name: persons[name][at] for name in COLUMNS}, abs=1e-9
        )
    assert all(column.any() for column in persons.columns.values())


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_of_every_arm_is_the_same(both, name):
    measured, warehouse = both
    told = warehouse.by("arm", measure_query(MEASURES[name]))
    for arm in (1, 2, 3):
        theirs = measured.persons.picked(measured.persons.arm == arm)
        sample = MEASURES[name].of(theirs)
        row = told.pop(Arm.Value.Name(arm), None)
        if row is None:
            assert sample.people == 0
            continue
        assert row["people"] == sample.people
        assert row["value"] == pytest.approx(sample.mean)
        assert (row["part"], row["whole"]) == pytest.approx(MEASURES[name].totals(theirs))
        if sample.people > 1:
            assert row["error"] == pytest.approx(sample.error)
    assert told == {}


def test_every_offer_is_the_same(both):
    measured, warehouse = both
    told = warehouse.by("offer_id", OFFERS_QUERY)
    assert len(told) == len(measured.offers) == len(NUMBERS)
    for found in measured.offers:
        row = told[offer_id(found.offer_no)]
        for name in ("people", "shown", "clicks", "accepted", "declined"):
            assert row[name] == getattr(found, name)
        for name in ("revenue", "contribution", "worth"):
            assert row[name] == pytest.approx(getattr(found, name))
        assert row["worth_per_1000"] == pytest.approx(found.per_1000.mean)


def test_every_kind_is_the_same(both):
    measured, warehouse = both
    told = warehouse.by("kind", KINDS_QUERY)
    assert len(told) == len(measured.kinds) == 5
    for found in measured.kinds:
        row = told[OfferKind.Value.Name(found.kind)]
        for name in ("shown", "clicks", "accepted", "declined"):
            assert row[name] == getattr(found, name)
        assert row["people"] == found.acceptance.people
        assert row["acceptance"] == pytest.approx(found.acceptance.mean)
        assert row["error"] == pytest.approx(found.acceptance.error)


def test_every_channel_is_the_same(both):
    measured, warehouse = both
    shown = {(row.pop("channel"), row.pop("arm")): row for row in warehouse.rows(SHOWN_QUERY)}
    assert shown == {
        (Channel.Value.Name(each.channel), Arm.Value.Name(each.arm)): {
            name: getattr(each, name) for name in ("shown", "clicks", "accepted", "declined")
        }
        for each in measured.channels
    }
    pairs = {(row["seen"], row["bought"]): row for row in warehouse.rows(CHANNELS_QUERY)}
    assert len(pairs) == len(measured.pairs)
    for each in measured.pairs:
        seen = Channel.Value.Name(each.seen) if each.seen else None
        row = pairs[seen, Channel.Value.Name(each.bought)]
        assert row["purchases"] == each.purchases
        assert row["revenue"] == pytest.approx(each.revenue)
        assert row["contribution"] == pytest.approx(each.contribution)


def test_an_export_of_other_rates_than_the_report_went_by_recomputes_nothing(tmp_path):
    World(0).exported(tmp_path)
    other = {since_us: each | {"EUR": 1} for since_us, each in RATES.items()}
    with pytest.raises(REFUSED, match=r"other rates .* export again"):
        Warehouse(tmp_path, setup(PERIOD, other, AT_ONCE))


def test_every_stretch_of_time_is_the_same(both):
    measured, warehouse = both
    told = {(row["begin_us"], row["arm"]): row for row in warehouse.rows(POINTS_QUERY)}
    assert len(told) == len(measured.points) > 10
    for each in measured.points:
        row = told[each.time_us, Arm.Value.Name(each.arm)]
        assert row["revenue"] == pytest.approx(each.revenue)
        assert row["contribution"] == pytest.approx(each.contribution)


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_of_every_pair_of_channels_is_the_same(both, name):
    measured, warehouse = both
    rows = warehouse.rows(channels_query(name))
    told = {(row["seen"], row["bought"]): row for row in rows}
    assert len(told) == len(measured.crossed[name]) > 1
    for found in measured.crossed[name]:
        row = told[Channel.Value.Name(found.seen), Channel.Value.Name(found.bought)]
        assert (row["part"], row["whole"]) == pytest.approx((found.part, found.whole), abs=1e-9)
        assert row["people"] == found.sample.people
        assert row["value"] == pytest.approx(found.sample.mean)
        if found.sample.people > 1:
            assert row["error"] == pytest.approx(found.sample.error)


@pytest.mark.parametrize("name", MEASURES)
def test_the_parts_of_all_pairs_of_channels_add_up_to_the_measure(both, name):
    persons, crossed = both[0].persons, both[0].crossed[name]
    part, whole = MEASURES[name].totals(persons)
    assert sum(found.part for found in crossed) == pytest.approx(part, abs=1e-9)
    key_of = {Over.EVERYBODY: lambda found: 0, Over.SEEN: lambda found: found.seen}.get(
        SPLITS[name].over, lambda found: (found.seen, found.bought)
    )
    wholes = {key_of(found): found.whole for found in crossed}
    assert sum(wholes.values()) == pytest.approx(whole, abs=1e-9)
