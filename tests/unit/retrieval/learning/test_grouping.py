"""What groups of people take, learned from those who are described."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.learning.cell_counts import Takings
from services.retrieval.domain.learning.cells import learned_cells
from services.retrieval.domain.learning.facets import Facets, band_of, bands_of
from services.retrieval.domain.learning.gifts import GiftLog, Gifts
from services.retrieval.domain.learning.grouping import learned_gifts, learned_groups
from services.retrieval.domain.learning.groups import FEWEST, GroupModel
from services.retrieval.domain.learning.history import history_until
from services.retrieval.domain.learning.ials import Setting
from services.retrieval.domain.learning.interactions import InteractionLog
from services.retrieval.domain.learning.learned import Origin, learned
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.pairs import summed
from services.retrieval.domain.learning.people import People
from services.retrieval.domain.learning.terms import ItemTexts
from services.retrieval.domain.served_groups import ServedGroups
from services.retrieval.storage.model_files import decode, encode
from services.retrieval.storage.training_process import Order, pack_input, unpack_input

TIN, RIBBON, CANDLE, RAZOR, WHISKY, BREAD = range(1, 7)
WOMAN, MAN = 1, 2
TEXTS = ItemTexts(np.arange(1, 7, dtype=np.uint32), [""] * 6, ["A", "A", "A", "B", "B", "C"], [""])


def crowd(count=200, seed=0, told=True, doing="purchase"):
    """Women around 35 buy ribbon and candles with the tin, men around 55 razors and whisky."""
    random = np.random.default_rng(seed)
    log, ids, ages, genders = InteractionLog(), [], [], []
    for number in range(count):
        is_woman = number % 2 == 0
        ids.append(f"p{number}")
        ages.append(int(random.integers(30, 40) if is_woman else random.integers(50, 60)))
        genders.append(WOMAN if is_woman else MAN)
        own, other = ((RIBBON, CANDLE), (RAZOR, WHISKY))[:: 1 if is_woman else -1]
        taken = {TIN, BREAD}
        taken |= {item for item in own if random.random() < 0.7}
        taken |= {item for item in other if random.random() < 0.1}
        for item in sorted(taken):
            log.add(
                [ids[-1]],
                [doing],
                np.array([item], np.uint32),
                np.array([number + 1]),
                [False],
            )
    people = People(
        tuple(ids),
        np.array(ages if told else [0] * count, np.uint8),
        ("gender", "coin"),
        ("female", "male", "heads", "tails"),
        np.array([2, 4]),
        np.stack((np.array(genders) * told, random.integers(1, 3, count) * told), 1).astype(
            np.uint8
        ),
    )
    return log.interactions(), people


def model_of(people, interactions):
    history = history_until(interactions, 10**9)
    setting = Setting(0.01, 0.1, 4, 2)
    items = learned(history, setting, 0, Origin("c", 0, 10**9), lambda share: None).items
    return learned_groups(people, history, items, TEXTS, 0)


def test_somebody_with_several_ids_is_one_member_of_a_cell():
    interactions, people = crowd()
    one_each = model_of(people, interactions)
    count = len(people.person_ids)
    again = tuple(f"{each}-again" for each in people.person_ids)
    twice = replace(
        interactions,
        person_ids=(*interactions.person_ids, *again),
        persons=np.concatenate((interactions.persons, interactions.persons + count)),
        offer_nos=np.tile(interactions.offer_nos, 2),
        times_us=np.tile(interactions.times_us, 2),
        weights=np.tile(interactions.weights, 2),
        orders=interactions.orders[:0],
        sessions=interactions.sessions[:0],
    )
    doubled = replace(
        people,
        person_ids=(*people.person_ids, *again),
        ages=np.tile(people.ages, 2),
        places=np.tile(people.places, (2, 1)),
        firsts=np.tile(np.arange(count), 2),
    )
    as_one = model_of(doubled, twice)
    assert as_one.members.tolist() == one_each.members.tolist()
    assert as_one.partner_totals.tolist() == one_each.partner_totals.tolist()
    assert sorted(as_one.partner_counts) == sorted(one_each.partner_counts)
    apart = model_of(replace(doubled, firsts=doubled.firsts[:0]), twice)
    assert apart.members[0] == 2 * one_each.members[0]


@pytest.fixture(scope="module")
def groups():
    interactions, people = crowd()
    return ServedGroups(model_of(people, interactions))


def cells_of(groups, age=0, **words):
    return groups.cells_of(groups.facts(age, words))


def test_cells_are_made_of_what_foretells_what_people_take(groups):
    assert set(groups.model.facets) <= {"age", "gender"}
    assert "coin" not in groups.model.facets


def test_a_cell_takes_its_own_things_first_with_true_counts(groups):
    [cell] = cells_of(groups, gender="Female")
    takings = groups.takings(cell)
    assert set(takings.nos[:4].tolist()) == {TIN, BREAD, RIBBON, CANDLE}
    interactions, people = crowd()
    women = {
        each
        for each, place in zip(people.person_ids, people.places[:, 0], strict=True)
        if place == WOMAN
    }
    ribbons = {
        interactions.person_ids[person]
        for person, no in zip(interactions.persons, interactions.offer_nos, strict=True)
        if no == RIBBON
    }
    told = dict(zip(takings.nos.tolist(), takings.counts.tolist(), strict=True))
    assert (told[RIBBON], takings.members) == (len(ribbons & women), len(women))
    assert min(takings.counts) >= FEWEST


def test_a_woman_of_35_and_a_man_of_55_get_other_partners_of_the_same_tin(groups):
    best = []
    for age, gender in ((35, "female"), (55, "male")):
        found = groups.partners(cells_of(groups, age, gender=gender), [TIN])
        order = (-found.scores).argsort()
        assert (found.counts >= FEWEST).all()
        assert (found.counts <= found.totals).all()
        best.append([no for no in found.nos[order].tolist() if no != BREAD][:2])
    assert set(best[0]) == {RIBBON, CANDLE}
    assert set(best[1]) == {RAZOR, WHISKY}


def test_who_is_known_by_less_is_in_the_wider_cells_alone(groups):
    assert cells_of(groups) == []
    assert cells_of(groups, 35) or cells_of(groups, gender="female")
    assert cells_of(groups, gender="unheard of") == []


def test_of_people_who_say_nothing_of_themselves_nothing_is_learned():
    interactions, people = crowd(told=False)
    assert model_of(people, interactions).facets == ()


def test_those_who_only_looked_are_not_counted_as_buyers():
    interactions, people = crowd(doing="view")
    model = model_of(people, interactions)
    assert len(model.nos) > 0
    assert not model.counts.any()
    assert not model.partner_counts.any()


def test_a_few_people_make_no_group():
    interactions, people = crowd(count=30)
    model = model_of(people, interactions)
    assert all(member >= 20 for member in model.members.tolist())


def test_what_is_chance_alone_makes_no_cells():
    found = []
    for seed in range(4):
        random = np.random.default_rng(seed)
        persons, rows = np.arange(300).repeat(5), random.integers(0, 40, 1500)
        pairs = summed((300, 40), persons, rows, np.ones(1500, np.float32))
        facets = Facets.of({"coin": (("heads", "tails"), random.integers(1, 3, 300))})
        found.append(learned_cells(facets, Takings(pairs, np.zeros(40, np.int64)), seed))
    assert found == [None] * 4


def gifts_of(rows):
    log = GiftLog()
    for at, (offer_no, *whom) in enumerate(rows):
        log.add([f"g{at}"], [offer_no], [1], [tuple(whom)])
    return log.gifts()


def test_gifts_are_learned_by_whom_they_were_for():
    rows = [(TIN, 60, "female", "mother", "birthday")] * 40
    rows += [(RIBBON, 60, "female", "mother", "birthday")] * 20
    rows += [(WHISKY, 55, "male", "father", "birthday")] * 40
    rows += [(RAZOR, 55, "male", "father", "christmas")] * 20
    groups = ServedGroups(learned_gifts(gifts_of(rows), TEXTS, 0))
    told = [(whom, cells_of(groups, relationship=whom)) for whom in ("mother", "father")]
    found = {whom: groups.takings(cells[0] if cells else 0) for whom, cells in told}
    assert found["mother"].nos[0] == TIN
    assert found["father"].nos[0] == WHISKY
    assert groups.takings(0).members == 120


def test_what_few_givers_wrote_of_somebody_is_in_no_model():
    log = GiftLog()
    for number in range(40):
        for item, whom in ((TIN, "mother"), (WHISKY, "father")):
            log.add([f"{whom}{number}"], [item], [1], [(0, "", whom, "")])
        log.add(["h"], [number + 10], [1], [(0, "", "dear bert miller", "")])
    log.add(["a"], [TIN], [1], [(0, "", "my wife anna smith", "")])
    assert set(learned_gifts(log.gifts(), TEXTS, 0).words) == {"mother", "father"}


def test_gifts_to_nobody_in_particular_are_what_is_given_most():
    groups = ServedGroups(learned_gifts(gifts_of([(TIN, 0, "", "", "")] * 9), TEXTS, 0))
    assert groups.takings(0).nos.tolist() == [TIN]
    assert learned_gifts(Gifts.none(), TEXTS, 0).nos.tolist() == []
    few = learned_gifts(gifts_of([(TIN, 0, "", "", "")] * (FEWEST - 1)), TEXTS, 0)
    assert few.nos.tolist() == []


def test_who_gives_to_several_is_one_giver():
    log = GiftLog()
    for number in range(40):
        log.add([f"g{number}"], [TIN], [1], [(60, "female", "mother", "")])
        log.add([f"g{number}"], [RIBBON], [1], [(30, "female", "sister", "")])
        log.add([f"h{number}"], [WHISKY], [1], [(60, "male", "father", "")])
    groups = ServedGroups(learned_gifts(log.gifts(), TEXTS, 0))
    assert groups.takings(0).members == 80
    for whom in ("mother", "sister", "father"):
        for cell in cells_of(groups, relationship=whom):
            assert groups.takings(cell).members == 40
    for cell in cells_of(groups, gender="female"):
        assert groups.takings(cell).members == 40
    assert groups.model.facets


def test_however_many_one_giver_gave_a_thing_to_it_is_one_giver():
    log = GiftLog()
    for age in range(20, 90, 10):
        log.add(["g"], [TIN], [age], [(age, "", "", "")])
    assert learned_gifts(log.gifts(), TEXTS, 0).nos.tolist() == []


def test_ages_fall_into_bands():
    assert bands_of(np.array([0, 2, 3, 34, 35, 90])).tolist() == [0, 1, 2, 7, 8, 11]
    assert (band_of(0), band_of(35), band_of(90)) == ("", "35-44", "65-130")


def test_a_model_without_cells_is_whole():
    assert GroupModel.none().is_whole


def test_groups_and_what_they_are_learned_from_are_handed_over_whole(groups):
    interactions, people = crowd()
    gifts = gifts_of([(TIN, 60, "female", "mother", "birthday")] * 9)
    order = Order("c", 1, 2, 3)
    _, lessons = unpack_input(pack_input(order, Lessons(interactions, TEXTS, people, gifts)))
    assert lessons.people.person_ids == people.person_ids
    assert (lessons.people.places == people.places).all()
    assert (lessons.gifts.relationships, lessons.gifts.ages[0]) == (gifts.relationships, 60)
    again = decode(GroupModel, encode(groups.model))
    assert again.is_whole
    assert again.words == groups.model.words
    assert (again.partner_keys == groups.model.partner_keys).all()
