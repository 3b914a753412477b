"""Models as files: arrays with names and a format number, readable without running anything."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import ItemModel, LearnedModel, PersonModel
from services.retrieval.domain.learning.signals import HABIT_HALF_LIVES_DAYS, SIGNALS
from shared.artefacts import ArtefactError

_FORMAT = 1
_FORMAT_KEY = "format"
_ENDS = ".ends"
_DAMAGED = (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile)
"""What NumPy raises for a file that is no archive of arrays."""

Part = TypeVar("Part", ItemModel, PersonModel)


def encode(part: ItemModel | PersonModel) -> bytes:
    """Return a part of a model as a file; equal parts make equal files."""
    columns: dict[str, NDArray[Any]] = {_FORMAT_KEY: np.array(_FORMAT)}
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, tuple):
            columns |= texts(field.name, value)
        else:
            columns[field.name] = np.asarray(value)
    return pack(columns)


def decode(kind: type[Part], data: bytes) -> Part:
    """Return the part that a file holds; raises ArtefactError for anything else."""
    found = unpack(data)
    if _FORMAT_KEY not in found or found[_FORMAT_KEY].tolist() != _FORMAT:
        raise ArtefactError(f"this is no {kind.__name__} of format {_FORMAT}")
    hints = get_type_hints(kind)
    try:
        return kind(**{name: _value(name, hint, found) for name, hint in hints.items()})
    except (*_DAMAGED, TypeError) as error:
        raise ArtefactError(f"this is no {kind.__name__}: {error}") from error


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays by name as one file."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def unpack(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file; raises ArtefactError when it is none."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except _DAMAGED as error:
        raise ArtefactError("the file holds no arrays") from error


def texts(name: str, values: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return texts as arrays: their letters one after the other, and where each ends."""
    encoded = [each.encode() for each in values]
    ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
    return {name: np.frombuffer(b"".join(encoded), np.uint8), name + _ENDS: ends}


def texts_of(name: str, arrays: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    """Return what `texts` was given; raises KeyError or ValueError where it is something else."""
    letters, ends = arrays[name].tobytes(), arrays[name + _ENDS].tolist()
    return tuple(letters[begin:end].decode() for begin, end in pairwise((0, *ends)))


def check(model: LearnedModel) -> None:
    """Raise ArtefactError where the parts contradict themselves or each other."""
    items, persons = model.items, model.persons
    count, width = items.factors.shape
    known, pairs = len(persons.person_ids), len(persons.rows)
    shapes = {
        "offer_nos": (count,),
        "buyers": (count,),
        "heat": (count,),
        "repeats": (count,),
        "neighbour_scores": items.neighbour_nos.shape,
        "neighbour_counts": items.neighbour_nos.shape,
        "content_nos": items.content.shape[:1],
    }
    wrong = [name for name, shape in shapes.items() if getattr(items, name).shape != shape]
    fits = (
        not wrong
        and items.neighbour_nos.shape[:1] == (count,)
        and persons.factors.shape == (known, width)
        and persons.starts.shape == (known + 1,)
        and persons.weights.shape == persons.habits.shape[:1] == (pairs,)
        and (persons.starts[0], persons.starts[-1]) == (0, pairs)
        and bool((np.diff(persons.starts) >= 0).all())
        and bool((persons.rows < count).all())
        and persons.habits.shape[1:] == (len(HABIT_HALF_LIVES_DAYS),)
        and items.blend.shape == (1 + len(SIGNALS),)
        and all(bool(np.isfinite(each).all()) for each in _numbers_of(items, persons))
    )
    if not fits:
        raise ArtefactError("the arrays of the model do not fit each other")


def _numbers_of(*parts: ItemModel | PersonModel) -> Iterator[NDArray[np.floating]]:
    """Yield all columns that could hold what is no number."""
    for part in parts:
        for field in fields(part):
            column = getattr(part, field.name)
            if isinstance(column, np.ndarray) and column.dtype.kind == "f":
                yield column


def _value(name: str, hint: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Return a field's value; an array must be of just the type that the field declares."""
    if get_origin(hint) is tuple:
        return texts_of(name, arrays)
    column = arrays[name]
    if get_origin(hint) is not np.ndarray:
        return hint(column.tolist())
    declared = np.dtype(get_args(get_args(hint)[1])[0])
    if column.dtype != declared:
        raise TypeError(f"{column.dtype} where {declared} is expected")
    return column
