"""A booster has a say beside the model, and pays or does not."""

from dataclasses import replace

import numpy as np
import pytest

from services.ranker.domain.answers import Outcome, Row
from services.ranker.domain.arbitration import assume
from services.ranker.domain.booster import Booster
from services.ranker.domain.boosting import Said, inputs_of, said_of
from services.ranker.domain.chance import Chance
from services.ranker.domain.comparing import (
    Comparison,
    Labels,
    TooLittleError,
    best_share,
    clustered_mean,
)
from services.ranker.domain.encoding import decode, encode
from services.ranker.domain.explanation import explain
from services.ranker.domain.judgement import judge, sight
from services.ranker.domain.layout import COLUMN, COLUMNS
from services.ranker.domain.learning_log import NumberedRow
from services.ranker.domain.model import Model
from tests.unit.ranker.shop import BIKES, liker, maker, proposed
from tests.unit.ranker.trees import laid

OFFER = COLUMNS[COLUMN["offer"]]
POSITION = COLUMNS[COLUMN["placement_position"]]


@pytest.fixture
def scene():
    """Lend what is sighted of three candidates, and a model that has learned a little."""
    features = maker().features(proposed(1, 2, 11), liker(BIKES, attributes=["garden=yes"]))
    assumed = assume(np.full(3, 0.1), np.ones(3), np.full(3, 1_000_000))
    sighted, model = sight(features, assumed), Model()
    for _ in range(20):
        model.learn(model.number + 1, Outcome.SHOWN, decode(sighted.encoded(0)))
    model.learn(model.number + 1, Outcome.ACCEPTED, decode(sighted.encoded(0)))
    return assumed, sighted, model


def test_log_odds_are_mixed_by_the_share_and_the_model_keeps_learning_the_same_rows(scene):
    assumed, sighted, model = scene
    said = Said(np.array([2.0, 2.0, -2.0]), 0.5)
    alone = judge(assumed, sighted, model).probability
    both = judge(assumed, replace(sighted, said=said), model).probability
    assert (both[:2] > alone[:2]).all()
    nothing = judge(assumed, replace(sighted, said=replace(said, share=1e-9)), model).probability
    assert nothing == pytest.approx(alone)
    assert replace(sighted, said=said).encoded(1) == sighted.encoded(1)


def test_what_is_tried_out_is_spread_less_where_trees_have_a_say(scene):
    assumed, sighted, model = scene
    said = Said(np.full(3, -1.0), 0.8)
    spread = [
        np.log(draws.chances / (1 - draws.chances)).std(axis=0)
        for draws in (
            judge(assumed, each, model, Chance(7, 1)).draws
            for each in (sighted, replace(sighted, said=said))
        )
    ]
    assert (spread[1] < 0.5 * spread[0]).all()


def test_the_explanation_adds_up_with_the_part_of_the_trees(scene):
    assumed, sighted, model = scene
    judgement = judge(assumed, replace(sighted, said=Said(np.full(3, 1.0), 0.6)), model)
    parts = explain(judgement, 0, model)
    assert "booster" in [part.name for part in parts]
    assert sum(part.value for part in parts) == pytest.approx(float(judgement.score[0]))
    assert all(part.text for part in parts)


def test_trees_read_what_candidates_share_as_well_as_their_own(scene):
    _, sighted, _ = scene
    features = sighted.features
    shared, own = int(features.crosses.indices[0, 0]), int(features.indices[0, 2])
    booster = Booster.of(laid([(shared, 0.0, 1.0), (own, 0.0, 0.5)], -3.0))
    each = [features.of_candidate(at) for at in range(3)]
    expected = [-3.0 + (shared in row) + 0.5 * (own in row) for row in each]
    assert said_of(features, booster).log_odds == pytest.approx(expected)


def test_where_it_was_shown_is_nothing_that_trees_may_ask_for():
    row = np.array([OFFER.start, POSITION.start, POSITION.start + POSITION.size - 1], np.uint32)
    assert inputs_of(row).tolist() == [OFFER.start]


def row(place, outcome=Outcome.SHOWN, features=b"", person="ada", credit=1.0):
    return Row(place, "p", 1, outcome, features, 0, 0.5, 1, (person,), credit)


def test_labels_follow_what_came_late_and_what_went_back():
    labels = Labels()
    for each in (
        row("bought", Outcome.ACCEPTED),
        row("late", Outcome.LATE, credit=0.25),
        row("back", Outcome.ACCEPTED),
        row("back", Outcome.RETURNED, credit=0.75),
        row("no", Outcome.DECLINED),
    ):
        labels.take(each)
    told = [labels.of(row(name).place) for name in ("bought", "late", "back", "no", "unseen")]
    assert told == [1.0, 0.25, 0.25, 0.0, 0.0]


def pairs_log(count, seed=3, *, are_pairs=True):
    """Return a log whose answers depend on two things at once, so that each alone says nothing."""
    random = np.random.default_rng(seed)
    rows, labels, number = [], Labels(), 0
    for at in range(count):
        one, two = random.integers(2, size=2)
        indices = [OFFER.start + 10 + one, OFFER.start + 20 + two]
        chance = (0.6 if one == two else 0.05) if are_pairs else 0.3
        features = encode(-1.0, np.array(indices, np.uint32))
        shown = row(str(at), features=features, person=f"person-{at % 60}")
        found = [shown]
        if random.random() < chance:
            found.append(replace(shown, outcome=Outcome.ACCEPTED))
        for each in found:
            number += 1
            labels.take(each)
            rows.append(NumberedRow(number, each))
    return rows, labels


PAIR_TREES = [(OFFER.start + 11, (OFFER.start + 21, 0.4, -2.9), (OFFER.start + 21, -2.9, 0.4))]


def verdict_of(rows, labels, trees=PAIR_TREES, trained=500, served=None):
    comparison = Comparison(Booster.of(laid(trees, 0.0)), labels, 0, trained, served)
    for each in rows:
        comparison.take(each)
    return comparison.verdict()


def test_trees_that_know_a_pair_pay():
    verdict = verdict_of(*pairs_log(2500))
    assert verdict.pays
    assert verdict.share >= 0.7
    gain = verdict.alone
    assert gain.mean == pytest.approx(gain.other - verdict.having)
    assert gain.low < gain.mean < gain.high


def test_trees_as_good_as_those_that_are_served_do_not_pay():
    told = pairs_log(2500)
    share = verdict_of(*told).share
    like = verdict_of(*told, served=Booster.of(laid(PAIR_TREES, 0.0)).saying(share))
    assert like.alone.is_sure
    assert like.served.mean == 0.0
    assert not like.pays
    worse = Booster.of(laid([0.2], 0.0)).saying(0.5)
    assert verdict_of(*told, served=worse).pays


def test_trees_that_know_what_is_not_so_do_not_pay():
    verdict = verdict_of(*pairs_log(2500, are_pairs=False))
    assert not verdict.pays
    assert verdict.share == 0.1


def test_too_little_to_compare_on_is_said():
    rows, labels = pairs_log(600)
    with pytest.raises(TooLittleError, match="at least 400 are needed"):
        verdict_of(rows, labels)


def test_the_share_of_trees_that_know_nothing_is_the_least():
    random = np.random.default_rng(1)
    log_odds = random.normal(size=500)
    labels = (random.random(500) < 1 / (1 + np.exp(-log_odds))).astype(float)
    assert best_share(log_odds, np.zeros(500), random.normal(size=500) * 3, labels) == 0.1


def test_answers_of_one_person_count_as_one_where_they_hang_together():
    random = np.random.default_rng(2)
    of_person = random.normal(size=100)
    people = np.repeat(np.arange(100), 10)
    _, error = clustered_mean(of_person[people], people)
    _, alone = clustered_mean(of_person[people], np.arange(1000))
    assert error == pytest.approx(of_person.std() / 10, rel=0.02)
    assert error > 3 * alone


def test_answers_of_nobody_known_are_learned_and_not_judged():
    """Rows of history tell no persons; taken for many people they would make chance look sure."""
    rows, labels = pairs_log(3000)
    unknown = [
        replace(each, row=replace(each.row, person_ids=())) if each.number > 2000 else each
        for each in rows
    ]
    of_somebody = sum(
        each.row.outcome is Outcome.SHOWN and 500 < each.number <= 2000 for each in rows
    )
    assert verdict_of(unknown, labels).compared == of_somebody - of_somebody // 2
    nobody = [replace(each, row=replace(each.row, person_ids=())) for each in rows]
    with pytest.raises(TooLittleError, match="0 answers of known people"):
        verdict_of(nobody, labels)
