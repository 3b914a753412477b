"""PEOPLE_LIKE_YOU: what people of the same taste bought."""

from dataclasses import replace

import numpy as np

from services.retrieval.domain.learning.groups import SHIFT, GroupModel
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.sources.people_like_you import PeopleLikeYou
from services.retrieval.domain.taste import taste_of
from tests.unit.retrieval.learned import ITEMS, RUNNING, ExactIndex, ask, learned, model_of

CROWD = {
    "ada": (RUNNING, [1]),
    "bea": ((0.9, 0.1), [1, 2]),
    "cem": ((0.8, 0.0), [2, 3]),
    "dia": ((0.7, 0.1), [2, 4]),
    "eve": ((-0.1, 0.9), [4, 5]),
    "fay": ((-0.2, 0.8), [4, 5]),
    "gil": ((-0.1, 0.7), [4, 5]),
}
BUYERS = {1: 2, 2: 3, 3: 1, 4: 4, 5: 3}


def found(sports, buyers=BUYERS, **fields):
    model = model_of(CROWD, buyers=buyers)
    return ask(sports, PeopleLikeYou(sports.catalogue), model, **fields)


def test_what_the_like_bought_is_proposed_with_how_many_of_them(sports):
    proposals = found(sports)
    assert sports.told(proposals) == ["socks"]
    assert (proposals.evidence_counts[0], proposals.evidence_totals[0]) == (3, 3)
    assert sports.told(found(sports, ids=["eve"])) == ["helmet", "bike"]


def test_what_one_of_them_bought_or_everybody_buys_anyway_is_left_out(sports):
    assert sports.told(found(sports, {**BUYERS, 2: 7})) == []


def test_what_the_person_has_is_no_news(sports):
    assert sports.told(found(sports, owned=["socks"])) == []


def test_the_person_is_not_counted_among_those_like_them(sports):
    crowd = {"ada": (RUNNING, [3]), "bea": (RUNNING, [3])}
    proposals = ask(sports, PeopleLikeYou(sports.catalogue), model_of(crowd))
    assert sports.told(proposals) == []
    crowd["cem"] = (RUNNING, [3])
    proposals = ask(sports, PeopleLikeYou(sports.catalogue), model_of(crowd))
    assert (sports.told(proposals), proposals.evidence_counts.tolist()) == (["watch"], [2])


def test_nobody_is_said_to_be_like_a_visitor_of_one_click(sports):
    assert sports.told(found(sports, ids=["new"], seen=["shoes"])) == []
    seen = ["shoes", "socks", "watch"]
    assert sports.told(found(sports, ids=["new"], seen=seen)) != []


def test_without_a_model_there_is_nothing_to_propose(sports):
    assert sports.asked(PeopleLikeYou(sports.catalogue), person=sports.person()) == []


def groups_of(takes, trust=0.5, members=40, partners=()):
    """Make one cell of women: (number, share, everybody's, count) of what it takes.

    `partners`: (item, members who dealt with it, [(number, score, count)]).
    """
    nos, shares, usual, counts = zip(*takes, strict=True) if takes else ((),) * 4
    keys = [(1 << SHIFT) | item for item, _, _ in partners]
    found = [each for _, _, listed in partners for each in listed]
    ends = np.cumsum([len(listed) for _, _, listed in partners], dtype=np.int64)
    return replace(
        GroupModel.none(),
        facets=("gender",),
        words=("female",),
        ends=np.array([1]),
        keys=np.array([0, 1]),
        members=np.array([90, members], np.uint32),
        starts=np.array([0, 0, len(nos)]),
        nos=np.array(nos, np.uint32),
        shares=np.array(shares, np.float32),
        usual=np.array(usual, np.float32),
        counts=np.array(counts, np.uint32),
        partner_keys=np.array(keys, np.int64),
        partner_totals=np.array([total for _, total, _ in partners], np.uint32),
        partner_starts=np.concatenate((np.zeros(1, np.int64), ends)),
        partner_nos=np.array([no for no, _, _ in found], np.uint32),
        partner_scores=np.array([score for _, score, _ in found], np.float32),
        partner_counts=np.array([count for _, _, count in found], np.uint32),
        trust=trust,
    )


def ask_woman(sports, groups, *, taste=None, owned=(), **query):
    made = replace(learned(ITEMS, CROWD, buyers=BUYERS), groups=groups)
    model = ServedModel.of("test", made, ExactIndex)
    person = sports.person(owned=[(name, 9, 1, 0.0) for name in owned])
    person = replace(person, person_ids=("new",), words={"gender": "Female"})
    known = taste_of(model, (taste,), (), ()) if taste else None
    return sports.ask(
        PeopleLikeYou(sports.catalogue), person=person, model=model, taste=known, **query
    )


TAKES = ((6, 0.5, 0.1, 20), (5, 0.3, 0.1, 12))
"""Women take the pump more than others, and the helmet."""


def evidence(proposals):
    return list(
        zip(
            proposals.evidence_nos.tolist(),
            proposals.evidence_counts.tolist(),
            proposals.evidence_totals.tolist(),
            strict=True,
        )
    )


def test_somebody_without_a_history_gets_what_their_cell_takes(sports):
    proposals = ask_woman(sports, groups_of(TAKES))
    assert sports.told(proposals) == ["pump", "helmet"]
    assert evidence(proposals) == [(0, 20, 40), (0, 12, 40)]
    assert sports.told(ask_woman(sports, groups_of(TAKES), owned=["pump"])) == ["helmet"]


def test_what_goes_with_the_item_in_view_in_the_cell_comes_first(sports):
    partners = [(4, 30, [(3, 0.2, 9), (5, 0.1, 6)])]
    proposals = ask_woman(sports, groups_of(TAKES, partners=partners), in_view=["bike"])
    assert sports.told(proposals) == ["watch", "helmet", "pump"]
    assert evidence(proposals)[:2] == [(4, 9, 30), (4, 6, 30)]


def test_neighbours_and_the_cell_count_by_how_far_each_is_trusted(sports):
    of_cell = ask_woman(sports, groups_of(TAKES, trust=0.0), taste="ada")
    of_both = ask_woman(sports, groups_of(TAKES, trust=0.5), taste="ada")
    of_taste = ask_woman(sports, groups_of(TAKES, trust=1.0), taste="ada")
    assert sports.told(of_cell) == ["pump", "helmet"]
    assert set(sports.told(of_both)) == {"socks", "pump", "helmet"}
    assert sports.told(of_taste) == ["socks"]
    assert evidence(of_taste) == [(0, 3, 3)]


def test_who_is_described_by_nothing_that_cells_are_made_of_has_none(sports):
    made = replace(learned(ITEMS, CROWD), groups=groups_of(TAKES))
    model = ServedModel.of("test", made, ExactIndex)
    person = replace(sports.person(), words={"gender": "other", "city": "female"})
    assert sports.asked(PeopleLikeYou(sports.catalogue), person=person, model=model) == []
