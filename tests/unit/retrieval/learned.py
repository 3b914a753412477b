"""Little models to look for candidates with."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from services.retrieval.domain.contents import GrowingContents
from services.retrieval.domain.learning.content import DIMENSIONS
from services.retrieval.domain.learning.model import ItemModel, LearnedModel, PersonModel
from services.retrieval.domain.learning.rhythm import TRIPS
from services.retrieval.domain.learning.signals import HABITS, SIGNALS
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.taste import taste_of
from shared.artefacts import ArtefactError

CATALOGUE_ID = "0190aaaa-0000-7000-8000-000000000001"


class ExactIndex:
    """Compares all vectors."""

    def __init__(self, vectors):
        self._vectors = vectors

    def nearest(self, vector, count, allowed=None):
        products = self._vectors @ vector
        rows = (-products).argsort(kind="stable")
        if allowed is not None:
            rows = rows[allowed.mask[rows]]
        rows = rows[:count]
        return rows, products[rows]

    def nearest_each(self, vectors, count, allowed=None):
        rows = np.full((len(vectors), count), -1, np.int64)
        products = np.full((len(vectors), count), -np.inf, np.float32)
        for at, vector in enumerate(vectors):
            found, scores = self.nearest(vector, count, allowed)
            rows[at, : len(found)], products[at, : len(found)] = found, scores
        return rows, products


class InMemoryArtefacts:
    """An `ArtefactStore` that forgets with its process."""

    def __init__(self):
        self.files = {}

    async def put(self, data):
        name = hashlib.sha256(data).hexdigest()
        self.files[name] = data
        return name

    async def get(self, name):
        if hashlib.sha256(self.files.get(name, b"")).hexdigest() != name:
            raise ArtefactError(f"artefact {name} is torn or altered")
        return self.files[name]

    async def file(self, name):
        await self.get(name)
        return Path(name)

    async def remove(self, name):
        self.files.pop(name, None)

    async def sweep(self, keep, older_than_s):
        return 0


def learned(
    items,
    persons=None,
    *,
    neighbours=None,
    content=None,
    buyers=None,
    catalogue_id=CATALOGUE_ID,
    constant=0.0,
    own=0.0,
    trained_us=1,
):
    """Make a model.

    `items`: number to factors; `persons`: id to (factors, numbers of what was bought);
    `neighbours`: number to [(number, score, bought both)]; `content`: number to vector. Of all
    that speaks for an item only the vector counts, and `own` is added where it was bought.
    """
    nos = np.array(sorted(items), np.uint32)
    weights = {"vector": 1.0, "own": own}
    row = {no: at for at, no in enumerate(nos.tolist())}
    return LearnedModel(
        ItemModel(
            catalogue_id=catalogue_id,
            catalogue_version=0,
            trained_us=trained_us,
            regularisation=0.01,
            unobserved_weight=0.1,
            offer_nos=nos,
            factors=_matrix([items[no] for no in nos.tolist()]),
            buyers=np.array([(buyers or {}).get(no, 0) for no in nos.tolist()], np.uint32),
            heat=np.zeros(len(nos), np.float32),
            repeats=np.ones(len(nos), np.float32),
            **_neighbours(neighbours or {}, row),
            blend=np.array(
                [constant, *(weights.get(each, 0.0) for each in SIGNALS)],
                np.float32,
            ),
            content_nos=np.array(sorted(content or {}), np.uint32),
            content=_matrix([content[no] for no in sorted(content or {})]),
        ),
        _persons(persons or {}, row, len(next(iter(items.values())))),
    )


def _matrix(rows):
    return np.array(rows, np.float32).reshape(len(rows), -1 if rows else 2)


def _neighbours(neighbours, row):
    width = max((len(each) for each in neighbours.values()), default=1)
    nos, counts = (np.zeros((len(row), width), np.uint32) for _ in range(2))
    scores = np.zeros((len(row), width), np.float32)
    for no, found in neighbours.items():
        for at, (other, score, both) in enumerate(found):
            place = (row[no], at)
            nos[place], scores[place], counts[place] = other, score, both
    return {"neighbour_nos": nos, "neighbour_scores": scores, "neighbour_counts": counts}


def _persons(persons, row, width):
    bought = [sorted(row[no] for no in nos) for _, nos in persons.values()]
    ends = np.cumsum([len(each) for each in bought], dtype=np.int64)
    rows = np.array([at for each in bought for at in each], np.uint32)
    return PersonModel(
        person_ids=tuple(persons),
        factors=np.array([f for f, _ in persons.values()], np.float32).reshape(-1, width),
        starts=np.concatenate((np.zeros(1, np.int64), ends)),
        rows=rows,
        weights=np.ones(len(rows), np.float32),
        habits=np.ones((len(rows), HABITS), np.float32),
        trips=np.ones((len(persons), len(TRIPS)), np.float32),
    )


def served(*args, **fields):
    return ServedModel.of("test", learned(*args, **fields), ExactIndex)


def contents_of(vectors):
    """Return contents of families by number; what is not said of their many dimensions is 0."""
    growing = GrowingContents(ExactIndex, least_alike=0.2)
    rows = np.zeros((len(vectors), DIMENSIONS), np.float32)
    for row, each in zip(rows, vectors.values(), strict=True):
        row[: len(each)] = each
    growing.put(np.array(list(vectors)), rows)
    return growing.current


def model_with(**parts):
    """Make a model of no persons with other parts."""
    made = replace(learned(ITEMS), **parts)
    return ServedModel.of("test", made, ExactIndex)


RUNNING, CYCLING = (1.0, 0.0), (0.0, 1.0)
ITEMS = {1: (0.9, 0), 2: (0.8, 0), 3: (0.6, 0.1), 4: (0, 0.9), 5: (0.1, 0.8), 6: (0, 0.6)}
"""Of the fixture `sports`: three things for runners, three for cyclists."""


def model_of(persons=None, **fields):
    return served(ITEMS, persons, **fields)


def ask(shop, source, model, *, ids=("ada",), owned=(), seen=(), **query):
    """Ask a source for somebody who owns some things and looked at some in this visit."""
    visit = shop.visit(viewed=seen) if seen else None
    person = shop.person(owned=[(name, 9, 1, 0.0) for name in owned], visit=visit)
    person = replace(person, person_ids=tuple(ids))
    looked_at = [shop.no(name) for name in (*query.get("in_view", ()), *seen)]
    taste = taste_of(model, ids, (), looked_at)
    return shop.ask(source, person=person, model=model, taste=taste, **query)


def asked(shop, *args, **fields):
    return shop.told(ask(shop, *args, **fields))
