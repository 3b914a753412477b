"""The person's snapshot: bounded where it is made, decoded once where it is read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from google.protobuf.message import Message

from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

Scalar = TypeVar("Scalar", bound=np.generic)

BOUNDS = {
    "owned": 4000,
    "declined": 500,
    "disliked": 200,
    "cart": 100,
    "recent": 50,
}
"""Longest column of each part; the first are kept, so parts are made newest first."""
AFFINITIES = 64
SESSION_ITEMS = 20


def encode(snapshot: PersonSnapshot) -> bytes:
    """Cut a snapshot to its bounds, in place, and serialise it."""
    for part, longest in BOUNDS.items():
        if snapshot.HasField(part):  # type: ignore[arg-type]
            _cut(getattr(snapshot, part), longest)
    if snapshot.HasField("traits"):
        _cut(snapshot.traits, AFFINITIES)
    if snapshot.HasField("session"):
        _cut(snapshot.session, SESSION_ITEMS)
    return snapshot.SerializeToString()


def _cut(part: Message, longest: int) -> None:
    for field, value in part.ListFields():
        if field.is_repeated:
            del value[longest:]


class Snapshot:
    """A decoded snapshot; its columns become arrays when first asked for.

    `message` is the proto itself. Nobody known is a snapshot too, with everything empty.
    """

    def __init__(self, message: PersonSnapshot) -> None:
        self.message = message

    @classmethod
    def decode(cls, data: bytes) -> Snapshot:
        """Decode what profile made; no bytes mean that nobody is known."""
        return cls(PersonSnapshot.FromString(data))

    @property
    def is_known(self) -> bool:
        return bool(self.message.person_ids)

    @property
    def person_ids(self) -> Sequence[str]:
        """The set of persons, oldest first."""
        return self.message.person_ids

    @cached_property
    def owned_family_nos(self) -> npt.NDArray[np.uint32]:
        """Families bought and kept, most recently bought first."""
        return _column(self.message.owned.family_nos, np.uint32)

    @cached_property
    def owned_last_us(self) -> npt.NDArray[np.int64]:
        """When each was last bought, microseconds since 1970, whole minutes."""
        return _column(self.message.owned.last_minutes, np.int64) * 60_000_000

    @cached_property
    def owned_times(self) -> npt.NDArray[np.uint32]:
        """On how many days each was bought."""
        return _column(self.message.owned.times, np.uint32)

    @cached_property
    def owned_cycle_days(self) -> npt.NDArray[np.float32]:
        """Median days between purchases of each; 0: fewer than three purchases."""
        return _column(self.message.owned.cycle_days, np.float32)

    @cached_property
    def declined_offer_nos(self) -> npt.NDArray[np.uint32]:
        """Offers turned down, newest first."""
        return _column(self.message.declined.offer_nos, np.uint32)

    @cached_property
    def declined_family_nos(self) -> npt.NDArray[np.uint32]:
        """The family of each."""
        return _column(self.message.declined.family_nos, np.uint32)

    @cached_property
    def declined_us(self) -> npt.NDArray[np.int64]:
        """When each was turned down, microseconds since 1970."""
        return _column(self.message.declined.times_us, np.int64)

    @cached_property
    def disliked_family_nos(self) -> npt.NDArray[np.uint32]:
        return _column(self.message.disliked.family_nos, np.uint32)

    @cached_property
    def cart_offer_nos(self) -> npt.NDArray[np.uint32]:
        return _column(self.message.cart.offer_nos, np.uint32)

    @cached_property
    def session_offer_nos(self) -> npt.NDArray[np.uint32]:
        """Items looked at in the session, newest first."""
        return _column(self.message.session.offer_nos, np.uint32)

    @cached_property
    def segments(self) -> frozenset[str]:
        return frozenset(self.message.segments)

    @cached_property
    def consents(self) -> frozenset[str]:
        return frozenset(self.message.consents)

    @cached_property
    def refusals(self) -> frozenset[str]:
        return frozenset(self.message.refusals)

    def consents_to(self, purpose: str, channel: str) -> bool:
        """Return whether a purpose is consented to on a channel (`EMAIL`).

        A refusal outranks: of the purpose on any channel, of the channel on that one.
        """
        there = f"{purpose}:{channel}"
        if purpose in self.refusals or there in self.refusals:
            return False
        return purpose in self.consents or there in self.consents


def _column(values: Sequence[float], dtype: type[Scalar]) -> npt.NDArray[Scalar]:
    return np.fromiter(values, dtype, len(values))
