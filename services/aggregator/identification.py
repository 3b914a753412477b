"""Turns the identities of a request into what the services behind the edge may know of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.aggregator.pipeline.question import Named
from shared.callers.visitors import ForgedVisitorError, VisitorIds
from shared.errors import FieldViolation, InvalidArgument
from shared.privacy import STRENGTH, IdentityError, identity_key, normalise
from shared.unsubscribing import Unsubscribing
from touchpoint.common.v1.identity_pb2 import Identity, IdentityKey

VISITOR = "visitor"


class Identification:
    """Normalises identities and gives them their pseudonyms."""

    def __init__(self, deployment_key: bytes, region: str) -> None:
        """Take the key of the pseudonyms, and where numbers without country code are dialled."""
        self._key = deployment_key
        self.links = Unsubscribing(deployment_key)
        """Links in messages, which say whom they are about under the same key."""
        self.visitors = VisitorIds(deployment_key)
        """Visitors that were issued here, to whom the same key gives a signature."""
        self._region = region

    def one(self, identity: Identity) -> tuple[str, IdentityKey]:
        """Return the normal value and its pseudonym; raises IdentityError telling what is wrong.

        A visitor that was issued here is known by the id alone, whether or not its signature comes
        with it; a signature that is not ours is refused.
        """
        kind, value = identity.kind, normalise(identity.kind, identity.value, self._region)
        if kind == VISITOR:
            try:
                value = self.visitors.id_of(value)
            except ForgedVisitorError as error:
                raise IdentityError(str(error)) from None
        return value, IdentityKey(kind=kind, key=identity_key(self._key, kind, value))

    def named(self, identities: Iterable[Identity], confirmed_person_id: str = "") -> Named:
        """Return who is meant, each once, strongest first; InvalidArgument with every mistake."""
        read: dict[bytes, tuple[Identity, IdentityKey, int]] = {}
        wrong: list[FieldViolation] = []
        for at, identity in enumerate(identities):
            try:
                value, key = self.one(identity)
            except IdentityError as error:
                wrong.append(FieldViolation(f"identities[{at}].value", str(error)))
            else:
                read.setdefault(key.key, (Identity(kind=identity.kind, value=value), key, at))
        if wrong:
            raise InvalidArgument(wrong)
        ordered = sorted(read.values(), key=lambda found: STRENGTH[found[0].kind])
        return Named(
            [identity for identity, _, _ in ordered],
            [key for _, key, _ in ordered],
            [at for _, _, at in ordered],
            confirmed_person_id,
        )


def owner_of(keys: Sequence[IdentityKey]) -> bytes:
    """Return for whom a browser speaks: the visitor, else the customer; all were proved before."""
    visitors = (each.key for each in keys if each.kind == VISITOR)
    return next(visitors, keys[0].key)
