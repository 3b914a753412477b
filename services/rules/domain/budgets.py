"""Budgets: what may be given away of an offer, as a whole and by segment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

WHOLE = ""
"""The account of the whole budget."""
REST = "*"
"""The account of what its parts leave to everybody in none of them."""
WITHOUT_END = 1 << 62

PROMISED_FOR_US = 30 * 86_400_000_000
"""What has neither an end nor a time for which it is promised is promised for so long."""

Taken = Mapping[tuple[int, str], int]
"""Held and spent so far, by offer number and account."""


@dataclass(frozen=True, slots=True)
class Account:
    """One count of a budget and what it may come to: promises, or millionths of money."""

    name: str
    most: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of one offer."""

    most: int
    each: int = 1
    """What one promise takes."""
    parts: tuple[Account, ...] = ()
    """What is kept for segments, by their names."""
    overcommit: bool = False
    currency: str = ""
    """Empty: counted in promises."""
    ceilings: tuple[Account, ...] = ()
    """What others allow of accounts by the same name; the smaller holds."""

    @property
    def rest(self) -> Account:
        return Account(REST, self.most - sum(part.most for part in self.parts))

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The whole, then its parts, then what they leave."""
        whole = Account(WHOLE, self.most)
        return (whole, *self.parts, self.rest) if self.parts else (whole,)

    def open_to(self, segments: Collection[str]) -> tuple[Account, ...]:
        """Return what a promise to somebody in these segments is taken of.

        Always of the first account, which is the whole; and where there are others, of the first
        of them that has room.
        """
        whole, *others = self.accounts
        if others:
            others = [part for part in self.parts if part.name in segments] or [self.rest]
        found = (whole, *others)
        if self.overcommit:
            found = found[:2]
        return self._limited(found)

    def has_room(self, offer_no: int, segments: Collection[str], taken: Taken) -> bool:
        """Return whether one more promise can be made to somebody in these segments."""
        whole, *others = self.open_to(segments)
        return self._fits(whole, offer_no, taken) and (
            not others or any(self._fits(account, offer_no, taken) for account in others)
        )

    def is_tight(self, offer_no: int, taken: Taken) -> bool:
        """Return whether one of its accounts is without room, so that it may be spent for some."""
        return not all(
            self._fits(account, offer_no, taken) for account in self._limited(self.accounts)
        )

    def within(self, house: Budget | None) -> Budget:
        """Return this budget, kept within what another one of the same offer allows as well."""
        if house is None or house.overcommit:
            return self
        return replace(self, ceilings=house.accounts)

    def _limited(self, accounts: Sequence[Account]) -> tuple[Account, ...]:
        """Return accounts with what they may come to in fact."""
        if not self.overcommit and not self.ceilings:
            return tuple(accounts)
        ceilings = {account.name: account.most for account in self.ceilings}
        return tuple(
            [
                Account(
                    account.name,
                    min(
                        WITHOUT_END if self.overcommit else account.most,
                        ceilings.get(account.name, WITHOUT_END),
                    ),
                )
                for account in accounts
            ]
        )

    def _fits(self, account: Account, offer_no: int, taken: Taken) -> bool:
        return taken.get((offer_no, account.name), 0) + self.each <= account.most


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """On what terms an offer is promised."""

    promise_us: int = 0
    """How long, beyond its own end if need be; 0: until the offer ends."""
    budget: Budget | None = None
    """None: without end."""


def held_to(own: OfferTerms | None, house: OfferTerms | None) -> Budget | None:
    """Return the budget of an offer for those who are decided by definitions of their own.

    `house` is what is in force for everybody else: what both limit may come to the smaller of the
    two, so neither is exceeded by them.
    """
    budget = own.budget if own is not None else None
    of_house = house.budget if house is not None else None
    return of_house if budget is None else budget.within(of_house)


@dataclass(frozen=True, slots=True)
class Spend:
    """What became of one account."""

    offer_no: int
    account: str
    held: int
    """Promised and not redeemed, reservations among them."""
    spent: int
    """Redeemed: spent for good."""


def taken_of(spends: Sequence[Spend]) -> Taken:
    """Return what is held or spent, by offer number and account."""
    return {(each.offer_no, each.account): each.held + each.spent for each in spends}
