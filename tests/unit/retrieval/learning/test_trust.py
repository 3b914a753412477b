"""How much the nearest by taste count beside those who are alike in what they are."""

from dataclasses import replace

import numpy as np

from services.retrieval.domain.learning.facets import Facets
from services.retrieval.domain.learning.history import DAY_US
from services.retrieval.domain.learning.ials import Setting
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.learned import Origin, learned
from services.retrieval.domain.learning.pairs import Pairs
from services.retrieval.domain.learning.trust import _best, learned_trust
from services.retrieval.domain.learning.validation import held_back

PERSONS, ITEMS = 200, 60
KINDS = np.arange(PERSONS) % 2 + 1


def what_kinds_buy(seed=0):
    """Each kind buys its half of the things, some more: nobody of it is nearer than others."""
    random = np.random.default_rng(seed)
    chances = 1.0 / np.arange(3, ITEMS // 2 + 3)
    chances /= chances.sum()
    rows = [
        (person, 1 + int(kind - 1) * ITEMS // 2 + int(item), day * 10)
        for person, kind in enumerate(KINDS)
        for day, item in enumerate(random.choice(ITEMS // 2, 10, p=chances))
    ]
    persons, offers, days = (np.array(column) for column in zip(*rows, strict=True))
    return Interactions(
        tuple(f"p{number}" for number in range(PERSONS)),
        persons.astype(np.int32),
        offers.astype(np.uint32),
        days.astype(np.int64) * DAY_US + 1,
        np.ones(len(rows), np.float32),
    )


def trust_of(kinds, alter=lambda validation: validation):
    validation = alter(held_back(what_kinds_buy(), 0))
    past = learned(
        validation.past, Setting(0.01, 0.1, 8, 4), 0, Origin("c", 0, 1), lambda share: None
    )
    facets = Facets.of({"kind": (("a", "b"), kinds)})
    groups = np.zeros(len(validation.past.offer_nos), np.int64)
    return learned_trust(validation, past.persons, facets, groups, 0)


def test_where_the_cell_says_all_there_is_the_neighbours_are_trusted_less():
    assert trust_of(KINDS) < 1.0


def test_of_people_of_whom_nothing_is_known_the_neighbours_count_alone():
    assert trust_of(np.zeros(PERSONS, np.int64)) == 1.0


def test_where_nobody_took_anything_new_the_neighbours_count_alone():
    def of_what_they_knew(validation):
        known = validation.past.taste
        own = [known.rows[known.persons == person][0] for person in validation.persons]
        lines = np.arange(len(own))
        later = Pairs(len(own), known.row_count, lines, np.array(own), np.ones(len(own)))
        return replace(validation, later=later)

    assert trust_of(KINDS, of_what_they_knew) == 1.0


def test_the_neighbours_are_left_only_for_a_gain_beyond_chance():
    same, random = [0.3] * 6, np.random.default_rng(1)
    assert _best([same] * 50) == 1.0
    by_chance = [[0.5, 0.5, 0.5, 0.5, 0.5, 0.5 + each] for each in random.normal(0.001, 0.2, 50)]
    assert _best(by_chance) == 1.0
    surely = [[0.5, 0.5, 0.5, 0.5 + each, 0.5, 0.5] for each in random.normal(0.2, 0.1, 50)]
    assert _best(surely) == 0.5
