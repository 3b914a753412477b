"""Models as files, one per part: named arrays and a format number, readable without running it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.blend_model import KINDS
from services.retrieval.domain.learning.content import DIMENSIONS
from services.retrieval.domain.learning.model import BasketModel, LearnedModel
from services.retrieval.domain.learning.network import size_of
from services.retrieval.domain.learning.portraits import NEW, OWN
from services.retrieval.domain.learning.rhythm import DEMAND, TRIPS
from services.retrieval.domain.learning.seasons import FORTNIGHTS
from services.retrieval.domain.learning.signals import HABITS, SIGNALS
from services.retrieval.domain.learning.terms import BUCKETS
from services.retrieval.storage.array_files import pack, unpack
from shared.artefacts import ArtefactError

_FORMAT = 1
_FORMAT_KEY = "format"
_ENDS = ".ends"
_DAMAGED = (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile)
"""What NumPy raises for a file that is no archive of arrays."""

NOTHING: Mapping[str, NDArray[Any]] = {}
PERSONS = "persons"
"""The part that names persons."""

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Part = TypeVar("Part", bound="DataclassInstance")


def encode_model(model: LearnedModel) -> dict[str, bytes]:
    """Return the file of each part by its name."""
    return {field.name: encode(getattr(model, field.name)) for field in fields(model)}


def decode_model(files: Mapping[str, bytes], known: LearnedModel | None = None) -> LearnedModel:
    """Return the model of some files; parts without one are those of a model that is `known`.

    Raises ArtefactError where a part that every model has is missing, or anything is damaged.
    """
    kinds = get_type_hints(LearnedModel)
    parts = {name: decode(kinds[name], data) for name, data in files.items() if name in kinds}
    if known is not None:
        return replace(known, **parts)
    try:
        return LearnedModel(**parts)
    except TypeError as error:
        raise ArtefactError(f"the model is not whole: {error}") from error


def encode(part: DataclassInstance, beside: Mapping[str, NDArray[Any]] = NOTHING) -> bytes:
    """Return a part of a model as a file; equal ones, with equal arrays beside, make equal files.

    `decode` passes by what lies beside.
    """
    return pack({_FORMAT_KEY: np.array(_FORMAT), **columns_of(part), **beside})


def decode(kind: type[Part], data: bytes) -> Part:
    """Return the part that a file holds; raises ArtefactError for anything else."""
    found = unpack(data)
    if _FORMAT_KEY not in found or found[_FORMAT_KEY].tolist() != _FORMAT:
        raise ArtefactError(f"this is no {kind.__name__} of format {_FORMAT}")
    return part_of(kind, found)


def columns_of(part: DataclassInstance, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Return the fields of a dataclass, texts, numbers and arrays, as arrays by their name."""
    columns: dict[str, NDArray[Any]] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, (tuple, list)):
            columns |= texts(prefix + field.name, value)
        else:
            columns[prefix + field.name] = np.asarray(value)
    return columns


def part_of(kind: type[Part], columns: Mapping[str, NDArray[Any]], prefix: str = "") -> Part:
    """Return the dataclass that `columns_of` was given; raises ArtefactError for anything else."""
    hints = get_type_hints(kind)
    # A file written before there was such a field reads as its default.
    given = [each.name for each in fields(kind) if prefix + each.name in columns or _must_be(each)]
    try:
        return kind(**{name: _value(prefix + name, hints[name], columns) for name in given})
    except (*_DAMAGED, TypeError) as error:
        raise ArtefactError(f"this is no {kind.__name__}: {error}") from error


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
        and persons.habits.shape[1:] == (HABITS,)
        and persons.trips.shape == (known, len(TRIPS))
        and _fits_blend(model)
        and items.blend.shape == (1 + len(SIGNALS),)
        and _fit(model.baskets)
        and len(model.seasons.factors) == len(model.seasons.categories)
        and model.seasons.factors.shape[1:] in ((0,), (FORTNIGHTS,))
        and _fits_space(model)
        and model.groups.is_whole
        and model.gifts.is_whole
        and model.fit.to_taste.shape in ((0, 0), (DIMENSIONS + 1, width))
        and model.sessions.fits()
        and model.successors.fits()
        and all(bool(np.isfinite(each).all()) for each in _numbers_of(model))
    )
    if not fits:
        raise ArtefactError("the arrays of the model do not fit each other")


def _fit(baskets: BasketModel) -> bool:
    count, shape = len(baskets.offer_nos), baskets.partner_nos.shape
    of_each = len(baskets.orders) == len(baskets.brand_kept) == count
    of_pairs = baskets.partner_scores.shape == baskets.partner_counts.shape == shape
    return of_each and of_pairs and shape[:1] == (count,)


def _fits_space(model: LearnedModel) -> bool:
    items, space = model.items, model.space
    is_held = space.marks.shape == items.content_nos.shape
    return (
        space.directions.shape == (len(space.buckets), DIMENSIONS)
        and bool((space.buckets < BUCKETS).all() and (space.buckets >= 0).all())
        and (not space.is_learned or (is_held and items.content.shape[1:] == (DIMENSIONS,)))
    )


def _fits_blend(model: LearnedModel) -> bool:
    blend, count = model.blend, len(model.items.offer_nos)
    if not len(blend.own) and not len(blend.new):
        return True
    return (
        blend.demand.shape == (count, len(DEMAND))
        and blend.kinds.shape == (count, len(KINDS))
        and bool((blend.kinds >= 0).all())
        and len(blend.own) in (0, size_of(OWN))
        and len(blend.new) in (0, size_of(NEW))
    )


def _numbers_of(*parts: DataclassInstance) -> Iterator[NDArray[np.floating]]:
    """Yield all columns that could hold what is no number."""
    for part in parts:
        for field in fields(part):
            column = getattr(part, field.name)
            if is_dataclass(column) and not isinstance(column, type):
                yield from _numbers_of(column)
            elif isinstance(column, np.ndarray) and column.dtype.kind == "f":
                yield column


def _must_be(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _value(name: str, hint: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Return a field's value; an array must be of just the type that the field declares."""
    if get_origin(hint) in (tuple, Sequence):
        return texts_of(name, arrays)
    column = arrays[name]
    if get_origin(hint) is not np.ndarray:
        return hint(column.tolist())
    declared = get_args(get_args(hint)[1])[0]
    # A field may leave open how wide its numbers are, such as `np.integer`.
    if not np.issubdtype(column.dtype, declared):
        raise TypeError(f"{column.dtype} where {declared.__name__} is expected")
    return column
