"""What promises and budgets are tested with: drafts, and a plain account of what must come."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.rules.domain.budgets import Budget
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.drafts import DecisionDraft
from services.rules.domain.ledger import Ledger
from services.rules.domain.promises import LATE_US, WantedPromise
from tests.contract.rules.ledger_kit import DAY, NOW, draft

PROMOTION = 11


def wanted(
    offer_no: int = PROMOTION,
    budget: Budget | None = None,
    *segments: str,
    at_decision: bool = True,
    expires_us: int = NOW + 14 * DAY,
) -> WantedPromise:
    if budget is None:
        return WantedPromise(offer_no, at_decision, expires_us)
    return WantedPromise(offer_no, at_decision, expires_us, budget.each, budget.open_to(segments))


def promising(
    decision_id: str, *promises: WantedPromise, persons: tuple[str, ...] = ("ann",), **more: object
) -> DecisionDraft:
    asked = {"asked": repr((decision_id, promises)).encode(), "promises": promises}
    return draft(decision_id, persons=persons, **{**asked, **more})


async def promised(ledger: Ledger, *persons: str, now_us: int = NOW) -> list[int]:
    found = await ledger.promises(persons or ("ann",), now_us)
    return sorted(each.offer_no for each in found)


async def spend(ledger: Ledger, offer_no: int = PROMOTION) -> dict[str, tuple[int, int]]:
    """Return what is held and spent of an offer, by account; what is nothing is left out."""
    return {
        each.account: (each.held, each.spent)
        for each in await ledger.budgets()
        if each.offer_no == offer_no and (each.held or each.spent)
    }


@dataclass
class Row:
    """One promise as the oracle sees it."""

    person: str
    part: str
    until_us: int
    state: str = "reserved"

    @property
    def is_open(self) -> bool:
        return self.state in ("reserved", "made")


@dataclass
class Oracle:
    """One budget as a list of promises: slow, plain, and right by its looks."""

    budget: Budget
    rows: list[Row] = field(default_factory=list)

    def commit(self, person: str, segments: tuple[str, ...], now_us: int) -> bool:
        """Return whether somebody is, or already was, promised what has this budget."""
        for row in self._open(person):
            if row.state == "reserved":
                row.until_us = now_us + LAPSE_US
            return True
        part = self._part(segments)
        if part is None or self._taken() + self.budget.each > self.budget.most:
            return False
        self.rows.append(Row(person, part, now_us + LAPSE_US))
        return True

    def see(self, person: str, expires_us: int) -> None:
        for row in self._open(person):
            row.state, row.until_us = "made", expires_us + LATE_US

    def answer(self, person: str, state: str) -> None:
        for row in self._open(person):
            row.state = state

    def lapse(self, now_us: int) -> None:
        for row in self.rows:
            if row.is_open and row.until_us <= now_us:
                row.state = "lapsed"

    def accounts(self) -> dict[str, tuple[int, int]]:
        """Return what is held and spent by account; what is nothing is left out."""
        found: dict[str, tuple[int, int]] = {}
        for row in self.rows:
            if row.is_open or row.state == "redeemed":
                for name in ("", row.part):
                    held, spent = found.get(name, (0, 0))
                    each = self.budget.each
                    found[name] = (held + each * row.is_open, spent + each * (not row.is_open))
        return found

    def _open(self, person: str) -> list[Row]:
        return [row for row in self.rows if row.person == person and row.is_open]

    def _taken(self, part: str | None = None) -> int:
        return self.budget.each * sum(
            (row.is_open or row.state == "redeemed") and part in (None, row.part)
            for row in self.rows
        )

    def _part(self, segments: tuple[str, ...]) -> str | None:
        theirs = [part for part in self.budget.parts if part.name in segments]
        for part in theirs or [self.budget.rest]:
            if self._taken(part.name) + self.budget.each <= part.most:
                return part.name
        return None
