"""Models as files: whole again when read, refused when they are anything else."""

import io
from dataclasses import fields, replace

import numpy as np
import pytest

from services.retrieval.domain.learning.model import ItemModel, LearnedModel, PersonModel
from services.retrieval.storage.array_files import pack
from services.retrieval.storage.model_files import check, decode, encode
from shared.artefacts import ArtefactError
from tests.unit.retrieval.learned import CYCLING, ITEMS, RUNNING, learned

MODEL = learned(
    ITEMS,
    {"ada": (RUNNING, [1, 2]), "bjørn, «the» second": (CYCLING, []), "cem": (CYCLING, [4])},
    neighbours={1: [(2, 0.5, 3)]},
    content={1: (1, 0), 9: (0, 1)},
)


def same(one, other):
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(one)
    )


def test_what_was_written_is_read_again():
    assert same(decode(ItemModel, encode(MODEL.items)), MODEL.items)
    persons = decode(PersonModel, encode(MODEL.persons))
    assert same(persons, MODEL.persons)
    assert persons.person_ids == MODEL.persons.person_ids


def test_equal_models_make_equal_files():
    assert encode(MODEL.items) == encode(replace(MODEL.items))
    assert encode(MODEL.items) != encode(replace(MODEL.items, trained_us=2))


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        encode(MODEL.persons)[:-40],
        npz(format=np.array(2)),
        npz(x=np.ones(3)),
        npz(format=np.array([object()], object)),
        encode(MODEL.items),
    ],
    ids=["empty", "text", "torn", "later format", "no format", "pickled", "of items"],
)
def test_anything_else_is_refused(data):
    with pytest.raises(ArtefactError):
        decode(PersonModel, data)


def test_an_array_of_another_type_is_refused():
    wrong = replace(MODEL.items, factors=MODEL.items.factors.astype(np.float64))
    with pytest.raises(ArtefactError, match="float32"):
        decode(ItemModel, encode(wrong))


def items(**changes):
    return LearnedModel(replace(MODEL.items, **changes), MODEL.persons)


def persons(**changes):
    return LearnedModel(MODEL.items, replace(MODEL.persons, **changes))


@pytest.mark.parametrize(
    "model",
    [
        items(factors=MODEL.items.factors[:, :1]),
        items(factors=MODEL.items.factors * np.float32("nan")),
        items(heat=MODEL.items.heat + np.float32("inf")),
        items(blend=MODEL.items.blend[1:]),
        items(buyers=MODEL.items.buyers[1:]),
        items(neighbour_counts=MODEL.items.neighbour_counts[:, :0]),
        items(content_nos=MODEL.items.content_nos[1:]),
        persons(rows=MODEL.persons.rows + 100),
        persons(starts=MODEL.persons.starts[::-1].copy()),
        persons(person_ids=("ada",)),
        persons(habits=MODEL.persons.habits[1:]),
        persons(habits=MODEL.persons.habits[:, 1:]),
        replace(MODEL, sessions=replace(MODEL.sessions, looked=np.ones(1, np.uint32))),
        replace(MODEL, sessions=replace(MODEL.sessions, position_decay=float("nan"))),
        replace(MODEL, successors=replace(MODEL.successors, buyers=np.ones(1, np.uint32))),
        replace(MODEL, baskets=replace(MODEL.baskets, orders=np.ones(1, np.uint32))),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(model):
    check(MODEL)
    with pytest.raises(ArtefactError, match="fit"):
        check(model)


def test_a_format_number_is_written():
    assert np.load(io.BytesIO(encode(MODEL.items)))["format"] == 1
    assert np.load(io.BytesIO(pack({"a": np.ones(2)})))["a"].tolist() == [1, 1]
