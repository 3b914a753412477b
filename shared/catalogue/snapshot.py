"""A catalogue as arrays that fit into a file: copied slice by slice, and made a catalogue again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.catalogue.catalogue import COLUMN_TYPES, Catalogue
from shared.catalogue.dictionary import Dictionary

Arrays = Mapping[str, npt.NDArray[Any]]

_SLICE_ROWS = 10_000
"""Copied at once: about 1 ms."""
_MOST_CHANGED = 2_000
_SPARE = 20_000
_ENDS_TEXT = "\0"
"""PostgreSQL allows it in no text, so no id holds it; a title with one keeps all from a file."""
_DICTIONARIES = ("categories", "brands", "purposes", "types", "currencies")
_ABOUT = ("about_nos", "about_categories")


class SnapshotError(Exception):
    """These arrays are no catalogue, or this catalogue cannot be made into arrays."""


class CatalogueCopy:
    """A copy that is made while the catalogue goes on changing.

    Call `step` in turn with everything else until it says that the copy is whole, and `changed` for
    every change until then; what is copied is the catalogue of that last moment.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.version = 0
        """Of the catalogue that it is a copy of, once it is whole."""
        self._catalogue = catalogue
        self._changed: set[int] = set()
        self._begin()

    @property
    def size(self) -> int:
        """One more than the highest number in it."""
        return self._copied

    def changed(self, offer_nos: Iterable[int]) -> None:
        """Say that rows changed."""
        self._changed.update(offer_nos)

    def step(self) -> bool:
        """Copy a little more; true once the copy is whole."""
        if self._catalogue.size > self._capacity:
            self._begin()
        if self._copied < self._catalogue.size:
            self._copy_slice(self._copied, min(self._copied + _SLICE_ROWS, self._catalogue.size))
            return False
        if self._changed:
            some = [self._changed.pop() for _ in range(min(len(self._changed), _MOST_CHANGED))]
            self._copy_rows(some)
            return False
        self._finish()
        return True

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the whole copy; takes a while, so do it in a thread. Raises SnapshotError."""
        arrays: dict[str, npt.NDArray[Any]] = dict(self._arrays)
        for name, values in self._texts.items():
            arrays[name] = _joined(values)
        for name, about in self._about.items():
            arrays |= _flattened(name, about)
        return arrays

    def _begin(self) -> None:
        self._capacity = self._catalogue.size + _SPARE
        self._copied = 0
        self._arrays: dict[str, npt.NDArray[Any]] = {
            name: np.empty(self._capacity, dtype) for name, dtype in COLUMN_TYPES
        }
        self._texts: dict[str, Sequence[str]] = {}
        self._ids: list[str] = []
        self._titles: list[str] = []
        self._about: dict[str, dict[int, tuple[int, ...]]] = {}

    def _copy_slice(self, begin: int, end: int) -> None:
        for name, column in self._arrays.items():
            column[begin:end] = getattr(self._catalogue, name)[begin:end]
        self._ids += self._catalogue.offer_ids[begin:end]
        self._titles += self._catalogue.titles[begin:end]
        self._copied = end

    def _copy_rows(self, offer_nos: list[int]) -> None:
        for name, column in self._arrays.items():
            column[offer_nos] = getattr(self._catalogue, name)[offer_nos]
        for no in offer_nos:
            self._ids[no] = self._catalogue.offer_ids[no]
            self._titles[no] = self._catalogue.titles[no]

    def _finish(self) -> None:
        """Take the rest, which is small, at one moment."""
        catalogue = self._catalogue
        self.version = catalogue.version
        self._arrays = {name: column[: self._copied] for name, column in self._arrays.items()}
        self._texts = {
            "offer_ids": self._ids,
            "titles": self._titles,
            **{name: getattr(catalogue, name).texts() for name in _DICTIONARIES},
        }
        self._about = {name: dict(getattr(catalogue, name)) for name in _ABOUT}


def catalogue_of(arrays: Arrays, version: int) -> Catalogue:
    """Return the catalogue of a version, without details, variants and translations.

    Raises SnapshotError.
    """
    try:
        texts = {name: _parted(arrays[name]) for name in ("offer_ids", "titles")}
        columns = {name: arrays[name] for name, _ in COLUMN_TYPES}
        made = Catalogue()
        for name in _DICTIONARIES:
            _learn(getattr(made, name), _parted(arrays[name]))
        for name in _ABOUT:
            getattr(made, name).update(_gathered(name, arrays))
    except (KeyError, ValueError, IndexError) as error:
        raise SnapshotError(f"these arrays are no catalogue: {error}") from error
    sizes = {len(texts["offer_ids"]), len(texts["titles"]), *map(len, columns.values())}
    types = {name: column.dtype for name, column in columns.items()}
    if len(sizes) != 1 or types != {name: np.dtype(kind) for name, kind in COLUMN_TYPES}:
        raise SnapshotError("the columns of the catalogue do not fit each other")
    made.fill(version, columns, texts["offer_ids"], texts["titles"])
    return made


def _learn(dictionary: Dictionary, texts: Sequence[str]) -> None:
    """Give the texts the numbers that they had."""
    if [dictionary.number(text) for text in texts] != list(range(len(texts))):
        raise ValueError("numbers of texts would change")


def _joined(values: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Return texts as letters; in parts, because joining holds up every other thread."""
    parts = [
        _ENDS_TEXT.join((*values[at : at + _SLICE_ROWS], "")).encode()
        for at in range(0, len(values), _SLICE_ROWS)
    ]
    if sum(part.count(0) for part in parts) != len(values):
        raise SnapshotError("a text holds what ends texts in the file")
    return np.frombuffer(b"".join(parts), np.uint8)


def _parted(letters: npt.NDArray[np.uint8]) -> list[str]:
    return letters.tobytes().decode().split(_ENDS_TEXT)[:-1]


def _flattened(name: str, about: Mapping[int, tuple[int, ...]]) -> dict[str, npt.NDArray[np.int64]]:
    """Return numbers with some others each as three columns."""
    count = len(about)
    return {
        f"{name}.of": np.fromiter(about, np.int64, count),
        f"{name}.counts": np.fromiter(map(len, about.values()), np.int64, count),
        f"{name}.values": np.array([each for some in about.values() for each in some], np.int64),
    }


def _gathered(name: str, arrays: Arrays) -> dict[int, tuple[int, ...]]:
    numbers, counts = arrays[f"{name}.of"].tolist(), arrays[f"{name}.counts"]
    values = arrays[f"{name}.values"].tolist()
    if counts.sum() != len(values):
        raise ValueError(f"{name} is not whole")
    bounds = pairwise((0, *counts.cumsum().tolist()))
    return {no: tuple(values[begin:end]) for no, (begin, end) in zip(numbers, bounds, strict=True)}
