"""On what terms offers were presented: each version of them, and from when on it was in force."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

_VERSION = attrgetter("version")
_SINCE = attrgetter("since_us")


@dataclass(frozen=True, slots=True)
class TermsVersion:
    """The terms of one offer from a version of the catalogue on, until they are others."""

    offer_no: int
    version: int
    """Of the catalogue. The same on all replicas, and so are the terms of an offer as of it."""
    since_us: int
    """When they came into force, as far as is known."""
    terms: bytes
    """A serialised PromisedTerms; equal for equal terms."""


class TermsBook:
    """The versions of the terms of offers that are known here."""

    def __init__(self) -> None:
        self._versions: dict[int, list[TermsVersion]] = {}

    def add(self, found: TermsVersion) -> bool:
        """Add a version; False where it is known or the same as the one before it.

        Replicas hear of a version at different times: it is in force since the first of them did.
        """
        known = self._versions.setdefault(found.offer_no, [])
        before = bisect_right(known, found.version, key=_VERSION) - 1
        if before >= 0 and known[before].terms == found.terms:
            if known[before].version == found.version:
                known[before] = min(known[before], found, key=_SINCE)
            return False
        insort(known, found, key=_VERSION)
        return True

    def as_of(self, offer_no: int, time_us: int) -> TermsVersion | None:
        """Return the terms that were in force at a time; of a time before all, the first."""
        known = self._versions.get(offer_no)
        if not known:
            return None
        in_force = [each for each in known if each.since_us <= time_us]
        return in_force[-1] if in_force else known[0]

    def changed_since(self, offer_no: int, time_us: int) -> TermsVersion | None:
        """Return the terms that were in force at a time, if they are others by now."""
        known = self._versions.get(offer_no)
        if not known or len(known) == 1:
            return None
        then = self.as_of(offer_no, time_us)
        return None if then is None or then.terms == known[-1].terms else then


class TermsStore(Protocol):
    """Keeps versions of terms for as long as promises are kept that were made under them."""

    async def all(self) -> Sequence[TermsVersion]:
        """Return all versions, by offer and version."""
        ...

    async def add(self, versions: Sequence[TermsVersion]) -> None:
        """Add versions, in their order; what is the same as the one before it is left out."""
        ...

    async def forget(self, before_us: int) -> int:
        """Delete versions that others followed before this and that no promise needs.

        Returns how many rows.
        """
        ...
