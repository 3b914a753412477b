"""Vectors that lie scattered are found by codes of all of them."""

import numpy as np
import pytest

from services.retrieval.domain.allowed import Allowed
from services.retrieval.domain.served_model import of_length_one
from services.retrieval.storage import indexes
from services.retrieval.storage.vectors.codes import CodesIndex, built_codes
from services.retrieval.storage.vectors.exact import truly_nearest
from services.retrieval.storage.vectors.lists import DEPTH
from services.retrieval.storage.vectors.measuring import recall
from services.retrieval.storage.vectors.reports import CODES, EXACT
from tests.unit.retrieval.learned import learned

NEIGHBOURS = 31


def units(count, width=16, seed=1):
    random = np.random.default_rng(seed)
    return of_length_one(random.normal(size=(count, width)).astype(np.float32))


MANY, OTHERS = units(6_000), units(50, seed=2)


@pytest.fixture(scope="module")
def codes():
    return built_codes(MANY, MANY.__getitem__)


@pytest.mark.parametrize("count", [1, NEIGHBOURS, DEPTH, 500])
def test_nearly_all_that_is_truly_nearest_is_found_and_told_as_it_is(codes, count):
    rows, products = codes.nearest_each(OTHERS, count)
    assert rows.shape == (len(OTHERS), count)
    assert recall(rows, truly_nearest(OTHERS, MANY, count)) >= 0.97
    for asked, own, told in zip(OTHERS, rows, products, strict=True):
        assert len(set(own.tolist())) == count
        assert told == pytest.approx(MANY[own] @ asked, abs=1e-5)
        assert (np.diff(told) <= 0.0).all()


def test_few_are_compared_again_to_find_a_few(codes):
    assert codes.facts.kind == CODES
    assert codes.facts.recall_200 >= 0.98
    few, many = codes.again.values()
    assert NEIGHBOURS <= few < many == codes.facts.scanned < len(MANY)
    assert codes.facts.index_bytes == codes.facts.code_bytes == len(MANY) * 16 // 4


def test_only_what_is_allowed_is_found_as_much_of_it_as_there_is(codes):
    mask = np.zeros(len(MANY), np.bool_)
    mask[7::800] = True
    rows, _ = codes.nearest(OTHERS[0], NEIGHBOURS, Allowed.of(mask))
    assert sorted(rows.tolist()) == mask.nonzero()[0].tolist()
    everything = Allowed.of(np.ones(len(MANY), np.bool_))
    found, _ = codes.nearest(OTHERS[0], NEIGHBOURS, everything)
    assert found.tolist() == codes.nearest(OTHERS[0], NEIGHBOURS)[0].tolist()


@pytest.mark.parametrize("wrong", [np.zeros(5, np.float32), np.full(16, np.nan, np.float32)])
def test_what_cannot_be_compared_is_refused(codes, wrong):
    with pytest.raises(ValueError, match=r"dimensions|no number"):
        codes.nearest(wrong, 3)


def test_an_odd_number_of_dimensions_is_none_the_worse():
    odd = units(2_000, width=7)
    found, _ = built_codes(odd, odd.__getitem__).nearest_each(odd[:20], 1)
    assert found[:, 0].tolist() == list(range(20))


@pytest.mark.parametrize(("people", "exact_ms", "kind"), [(90, 1e9, EXACT), (900, 1e9, CODES)])
def test_how_people_are_found_depends_on_how_many_they_are(monkeypatch, people, exact_ms, kind):
    monkeypatch.setattr(indexes, "EXACT_UP_TO", 100)
    monkeypatch.setattr("services.retrieval.storage.vectors.codes.exact_ms", lambda *_: exact_ms)
    factors = units(people, width=8) * 3.0
    persons = learned({1: np.ones(8)}, {f"p{at}": (own, [1]) for at, own in enumerate(factors)})
    index = indexes.build_person_index(persons.persons)
    assert index.facts.kind == kind
    rows, cosines = index.nearest(of_length_one(factors[3]), 1)
    assert (rows.tolist(), cosines.tolist()) == ([3], pytest.approx([1.0], abs=1e-5))


def test_codes_that_are_no_faster_are_not_used(monkeypatch):
    monkeypatch.setattr(indexes, "EXACT_UP_TO", 100)
    monkeypatch.setattr("services.retrieval.storage.vectors.codes.exact_ms", lambda *_: 0.0)
    persons = learned({1: np.ones(8)}, {f"p{at}": (np.ones(8), [1]) for at in range(900)})
    assert not isinstance(indexes.build_person_index(persons.persons), CodesIndex)
