"""Budgets in memory: who finds nothing left of an offer, as of less than a second ago."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence

from services.rules.domain.budgets import (
    REST,
    WHOLE,
    Account,
    Budget,
    Spend,
    Taken,
    held_to,
    taken_of,
)
from services.rules.domain.definitions import Policy
from services.rules.domain.ledger import Ledger
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.rules.v1.rules_pb2 import BudgetAccount

_EVERY_S = 0.8
HouseOf = Callable[[Policy], Policy | None]
log = get_logger(__name__)


async def offers_taken_of(ledger: Ledger, catalogue: Catalogue) -> frozenset[str]:
    """Return the ids of the offers of whose budgets something is held or spent."""
    ids = catalogue.offer_ids
    nos = {each.offer_no for each in await ledger.budgets() if each.held or each.spent}
    return frozenset(ids[no] for no in nos if no < len(ids))


class Spending:
    """Keeps a copy of the counts, and lets promises lapse whose time ran out.

    Check leaves out by it what there is nothing left of. It may be behind; Commit decides.
    """

    def __init__(
        self,
        ledger: Ledger,
        catalogue: Catalogue,
        clock: BusinessClock,
        house_of: HouseOf = lambda policy: None,
    ) -> None:
        """`house_of` tells of definitions for a share of people what holds for everybody else."""
        self._ledger = ledger
        self._catalogue = catalogue
        self._clock = clock
        self._house_of = house_of
        self._taken: Taken = {}
        self._tight: dict[str, list[tuple[int, Budget]]] = {}
        """By bundle: the budgets that may be spent for somebody."""

    async def run(self) -> None:
        """Keep up for ever; a background task of every replica."""
        while True:
            try:
                await self.keep_up()
            except TouchpointError as error:
                log.warning("budgets_not_read", reason=error.reason)
            await asyncio.sleep(_EVERY_S)

    async def keep_up(self) -> None:
        """Let lapse what is due, and read the counts."""
        self._taken = taken_of(await self._ledger.lapse_and_count(self._clock.now_us()))
        self._tight.clear()

    def spent_for(
        self, policy: Policy, segments: Collection[str], theirs: Collection[int]
    ) -> list[int]:
        """Return the offers there is nothing left of for somebody in these segments.

        `theirs` are promised to them or reserved for them, and so taken already.
        """
        return [
            offer_no
            for offer_no, budget in self._tight_ones(policy)
            if offer_no not in theirs and not budget.has_room(offer_no, segments, self._taken)
        ]

    async def accounts(self, policy: Policy) -> list[BudgetAccount]:
        """Return what became of all budgets: those of the policy, then those that are no more."""
        spends = {(each.offer_no, each.account): each for each in await self._ledger.budgets()}
        found = []
        for offer_no, budget in self._budgets(policy):
            for account in budget.accounts:
                nothing = Spend(offer_no, account.name, 0, 0)
                spend = spends.pop((offer_no, account.name), nothing)
                found.append(self._account(spend, account, budget))
        gone = [spend for _, spend in sorted(spends.items()) if spend.held or spend.spent]
        none = Budget(0)
        return [*found, *(self._account(each, Account(each.account, 0), none) for each in gone)]

    def _account(self, spend: Spend, account: Account, budget: Budget) -> BudgetAccount:
        is_rest = account.name == REST
        return BudgetAccount(
            offer_id=self._catalogue.offer_ids[spend.offer_no],
            segment=WHOLE if is_rest else account.name,
            is_rest=is_rest,
            currency=budget.currency,
            most=account.most,
            held=spend.held,
            spent=spend.spent,
            left=max(account.most - spend.held - spend.spent, 0),
            overcommit=budget.overcommit,
        )

    def _tight_ones(self, policy: Policy) -> Sequence[tuple[int, Budget]]:
        known = self._tight.get(policy.bundle_hash)
        if known is None:
            known = self._tight[policy.bundle_hash] = [
                (offer_no, budget)
                for offer_no, budget in self._budgets(policy)
                if budget.is_tight(offer_no, self._taken)
            ]
        return known

    def _budgets(self, policy: Policy) -> list[tuple[int, Budget]]:
        """Return the budgets by offer number, of the offers that the catalogue has."""
        own, house = policy.terms, self._house_of(policy)
        others = house.terms if house is not None else {}
        found = []
        for name in own.keys() | others.keys():
            budget = held_to(own.get(name), others.get(name))
            if budget is not None and (number := self._catalogue.offer_no(name)):
                found.append((number, budget))
        return sorted(found, key=lambda pair: pair[0])
