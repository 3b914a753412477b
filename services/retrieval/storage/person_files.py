"""The file of a model that names persons, and what is left of it when some are taken out."""

from __future__ import annotations

import secrets
from collections.abc import Collection

import numpy as np

from services.retrieval.domain.learning.model import PersonModel
from services.retrieval.storage.model_files import decode, encode

_DRAW, _DRAW_BYTES = "draw", 16
"""What no other file has."""


def without_persons(data: bytes, person_ids: Collection[str]) -> tuple[bytes, int]:
    """Return a file of persons without some, and how many of them were in it.

    It is equal to no other file: whoever gives it up may remove it, whatever others write. Raises
    ArtefactError where it cannot be read.
    """
    persons = decode(PersonModel, data)
    left = persons.without(person_ids)
    if left is persons:
        return data, 0
    gone = max(len(persons.person_ids) - len(left.person_ids), 1)
    draw = np.frombuffer(secrets.token_bytes(_DRAW_BYTES), np.uint8)
    return encode(left, {_DRAW: draw}), gone
