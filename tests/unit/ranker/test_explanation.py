"""A score is explained in parts that add up, by what each is, in words."""

import re
from string import Formatter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.chance import Chance
from services.ranker.domain.explanation import STRONGEST, explain
from services.ranker.domain.exploration import Exploration
from services.ranker.domain.judgement import as_assumed, judge
from services.ranker.domain.layout import COLUMNS, WEIGHTS
from services.ranker.domain.model import Model
from services.ranker.domain.wording import NOBODY, SENTENCES, SUBJECTS, sentence
from services.ranker.naming import Naming
from tests.grpc.ranker.test_learning import request
from tests.properties import examples
from tests.unit.ranker.shop import BANNER, BIKES, BOOKS, COUPON, liker, shop
from tests.unit.ranker.test_judgement import assumed, sighted, teach
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Traits
from touchpoint.common.v1.vocabulary_pb2 import Assurance, OfferKind
from touchpoint.ranker.v1 import ranker_service_pb2 as pb


def random_model(seed, spread):
    model, random = Model(), np.random.default_rng(seed)
    model.number = 1
    model._mean[:] = random.normal(0, spread, WEIGHTS)
    model._variance[:] *= random.uniform(0.01, 1, WEIGHTS)
    return model


def test_every_column_of_the_layout_has_its_words():
    """Whoever appends a column says in services/ranker/domain/wording.py what it has learned."""
    assert [COLUMNS[at].name for at, each in enumerate(SUBJECTS) if each not in SENTENCES] == []
    assert set(SENTENCES) == set(SUBJECTS)


@pytest.mark.parametrize("subject", sorted(SENTENCES))
def test_every_sentence_speaks_of_what_there_are_names_for_and_says_which_way(subject):
    fields = {field for _, field, _, _ in Formatter().parse(SENTENCES[subject]) if field}
    assert fields - {"more"} <= set(NOBODY)
    assert "more often" in sentence(subject, {}, raises=True)
    assert "less often" in sentence(subject, {}, raises=False)


def test_by_the_priors_alone_nothing_that_was_learned_is_told():
    model = random_model(3, 0.5)
    found = sighted(liker(BIKES), 1, 15)
    parts = explain(as_assumed(assumed(2), found), 1, model)
    assert [part.name for part in parts] == ["prior", "evidence", "lever"]
    assert sum(part.value for part in parts) == pytest.approx(assumed(2).probability[1] * 10)


@examples(40)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0, 0.5),
    st.floats(0, 1),
    st.floats(0, 5),
    st.booleans(),
)
def test_parts_add_up_for_any_model_and_candidate(seed, spread, strength, lever, is_tried):
    model = random_model(seed, spread)
    person = liker(BIKES, segments=["a", "b"], age=40, persona="p", attributes=["x=1", "y=b"])
    found = sighted(person, 1, 15, COUPON, strength=strength)
    judged = judge(assumed(3, strength, lever), found, model, Chance(seed))
    judged = judged.decided(Exploration(0.5, 1.0, 0.1, is_tried=is_tried))
    for at in range(3):
        parts = explain(judged, at, model)
        assert sum(part.value for part in parts) == pytest.approx(
            judged.score[at], rel=1e-5, abs=1e-9
        )
        assert len({part.name for part in parts}) == len(parts)
        assert sum(part.name in SENTENCES for part in parts) <= STRONGEST


def test_what_was_learned_most_of_is_named_first_with_its_direction():
    model = Model()
    teach(model, liker(BIKES), [1], 0.9, 40, np.random.default_rng(0))
    judged = judge(assumed(1), sighted(liker(BIKES), 1), model)
    named = [part for part in explain(judged, 0, model) if part.name in SENTENCES]
    assert named[0].name == "category_1_liked_1"
    assert "more often" in named[0].text
    assert named[0].value > named[-1].value > 0
    teach(model, liker(BOOKS), [2], 0.0, 200, np.random.default_rng(0))
    judged = judge(assumed(1), sighted(liker(BOOKS), 2), model)
    named = [part for part in explain(judged, 0, model) if part.name in SENTENCES]
    assert "less often" in named[0].text
    assert named[0].value < 0


def snapshot(**more):
    return PersonSnapshot(
        person_ids=["ada"],
        assurance=Assurance.VERIFIED,
        traits=Traits(
            value_tier="top", recency_days=3, categories=[BIKES], category_affinities=[0.5]
        ),
        segments=["a", "b", "c", "d"],
        persona="tourer",
        age=40,
        attributes={"club": "yes"},
        **more,
    ).SerializeToString()


def test_names_are_those_of_the_catalogue_and_the_person():
    asked = request(snapshot(), [1, COUPON, 99])
    asked.context.now_us = 1_741_377_600_000_000
    naming = Naming(asked, shop())
    named = naming.of(0, BANNER)
    told = {
        subject: sentence(subject, named, raises=True)
        for subject in (
            *("category_1_liked_1", "kind_state", "kind_recency", "kind_assurance"),
            *("category_1_segment", "kind_persona", "category_1_age", "kind_told", "brand"),
        )
    }
    assert told == {
        "category_1_liked_1": "people who like Cycling take Cycling more often",
        "kind_state": "at moments like this (Friday, evening (18 to 24 h))"
        " products are taken more often",
        "kind_recency": "people who bought within 7 days take products more often",
        "kind_assurance": "people who are logged in take products more often",
        "category_1_segment": "people of the same segments (a, b, c …) take Cycling more often",
        "kind_persona": "people of the persona tourer take products more often",
        "category_1_age": "people aged 36 to 45 take Cycling more often",
        "kind_told": "people with the same club take products more often",
        "brand": "brand-1 is taken more often than other brands",
    }
    assert naming.of(1, BANNER)["kinds"] == "promotions"
    assert naming.of(2, BANNER)["source"] == "popular"


@pytest.mark.parametrize("kind", OfferKind.Value.values())
@pytest.mark.parametrize("subject", sorted(SENTENCES))
def test_of_nobody_and_nothing_known_sentences_still_read_as_such(subject, kind):
    text = sentence(subject, Naming(request(nos=[99]), shop()).of(0, BANNER), raises=True)
    assert not re.search(r"[{}]|\(\)|  |take +(more|less)", text)


def test_a_request_of_no_candidates_has_names_too():
    Naming(pb.RankRequest(context=request().context), shop())
