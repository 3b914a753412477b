"""What person and moment have in common with groups of candidates, and what it costs."""

import dataclasses

import numpy as np
import pytest

from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import Sight
from services.ranker.domain.features import Evidence
from services.ranker.domain.layout import COLUMNS, MOST_TOLD, WEIGHTS
from services.ranker.domain.model import Model, prior_offset
from services.ranker.domain.situation import Situation
from tests.unit.ranker.shop import BANNER, BIKES, COUPON, PROMPT, liker, maker, proposed

PLAIN = liker(BIKES, now_us=1)


def seen(situation, *nos, at=0, **told):
    asked = dataclasses.replace(proposed(*nos), **told)
    return sorted(maker().features(asked, situation).of_candidate(at).tolist())


@pytest.mark.parametrize(
    "changed",
    [
        {"told": ["weather=rain"]},
        {"numbers": [("frequency", 3.0)]},
        {"states": ["stage=DECIDING"]},
        {"hour": 7, "weekday": 1},
        {"segments": ["a", "b", "c", "d", "e"]},
        {"price_sensitivity": 0.4},
        {"attributes": ["a=1", "b=2", "c=3", "d=4"]},
    ],
)
def test_what_is_known_of_person_and_moment_is_seen(changed):
    assert seen(PLAIN, 1) != seen(dataclasses.replace(PLAIN, **changed), 1)


def test_evidence_is_seen_by_its_kind_and_count():
    def told(kind, count, total):
        columns = (np.array([each], np.int64) for each in (kind, count, total))
        return seen(PLAIN, 1, evidence=Evidence(*columns))

    assert len({tuple(told(*each)) for each in [(0, 0, 0), (1, 2, 9), (1, 8, 9), (4, 2, 9)]}) == 4


def test_two_attributes_at_once_are_more_than_each_of_them():
    alone = [set(seen(liker(BIKES, attributes=[each]), 1)) for each in ("a=x", "b=y")]
    both = set(seen(liker(BIKES, attributes=["a=x"], told=["b=y"]), 1))
    pairs = next(column for column in COLUMNS if column.name == "category_1_told_pair")
    found = [each for each in both - alone[0] - alone[1] if each >= pairs.start]
    assert len(found) == 1


def test_candidates_of_one_kind_and_top_category_share_them_and_others_do_not():
    features = maker().features(proposed(1, 2, 15, COUPON), liker(BIKES, attributes=["a=x"]))
    groups = features.crosses.group_of.tolist()
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3
    assert features.crosses.indices.shape[1] == 3


def test_however_much_the_caller_tells_a_row_stays_bounded():
    told = [f"name-{number}=value" for number in range(200)]
    few = maker().features(proposed(1), liker(BIKES, attributes=told[:MOST_TOLD]))
    many = maker().features(proposed(1), liker(BIKES, attributes=told[:100], told=told[100:]))
    assert len(many.of_candidate(0)) == len(few.of_candidate(0)) < 400


def test_each_cross_lies_in_the_region_of_its_column():
    situation = liker(
        BIKES, attributes=["a=1", "b=x"], persona="p", segments=["s"], states=["stage=BROWSING"]
    )
    crosses = maker().features(proposed(1, 15), situation).crosses
    for row, place in zip(crosses.indices, crosses.columns, strict=True):
        column = COLUMNS[place]
        assert column.start <= row.min() <= row.max() < column.start + column.size <= WEIGHTS


def test_a_position_changes_one_weight_and_the_first_one_none():
    features = maker().features(proposed(1, 2), Situation(1, [BANNER, PROMPT]))
    scored = features.of_candidate(0).tolist()
    assert features.at_position(0, BANNER, 0).tolist() == scored
    lower = features.at_position(0, BANNER, 3).tolist()
    assert sum(one != other for one, other in zip(scored, lower, strict=True)) == 1
    assert features.at_position(0, PROMPT, 3).tolist() != lower


def test_a_new_offer_and_a_new_customer_start_from_their_features():
    """Riders accept what is about bikes, whoever rides and whichever bike it is."""
    model, random = Model(), np.random.default_rng(4)

    def row(number, plan):
        situation = liker(BIKES, attributes=[f"plan={plan}", f"shoe={random.integers(36, 46)}"])
        features = maker().features(proposed(number), situation)
        offset = float(prior_offset(np.array([0.03]), features.prior_variance)[0])
        return Sight(offset, np.unique(features.of_candidate(0)))

    for _ in range(600):
        plan = "gold" if random.random() < 0.5 else "basic"
        sight = row(int(random.integers(1, 8)), plan)
        model.learn(model.number + 1, Outcome.SHOWN, sight)
        if random.random() < (0.3 if plan == "gold" else 0.02):
            model.learn(model.number + 1, Outcome.ACCEPTED, sight)
    never_shown = 10
    assert model.predict(row(never_shown, "gold")) > 0.15
    assert model.predict(row(never_shown, "basic")) < 0.09
    unlike_all = model.predict(row(15, "none"))
    assert unlike_all < model.predict(row(never_shown, "gold"))
