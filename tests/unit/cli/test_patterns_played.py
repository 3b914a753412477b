"""A scenario to start from happens to those whom its pattern was found in."""

from __future__ import annotations

import pytest

from cli.backtest.gathering import bundle_of, with_offers
from cli.backtest.past import Past, Persons
from cli.backtest.playing import Span
from cli.backtest.running import World, run
from cli.backtest.stage import Definitions
from services.profile.domain.event import Event
from services.profile.replaying_people import columns_of
from services.scenario.domain.patterns.leaving import leavings_of
from services.scenario.domain.patterns.skeletons import Skeleton
from services.scenario.domain.patterns.visits import visits_of, walks_of
from shared.catalogue import Catalogue
from tests.unit.scenario.patterns.histories import BEGIN_US, CATEGORIES, DAY_US, TYPES, history
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

DAYS = 20
AT_ONCE = 5_000
ADD, TVS, SEARCH = 3, 2, 1
PLACES = """\
placements:
  - placement: web.cart
    channel: WEB
    kinds: [PROMOTION]
    limit: 1
    default_offers: [usual]
offers:
  - {offer_id: usual, kind: PROMOTION, title: As usual, is_default: true}
  - {offer_id: come_back, kind: PROMOTION, title: Come back}
"""


def put_off(done, own):
    """Who put a TV into the cart and searches for more hardly buys."""
    steps = iter((each.type, each.category) for each in done)
    return own / 30 if (ADD, TVS) in steps and (SEARCH, 0) in steps else own


@pytest.fixture
def catalogue():
    made = Catalogue(details=True, variants=True)
    rows = [
        CatalogueRow(
            offer_no=number,
            offer_id=f"item-{number}",
            kind=OfferKind.PRODUCT,
            family_no=number,
            category=f"{category} > New",
            price_micros=80_000_000,
            cost_micros=-1,
            stock=-1,
        )
        for number, category in enumerate(CATEGORIES)
        if category
    ]
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=rows))
    return made


def past_of(log, catalogue):
    """Return a history as profile tells of the past."""
    deeds, past = log.deeds, Past(Persons(), catalogue)
    rows = []
    for place in range(len(deeds)):
        number = int(deeds.category[place])
        category = CATEGORIES[number] and f"{CATEGORIES[number]} > New"
        made = Event(
            int(deeds.time_us[place]),
            TYPES[deeds.type[place]],
            int(Channel.WEB),
            number,
            number,
            category,
            value_micros=int(deeds.value_micros[place]),
        )
        rows.append((f"person-{deeds.person[place]}", made, ""))
    rows.sort(key=lambda row: row[1].time_us)
    for begin in range(0, len(rows), AT_ONCE):
        past.add(columns_of(rows[begin : begin + AT_ONCE]))
    return past


def did(log, steps):
    """Return when who did steps one after the other in one visit: person, beginning and end."""
    visits = visits_of(log)
    walks = walks_of(log, visits)
    for visit, person in enumerate(visits.person.tolist()):
        begin, end = walks.offsets[visit : visit + 2]
        walk = iter(walks.steps[token] for token in walks.token[begin:end].tolist())
        if all(step in walk for step in steps):
            yield f"person-{person}", int(visits.begin_us[visit]), int(visits.end_us[visit])


def test_the_scenario_of_a_pattern_acts_for_those_who_did_it(catalogue):
    log = history(1, people=250, days=DAYS, hazard=put_off)
    sequence = leavings_of(log, visits_of(log), 5).sequences[0]
    assert sequence.is_clear
    text = Skeleton(("come_back",)).of_sequence(sequence.steps, "Found.")
    files = {"places.yaml": PLACES, "new.yaml": text}
    checked = bundle_of(
        [DefinitionFile(path=path, text=told) for path, told in files.items()], catalogue
    )
    assert not checked.problems
    with_offers(catalogue, checked.bundle.offers)
    world = World(catalogue, past_of(log, catalogue), Persons())
    span = Span(BEGIN_US, BEGIN_US + DAYS * DAY_US)
    found = run(world, Definitions.of(checked.bundle), span, lambda done, total: None)
    acted = [
        (found.record.journeys[journey_id].person_id, passage.entered_us)
        for (journey_id, _), passage in found.record.passages.items()
        if passage.stage == "propose"
    ]
    wanted = list(did(log, sequence.steps))
    missed = [
        (who, begin)
        for who, begin, end in wanted
        if not any(who == person and begin <= at_us <= end + 1 for person, at_us in acted)
    ]
    assert len(missed) <= 0.1 * len(wanted)
    assert len(acted) <= 1.1 * len(wanted)
