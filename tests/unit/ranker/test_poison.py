"""How far one person can move the model within a day: a figure, and a test of it."""

import uuid

import numpy as np

from services.ranker.domain.answers import (
    DAY_US,
    SERVICE,
    Answer,
    Decision,
    OfferFacts,
    Outcome,
    Shown,
    TeachingTerms,
)
from services.ranker.domain.encoding import decode, encode
from services.ranker.domain.layout import COLUMNS, Group
from services.ranker.domain.lesson import Known
from services.ranker.domain.model import Model, prior_offset
from services.ranker.domain.teaching import Teacher

MOST_FOR_OTHERS = 1.0
"""Log-odds: nobody who differs from the poisoner is thought more likely to accept by more."""
MOST_FOR_THEIR_LIKE = 6.5
"""Log-odds: nor anybody at all, of the very offer."""
TERMS = TeachingTerms()
POISONER, OFFER = 3, 5
_USED = [each for each in COLUMNS if not each.name.endswith(("t_1", "t_2", "t_3", "e_1", "e_2"))]
_ALIKE_FOR_ALL = "kind_taste"
"""What anybody's taste and an offer have in common: it tells no two persons apart."""
_SPREAD = sum(column.variance for column in _USED)


def features(person, offer):
    """Make what the model sees of an offer before a kind of person, who share but one cross."""
    seeds = {Group.CONTEXT: 0, Group.OFFER: offer, Group.PERSON: 31 * person + offer}
    used = [(each, 0 if each.name == _ALIKE_FOR_ALL else seeds[each.group]) for each in _USED]
    indices = [each.start + (seed * 7919 + 13) % each.size for each, seed in used]
    offset = float(prior_offset(np.array([0.03]), _SPREAD)[0])
    return encode(offset, np.unique(np.array(indices, np.uint32)))


def taught(rows):
    """Return a model that learned of many people and then of these rows."""
    model, random = Model(), np.random.default_rng(1)
    for _ in range(2000):
        sight = decode(features(int(random.integers(40)), int(random.integers(20))))
        model.learn(model.number + 1, Outcome.SHOWN, sight)
        if random.random() < 0.05:
            model.learn(model.number + 1, Outcome.ACCEPTED, sight)
    for row in rows:
        model.learn(model.number + 1, row.outcome, decode(row.features), row.credit)
    return model


def poisoned_rows(accepts):
    """Return what one person teaches who is shown an offer again and again and always accepts."""
    person, decisions, answers = str(uuid.UUID(int=1)), {}, []
    for number in range(accepts):
        decision_id = str(uuid.UUID(int=1000 + number))
        shown = Shown("web.home.banner", OFFER, features(POISONER, OFFER), 1.0)
        decisions[decision_id] = Decision(decision_id, [person], DAY_US + number, [shown])
        answers.append(
            Answer(f"e{number}", person, "accept", DAY_US + number + 1, OFFER, OFFER, decision_id)
        )
    look = {OFFER: OfferFacts(SERVICE, OFFER)}.__getitem__
    teacher = Teacher(Known(decisions), look, TERMS)
    for answer in answers:
        teacher.answered(answer)
    return teacher.lesson


def log_odds(model, person, offer):
    chance = model.predict(decode(features(person, offer)))
    return float(np.log(chance / (1 - chance)))


def test_a_thousand_accepts_of_one_person_teach_no_more_than_the_terms_say():
    rows = poisoned_rows(1000).rows
    outcomes = [row.outcome for row in rows]
    assert outcomes.count(Outcome.SHOWN) == TERMS.showings_per_day
    assert outcomes.count(Outcome.ACCEPTED) == TERMS.acceptances_per_day


def test_a_thousand_accepts_of_one_person_move_no_score_by_more_than_the_limit():
    before = taught([])
    for accepts in (TERMS.acceptances_per_day, 1000):
        after = taught(poisoned_rows(accepts).rows)
        for person in range(40):
            for offer in range(20):
                moved = log_odds(after, person, offer) - log_odds(before, person, offer)
                is_alike = (person, offer) == (POISONER, OFFER)
                assert abs(moved) <= (MOST_FOR_THEIR_LIKE if is_alike else MOST_FOR_OTHERS)
