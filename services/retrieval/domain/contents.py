"""Where items lie by what they are: indexes of many, and a block of those that came since."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.cold_items import ColdItems
from services.retrieval.domain.learning.content import DIMENSIONS
from services.retrieval.domain.served_model import BuildIndex, VectorIndex
from services.retrieval.domain.sifting import SPARE, AnyShowing, Rows, nearest_shown

FOLD_AT = 4096
"""Vectors of the block that are simply all compared: about 0.1 ms for a search."""
_SAME = 0.9999
"""A cosine from here on is the same content written again, with another stock for example."""
_MERGED_BELOW = 2
"""An index that is not so many times larger than the one after it is merged with it."""
_MOST_REMEMBERED = 4096
_SMALL = 10_000
"""Vectors that are compared in 0.1 ms."""
_PART_BITS = 32
_ROW = (1 << _PART_BITS) - 1
_NOWHERE = 0

Near = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Families with their cosines, in no order."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """Vectors with an index over them; neither is changed once it was made."""

    part_no: int
    """Never used again within one space."""
    family_nos: NDArray[np.uint32]
    vectors: NDArray[np.float32]
    """(n, d) of length 1."""
    index: VectorIndex
    remembered: dict[tuple[int, int], Rows] = field(default_factory=dict)
    """By place of the one asked about, and how many: the same few are looked at all day."""

    @property
    def places(self) -> NDArray[np.int64]:
        return _places(self.part_no, 0, len(self.family_nos))

    def answers_at_once(self, place: int, count: int) -> bool:
        """Say whether it takes no time to speak of."""
        return len(self.family_nos) <= _SMALL or (place, count) in self.remembered

    def nearest(
        self, place: int, vector: NDArray[np.float32], count: int, showing: AnyShowing
    ) -> Rows:
        """Return the rows nearest to what lies at a place, of those that may be shown."""
        key = (place, count)
        found = self.remembered.get(key)
        if found is None:
            found = self.index.nearest(vector, SPARE * count)
            _remember(self.remembered, key, found)
        return nearest_shown(self.index, vector, count, found, self.family_nos, showing)


@dataclass(frozen=True, slots=True)
class Contents:
    """What one request searches. An item lies at one place; what lies elsewhere was replaced."""

    indexed: tuple[Indexed, ...]
    block_no: int
    block_nos: NDArray[np.int64]
    """Families of the block, in the order in which they came."""
    block: NDArray[np.float32]
    """(b, d) of length 1."""
    place_of: NDArray[np.int64]
    """Family number to its place, 0 where it has none."""
    least_alike: float
    """A cosine below this is no likeness in this space."""
    cold: ColdItems | None = None
    """What nobody dealt with yet; None: no model foretells who would."""
    remembered: dict[tuple[int, int], Rows] = field(default_factory=dict)
    """Of the block as it is, like that of each index."""

    def place(self, family_no: int) -> int:
        """Return where a family lies, 0 where it has no vector."""
        return int(self.place_of[family_no]) if 0 < family_no < len(self.place_of) else _NOWHERE

    def vector(self, family_no: int) -> NDArray[np.float32] | None:
        """Return a family's vector, if it has one that was there when these were taken."""
        part_no, row = divmod(self.place(family_no), 1 << _PART_BITS)
        for held_no, vectors in self._stored():
            if held_no == part_no and row < len(vectors):
                vector: NDArray[np.float32] = vectors[row]
                return vector
        return None

    def cosines(
        self, vector: NDArray[np.float32] | None, family_nos: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return how near some families lie to a vector; 0 where there is none."""
        if vector is None:
            return np.zeros(len(family_nos), np.float32)
        return self._vectors(family_nos) @ vector

    def cosines_of_each(
        self, family_nos: NDArray[np.int64], others: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return (families, others): how near they lie to each other; 0 where one has no vector."""
        vectors = self._vectors(np.concatenate((family_nos, others)))
        return vectors[: len(family_nos)] @ vectors[len(family_nos) :].T

    def near(
        self, family_no: int, count: int, showing: AnyShowing, *, searched: bool = True
    ) -> Near:
        """Return about `count` families of each index and of the block, nearest to one of them.

        All of them may be shown, itself among them if it may. Without `searched`, large indexes
        only answer what they remember.
        """
        vector, place = self.vector(family_no), self.place(family_no)
        if vector is None:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        nos = [np.zeros(0, np.int64)]  # where nothing is searched, nothing is found
        cosines = [np.zeros(0, np.float32)]
        for each in self.indexed:
            if not searched and not each.answers_at_once(place, count):
                continue
            rows, near = each.nearest(place, vector, count, showing)
            self._add(each.part_no, each.family_nos, rows, near, nos, cosines)
        if len(self.block_nos):
            rows, near = self._nearest_of_block(place, vector, count, showing)
            self._add(self.block_no, self.block_nos, rows, near, nos, cosines)
        return np.concatenate(nos), np.concatenate(cosines)

    def _nearest_of_block(
        self, place: int, vector: NDArray[np.float32], count: int, showing: AnyShowing
    ) -> Rows:
        """Return the same of the block as `Indexed.nearest` does."""
        found = self.remembered.get((place, count))
        if found is None:
            near = self.block @ vector
            rows = _highest(near, SPARE * count)
            found = rows, near[rows]
            _remember(self.remembered, (place, count), found)
        shown = _shown(found, count, showing.shows_families(self.block_nos[found[0]]))
        if shown is not None:
            return shown
        rows = showing.shows_families(self.block_nos).nonzero()[0]
        near = self.block[rows] @ vector
        best = _highest(near, count)
        return rows[best], near[best]

    def _vectors(self, family_nos: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of some families; all zeros where there is none."""
        places = self.place_of[family_nos * (family_nos < len(self.place_of))]
        part_nos, rows = places >> _PART_BITS, places & _ROW
        found = np.zeros((len(family_nos), self.block.shape[1]), np.float32)
        for part_no, vectors in self._stored():
            # A request that gave way may meet places behind the block that it took.
            held = ((part_nos == part_no) & (rows < len(vectors))).nonzero()[0]
            found[held] = vectors[rows[held]]
        return found

    def _stored(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        yield self.block_no, self.block
        yield from ((each.part_no, each.vectors) for each in self.indexed)

    def _add(
        self,
        part_no: int,
        family_nos: NDArray[np.integer],
        rows: NDArray[np.int64],
        near: NDArray[np.float32],
        nos: list[NDArray[np.int64]],
        cosines: list[NDArray[np.float32]],
    ) -> None:
        """Add what was found, but for what lies elsewhere by now."""
        families = family_nos[rows].astype(np.int64, copy=False)
        stands = self.place_of[families] == _place(part_no, 0) + rows
        nos.append(families[stands])
        cosines.append(near[stands])


def _shown(found: Rows, count: int, shown: NDArray[np.bool_]) -> Rows | None:
    """Return the first that may be shown; None where they are too few and there may be more."""
    rows, near = found
    if len(rows) >= SPARE * count and int(np.count_nonzero(shown)) < count:
        return None
    return rows[shown][:count], near[shown][:count]


def _highest(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    rows = np.arange(len(scores))
    if len(scores) > count:
        rows = scores.argpartition(-count)[-count:]
    best: NDArray[np.int64] = rows[(-scores[rows]).argsort(kind="stable")]
    return best


def _place(part_no: int, row: int) -> int:
    return (part_no << _PART_BITS) | row


def _places(part_no: int, begin: int, count: int) -> NDArray[np.int64]:
    return np.arange(begin, begin + count) + _place(part_no, 0)


def _nothing(size: int, least_alike: float) -> Contents:
    nos = np.zeros(0, np.int64)
    block = np.zeros((0, DIMENSIONS), np.float32)
    return Contents((), 1, nos, block, np.zeros(size, np.int64), least_alike)


NO_CONTENTS = _nothing(1, 1.0)


class GrowingContents:
    """Adds and replaces vectors of one space; a search takes `current` once and needs no lock.

    The block is written behind what a search sees of it. A family that is written again lies at
    another place from then on, so that its former vector is passed over wherever it is.
    """

    def __init__(
        self, build: BuildIndex, least_alike: float = 0.0, cold: ColdItems | None = None
    ) -> None:
        self._build = build
        self._parts = 1
        self._nos = np.zeros(FOLD_AT, np.int64)
        self._vectors = np.zeros((FOLD_AT, DIMENSIONS), np.float32)
        self.current = replace(_nothing(1024, least_alike), cold=cold)

    @property
    def is_full(self) -> bool:
        """Say whether the block should be folded into an index."""
        return len(self.current.block_nos) >= FOLD_AT

    def begin_with(
        self, family_nos: NDArray[np.uint32], vectors: NDArray[np.float32], index: VectorIndex
    ) -> None:
        """Take over vectors that have an index already."""
        self._make_room(int(family_nos.max(initial=0)) + 1)
        self._parts += 1
        part = Indexed(self._parts, family_nos, vectors, index)
        self.current.place_of[family_nos] = part.places
        self.current = replace(self.current, indexed=(*self.current.indexed, part))

    def put(self, family_nos: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Write vectors of length 1 of some families, each once; one of length 0 takes it out."""
        self._make_room(int(family_nos.max(initial=0)) + 1)
        current = self.current
        if current.cold is not None:
            current.cold.put(family_nos, vectors)
        is_there = vectors.any(axis=1)
        current.place_of[family_nos[~is_there]] = _NOWHERE
        known = [current.vector(number) for number in family_nos.tolist()]
        pairs = zip(known, vectors, strict=True)
        is_new = np.array([old is None or old @ new < _SAME for old, new in pairs], np.bool_)
        self._append(family_nos[is_there & is_new], vectors[is_there & is_new])

    async def fold(self) -> None:
        """Make an index of the block, together with the smaller ones; it is built in a thread."""
        before = self.current
        small = _small(before)
        # What moves meanwhile is passed over below, so that all of it is done in the thread.
        nos, vectors, places, index = await asyncio.to_thread(self._built, before, small)
        self._parts += 1
        part = Indexed(self._parts, nos, vectors, index)
        now = self.current
        stands = now.place_of[nos] == places
        now.place_of[nos[stands]] = part.places[stands]
        kept = now.indexed[: len(now.indexed) - len(small)]
        self.current = replace(now, indexed=(*kept, part))
        self._begin_block(len(before.block_nos))

    def _built(
        self, contents: Contents, small: Sequence[Indexed]
    ) -> tuple[NDArray[np.uint32], NDArray[np.float32], NDArray[np.int64], VectorIndex]:
        nos, vectors, places = _standing(contents, small)
        return nos, vectors, places, self._build(vectors)

    def _begin_block(self, folded: int) -> None:
        """Begin another block with what came while the first rows of this one were folded."""
        now = self.current
        nos, vectors = now.block_nos[folded:], now.block[folded:]
        stands = now.place_of[nos] == _places(now.block_no, folded, len(nos))
        size = max(FOLD_AT, 2 * len(nos))
        self._parts += 1
        self._nos = np.zeros(size, np.int64)
        self._vectors = np.zeros((size, DIMENSIONS), np.float32)
        self.current = replace(
            now,
            block_no=self._parts,
            block_nos=self._nos[:0],
            block=self._vectors[:0],
            remembered={},
        )
        self._append(nos[stands], vectors[stands])

    def _append(self, nos: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        if not len(nos):
            return
        begin, end = len(self.current.block_nos), len(self.current.block_nos) + len(nos)
        if end > len(self._nos):
            self._nos = np.concatenate((self._nos[:begin], np.zeros(end, np.int64)))
            room = np.zeros((end, DIMENSIONS), np.float32)
            self._vectors = np.concatenate((self._vectors[:begin], room))
        self._nos[begin:end], self._vectors[begin:end] = nos, vectors
        self.current.place_of[nos] = _places(self.current.block_no, begin, len(nos))
        self.current = replace(
            self.current,
            block_nos=self._nos[:end],
            block=self._vectors[:end],
            remembered={},
        )

    def _make_room(self, size: int) -> None:
        held = self.current.place_of
        if size > len(held):
            grown = np.zeros(max(size, 2 * len(held)), np.int64)
            grown[: len(held)] = held
            self.current = replace(self.current, place_of=grown)


def _small(contents: Contents) -> tuple[Indexed, ...]:
    """Return the last indexes that are to be merged with the block, so that there are few."""
    size, first = len(contents.block_nos), len(contents.indexed)
    for at in range(len(contents.indexed) - 1, -1, -1):
        held = len(contents.indexed[at].family_nos)
        if held > _MERGED_BELOW * size:
            break
        size, first = size + held, at
    return contents.indexed[first:]


def _standing(
    contents: Contents, indexed: Sequence[Indexed]
) -> tuple[NDArray[np.uint32], NDArray[np.float32], NDArray[np.int64]]:
    """Return families, vectors and places of indexes and the block, without what was replaced."""
    block = _places(contents.block_no, 0, len(contents.block_nos))
    nos = np.concatenate((*(each.family_nos for each in indexed), contents.block_nos))
    vectors = np.concatenate((*(each.vectors for each in indexed), contents.block))
    places = np.concatenate((*(each.places for each in indexed), block))
    stands = contents.place_of[nos] == places
    return nos[stands].astype(np.uint32), vectors[stands], places[stands]


def _remember(remembered: dict[tuple[int, int], Rows], key: tuple[int, int], found: Rows) -> None:
    if len(remembered) >= _MOST_REMEMBERED:
        remembered.clear()
    remembered[key] = found
