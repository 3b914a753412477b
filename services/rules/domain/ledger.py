"""The port of the contact ledger and the decisions: what is asked of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from services.rules.domain.budgets import Spend
from services.rules.domain.changes import Change
from services.rules.domain.counters import Contact
from services.rules.domain.drafts import CommitResult, DecisionDraft, Reservation
from services.rules.domain.facts import CheckFacts, LoggedContact, StoredDecision
from services.rules.domain.promises import OpenPromise
from services.rules.domain.standing import StandingKey


class Ledger(Protocol):
    """Contacts, decisions and what stands. All writes may be repeated."""

    async def check_facts(
        self, person_ids: Sequence[str], key: StandingKey, since_us: int, now_us: int
    ) -> CheckFacts:
        """Return what one read tells of a known person; contacts from `since_us` on."""
        ...

    async def facts_by_identity(
        self, identity_keys: Sequence[bytes], since_us: int, declined_since_us: int, now_us: int
    ) -> CheckFacts:
        """Return what is known of whom the strongest pseudonym leads to; nothing stands."""
        ...

    async def facts_as_of(
        self, person_ids: Sequence[str], since_us: int, then_us: int, without_decision: str
    ) -> CheckFacts:
        """Return what `check_facts` would have told then, but for what one decision itself made.

        Nothing stands. What the ledger does not know: since when a contact is confirmed, or a
        promise seen (both count as if from the beginning); that a contact was told of later than
        it was made (it counts from then), or was held longer than at first; when one was released
        (it never counts). Promises that ended before `ended_us` was noted never held.
        """
        ...

    async def persons_of(self, identity_keys: Sequence[bytes]) -> tuple[str, ...]:
        """Return the set that the strongest known pseudonym leads to, oldest first."""
        ...

    async def commit(self, draft: DecisionDraft) -> CommitResult:
        """Write all of a decision in one transaction, or nothing and say what was refused."""
        ...

    async def reserve(self, reservation: Reservation) -> bool:
        """Reserve a contact; the same id is answered the same.

        Raises PermissionDenied where the contact is somebody else's, whatever became of it. For
        pseudonyms that lead to nobody it waits until a change tells who it is; where the only ones
        known fit several people nothing is granted.
        """
        ...

    async def release(
        self,
        contact_id: str,
        now_us: int,
        *,
        unless_confirmed: bool = False,
        released_by: str = "",
    ) -> bool:
        """Give a contact back; False when it was not held, or is confirmed and so to stay.

        Raises PermissionDenied where it is not of who releases it; empty: who may release all.
        """
        ...

    async def contacts(
        self, person_ids: Sequence[str], since_us: int, now_us: int
    ) -> tuple[Contact, ...]:
        """Return the contacts that count."""
        ...

    async def contacts_of_many(
        self, person_ids: Sequence[str], since_us: int, now_us: int
    ) -> Mapping[str, Sequence[Contact]]:
        """Return the contacts that count, by the person they are written under."""
        ...

    async def declines_of_many(
        self, person_ids: Sequence[str], since_us: int
    ) -> Mapping[str, Sequence[int]]:
        """Return when offers were turned down since then, by person."""
        ...

    async def declined_us(self, person_ids: Sequence[str], since_us: int) -> tuple[int, ...]:
        """Return when offers were turned down since then, the latest of each."""
        ...

    async def promises(self, person_ids: Sequence[str], now_us: int) -> tuple[OpenPromise, ...]:
        """Return the promises that hold for a set of persons, the latest first."""
        ...

    async def budgets(self) -> tuple[Spend, ...]:
        """Return what is held and spent of every budget, by offer and account."""
        ...

    async def lapse(self, now_us: int) -> int:
        """Let promises lapse whose time ran out, a slice; gives back what they held.

        Returns how many lapsed.
        """
        ...

    async def lapse_and_count(self, now_us: int) -> tuple[Spend, ...]:
        """Let lapse all promises whose time ran out, and return the budgets after it."""
        ...

    async def decision(self, decision_id: str) -> StoredDecision | None: ...

    async def notices(self, decision_ids: Sequence[str]) -> Sequence[bytes]:
        """Return the serialised DecisionNotices of those decisions that are kept, in any order."""
        ...

    async def latest_decisions(
        self, person_ids: Sequence[str], limit: int
    ) -> Sequence[StoredDecision]:
        """Return the newest decisions for a set of persons, newest first."""
        ...

    async def decisions_after(self, position: int, limit: int) -> tuple[int, Sequence[bytes]]:
        """Return the position after a slice of the log and its serialised DecisionNotices."""
        ...

    async def contacts_after(self, position: int, limit: int) -> Sequence[LoggedContact]: ...

    async def erase(self, person_ids: Sequence[str], identity_keys: Sequence[bytes]) -> int:
        """Delete everything of these persons; returns how many rows."""
        ...

    def export(
        self, person_ids: Sequence[str], identity_keys: Sequence[bytes]
    ) -> AsyncIterator[tuple[str, list[str]]]:
        """Yield all that is kept of these persons: a table, and some of its rows as JSON."""
        ...

    async def forget(self, now_us: int, longest_window_us: int) -> int:
        """Delete what is kept no longer, a slice of it; returns how many rows."""
        ...

    async def note(self, changes: Sequence[Change]) -> None:
        """Bring changes to effect, in order; each may be told again."""
        ...
