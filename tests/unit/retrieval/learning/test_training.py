from __future__ import annotations

import numpy as np
import pytest

from services.retrieval.domain.learning.blending import Blender
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.signals import SIGNALS, nobodys_taste, taste_of
from services.retrieval.domain.learning.terms import ItemTexts
from services.retrieval.domain.learning.training import (
    NothingToLearnError,
    Trained,
    TrainingSettings,
    train,
)
from services.retrieval.storage.model_files import encode_model
from tests.unit.retrieval.learning.tastes import (
    FIRST_NO,
    ITEMS_PER_TASTE,
    NOW_US,
    events,
    texts,
    two_tastes,
)

SETTINGS = TrainingSettings("shop", 7, dimensions=8, sweeps=4)
NO_TEXTS = ItemTexts(np.zeros(0, np.uint32), [], [], [])


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(Lessons(two_tastes(), texts()), SETTINGS, NOW_US)


def test_each_person_is_offered_new_things_of_their_own_taste_first(trained: Trained) -> None:
    items, persons = trained.model.items, trained.model.persons
    blender = Blender(items)
    for at, person_id in enumerate(persons.person_ids):
        taste = taste_of(persons, at)
        ranked = blender.ranked(taste, 10, novel=True)
        is_odd = int(person_id.removeprefix("p")) % 2
        tastes = (items.offer_nos[ranked.rows] - FIRST_NO) // ITEMS_PER_TASTE
        assert (tastes == is_odd).all()
        assert not np.isin(ranked.rows, taste.rows).any()


def test_scores_fall_and_are_probabilities(trained: Trained) -> None:
    taste = taste_of(trained.model.persons, 0)
    scores = Blender(trained.model.items).ranked(taste, 30, novel=False).scores
    assert (np.diff(scores) <= 0).all()
    assert 0.0 < scores[-1] <= scores[0] < 1.0


def test_orders_are_learned_from_too(trained: Trained) -> None:
    baskets = trained.model.baskets
    assert len(baskets.offer_nos) == 2 * ITEMS_PER_TASTE
    assert (baskets.orders >= 3).all()


def test_visits_and_later_orders_are_learned_from_too(trained: Trained) -> None:
    sessions, successors = trained.model.sessions, trained.model.successors
    assert len(sessions.offer_nos) == len(successors.offer_nos) == 2 * ITEMS_PER_TASTE
    assert (sessions.fits(), successors.fits()) == (True, True)
    assert successors.window_days > 0


def test_neighbours_are_of_the_same_taste_and_say_how_many_bought_both(trained: Trained) -> None:
    items = trained.model.items
    is_real = items.neighbour_counts > 0
    taste = (items.offer_nos - FIRST_NO) // ITEMS_PER_TASTE
    of_neighbours = (items.neighbour_nos - FIRST_NO) // ITEMS_PER_TASTE
    assert is_real.sum() > len(items.offer_nos) * 20
    assert (of_neighbours == taste[:, None])[is_real].all()
    assert (items.neighbour_nos[~is_real] == 0).all()
    assert (items.neighbour_counts <= items.buyers[:, None]).all()


def test_the_same_log_and_seed_make_the_same_model(trained: Trained) -> None:
    again = train(Lessons(two_tastes(), texts()), SETTINGS, NOW_US).model
    assert encode_model(again) == encode_model(trained.model)


def test_the_report_tells_what_was_tried_the_best_first(trained: Trained) -> None:
    report = trained.report
    found = [trial.ndcg10 for trial in report.trials]
    assert found == sorted(found, reverse=True)
    assert len(found) > 2
    assert report.trials[0].regularisation == report.regularisation
    assert (report.persons, report.items) == (120, 60)
    assert report.pairs == 120 * 14


def test_progress_rises_to_the_end() -> None:
    shares: list[float] = []
    train(
        Lessons(two_tastes(), texts()), SETTINGS, NOW_US, lambda _step, share: shares.append(share)
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_somebody_unknown_is_offered_what_many_buy() -> None:
    items = train(Lessons(two_tastes(skew=2.0), texts()), SETTINGS, NOW_US).model.items
    first = Blender(items).ranked(nobodys_taste(items), 5, novel=True).rows
    assert items.buyers[first].min() > np.median(items.buyers)


def test_events_after_the_moment_teach_nothing() -> None:
    past = two_tastes()
    early = train(Lessons(past.only(past.times_us < NOW_US // 2), texts()), SETTINGS, NOW_US // 2)
    cut = train(Lessons(past, texts()), SETTINGS, NOW_US // 2)
    assert np.array_equal(early.model.items.factors, cut.model.items.factors)


@pytest.mark.parametrize("persons", [0, 3, 19])
def test_too_few_persons_are_refused_with_their_number(persons: int) -> None:
    few = two_tastes(persons) if persons else events()
    with pytest.raises(NothingToLearnError, match=r"\d+ persons .* 20 are needed"):
        train(Lessons(few, NO_TEXTS), SETTINGS, NOW_US)


def test_too_few_items_are_refused() -> None:
    rows = [(f"p{person}", 1 + at, 5.0, 1.0) for person in range(30) for at in range(3)]
    with pytest.raises(NothingToLearnError, match="3 items"):
        train(Lessons(events(*rows), NO_TEXTS), SETTINGS, NOW_US)


def test_a_log_of_one_moment_is_learned_from_with_the_usual_settings() -> None:
    log = two_tastes()
    at_once = type(log)(
        log.person_ids,
        log.persons,
        log.offer_nos,
        np.full(len(log.persons), NOW_US - 1),
        log.weights,
    )
    trained = train(Lessons(at_once, texts()), SETTINGS, NOW_US)
    assert [trial.ndcg10 for trial in trained.report.trials] == [0.0]
    assert len(trained.model.items.blend) == 1 + len(SIGNALS)


def test_views_alone_are_learned_from_but_make_nobody_a_buyer() -> None:
    log = two_tastes()
    viewed = type(log)(
        log.person_ids, log.persons, log.offer_nos, log.times_us, np.full_like(log.weights, 0.1)
    )
    items = train(Lessons(viewed, texts()), SETTINGS, NOW_US).model.items
    assert not items.buyers.any()
    assert not items.neighbour_counts.any()
    same = items.factors[:ITEMS_PER_TASTE] @ items.factors[:ITEMS_PER_TASTE].T
    other = items.factors[:ITEMS_PER_TASTE] @ items.factors[ITEMS_PER_TASTE:].T
    assert same.mean() > other.mean()
