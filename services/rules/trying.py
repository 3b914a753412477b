"""Which definitions may be put in force for a share of people, beside the active ones."""

from __future__ import annotations

from collections.abc import Collection

from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.definitions import Policy
from services.rules.spending import HouseOf
from services.rules.storage.definitions import InForce
from shared.definitions import BundleFollower
from shared.errors import FailedPrecondition
from shared.money import to_micros
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.rules_pb2 import Budget, Bundle

_SHORT = 12


def house_of(bundles: BundleFollower[CompiledBundle]) -> HouseOf:
    """Return what tells of a bundle that is tried what is in force for everybody; else None."""

    def found(policy: Policy) -> Policy | None:
        is_tried = policy.bundle_hash == bundles.trial.bundle_hash
        return bundles.active.policy if is_tried else None

    return found


def trial_of(bundle: Bundle, active: Bundle, share: float, in_force: InForce) -> Trial:
    """Return the trial of a bundle for a share of people, below 1.

    The salt is the bundle's own hash: the trial keeps its people when it grows, and another trial
    has others. Raises `FailedPrecondition` where a trial of other definitions is under way, where
    the bundle is everybody's, where it lacks a placement that everybody may ask for, and where it
    says of an offer what can only be so for all: what the catalogue has, and what is counted.
    """
    running = in_force.trial
    if running is not None and running.bundle_hash != bundle.bundle_hash:
        raise FailedPrecondition(
            f"bundle {running.bundle_hash[:_SHORT]} is in force for {running.share * 100:g}% of the"
            " people: end that first (touchpoint rollback), or put it in force for everybody"
            " (touchpoint apply without --share)",
            reason="TRIAL_UNDER_WAY",
        )
    if bundle.bundle_hash == active.bundle_hash:
        raise FailedPrecondition(
            "these definitions are in force for everybody already: change something, or leave"
            " --share out",
            reason="TRIAL_OF_NOTHING",
        )
    _demand_placements(bundle, active)
    _demand_same_offers(bundle, active)
    _demand_same_counts(bundle, active)
    return Trial(bundle_hash=bundle.bundle_hash, share=share, salt=bundle.bundle_hash)


def _demand_placements(bundle: Bundle, active: Bundle) -> None:
    """Raise where a request would be refused to some, or on another channel, by the share alone."""
    channels = {placement.placement: placement.channel for placement in bundle.placements}
    wrong = [
        placement.placement
        for placement in active.placements
        if channels.get(placement.placement) != placement.channel
    ]
    if wrong:
        raise FailedPrecondition(
            f"{', '.join(wrong)}: missing, or on another channel than in the definitions in force;"
            " a share of people must be able to ask for what everybody may ask for. Keep the"
            " placement, or apply without --share",
            reason="TRIAL_LACKS_PLACEMENTS",
        )


def _demand_same_offers(bundle: Bundle, active: Bundle) -> None:
    """Raise where an offer would be another one: the catalogue has it once, for everybody."""
    known = {offer.offer_id: offer for offer in active.offers}
    changed = [
        offer.offer_id
        for offer in bundle.offers
        if offer.offer_id in known and offer != known[offer.offer_id]
    ]
    if changed:
        raise FailedPrecondition(
            f"{', '.join(changed)}: an offer is the same for everybody. Give what a share of people"
            " is to see an id of its own, or apply without --share",
            reason="TRIAL_CHANGES_OFFERS",
        )


def demand_counts_stay(bundle: Bundle, active: Bundle, taken: Collection[str]) -> None:
    """Raise where what was taken of a budget would be read in another currency.

    `taken` are the offers of whose budgets something is held or spent.
    """
    known = _currencies(active)
    changed = [
        offer_id
        for offer_id, currency in _currencies(bundle).items()
        if offer_id in taken and known.get(offer_id, currency) != currency
    ]
    if changed:
        raise FailedPrecondition(
            f"{', '.join(changed)}: something was taken of the budget already, and it would be read"
            " in another currency, or as promises. Keep what it is counted in, or give the offer"
            " an id of its own",
            reason="BUDGET_COUNTED_OTHERWISE",
        )


def _currencies(bundle: Bundle) -> dict[str, str]:
    """Return what each budget is counted in, by the offer's id; empty for promises."""
    return {
        terms.offer_id: terms.budget.money.currency
        for terms in bundle.offer_terms
        if terms.HasField("budget")
    }


def _demand_same_counts(bundle: Bundle, active: Bundle) -> None:
    """Raise where one count would be kept in two units."""
    known = {
        terms.offer_id: _unit(terms.budget)
        for terms in active.offer_terms
        if terms.HasField("budget")
    }
    changed = [
        terms.offer_id
        for terms in bundle.offer_terms
        if terms.HasField("budget")
        and known.get(terms.offer_id, _unit(terms.budget)) != _unit(terms.budget)
    ]
    if changed:
        raise FailedPrecondition(
            f"{', '.join(changed)}: a budget is counted once for everybody, in promises or in one"
            " currency and by the same each. Keep these, or apply without --share",
            reason="TRIAL_COUNTS_OTHERWISE",
        )


def _unit(budget: Budget) -> tuple[str, int]:
    """Return what a budget is counted in, empty for promises, and what each takes of it."""
    each = to_micros(budget.each.amount) if budget.HasField("each") else 1
    return budget.money.currency, each
