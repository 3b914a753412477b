"""What is tried on some people leaves alone what can only be so for everybody."""

from __future__ import annotations

import pytest

from services.rules.domain.budgets import WITHOUT_END, Account, Budget, OfferTerms, held_to
from services.rules.storage.definitions import InForce
from services.rules.trying import demand_counts_stay, trial_of
from shared.errors import FailedPrecondition
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.retrieval.v1.retrieval_pb2 import Offer
from touchpoint.rules.v1 import rules_pb2 as pb

ALL = pb.Bundle(
    bundle_hash="all",
    offers=[Offer(offer_id="spring", title="Spring")],
    offer_terms=[pb.OfferTerms(offer_id="spring", budget=pb.Budget(most=5))],
)


def dollars(amount: str) -> Money:
    return Money(amount=amount, currency="USD")


def in_money(each: str) -> pb.OfferTerms:
    return pb.OfferTerms(
        offer_id="spring", budget=pb.Budget(money=dollars("100"), each=dollars(each))
    )


def tried(bundle: pb.Bundle, active: pb.Bundle = ALL) -> None:
    bundle.bundle_hash = "tried"
    trial_of(bundle, active, 0.1, InForce(active.bundle_hash))


def refused(bundle: pb.Bundle, active: pb.Bundle = ALL) -> str:
    with pytest.raises(FailedPrecondition) as error:
        tried(bundle, active)
    return error.value.reason


def test_an_offer_that_everybody_has_cannot_be_another_for_some() -> None:
    edited = Offer(offer_id="spring", title="Summer")
    assert refused(pb.Bundle(offers=[edited])) == "TRIAL_CHANGES_OFFERS"
    tried(pb.Bundle(offers=[*ALL.offers, Offer(offer_id="summer")]))
    tried(pb.Bundle())


def test_a_budget_that_everybody_has_is_counted_in_the_same_units_for_some() -> None:
    five = pb.Bundle(offer_terms=[in_money("5")])
    assert refused(pb.Bundle(offer_terms=[in_money("5")])) == "TRIAL_COUNTS_OTHERWISE"
    assert refused(pb.Bundle(offer_terms=[in_money("7")]), five) == "TRIAL_COUNTS_OTHERWISE"
    tried(pb.Bundle(offer_terms=[in_money("5.00")]), five)
    tried(pb.Bundle(offer_terms=[pb.OfferTerms(offer_id="spring", budget=pb.Budget(most=9))]))
    tried(pb.Bundle(offer_terms=[pb.OfferTerms(offer_id="summer", budget=pb.Budget(most=9))]))
    tried(pb.Bundle(offer_terms=[pb.OfferTerms(offer_id="spring")]))


def mosts(own: Budget | None, house: Budget | None, *segments: str) -> dict[str, int]:
    budget = held_to(OfferTerms(budget=own), OfferTerms(budget=house))
    assert budget is not None
    return {account.name: account.most for account in budget.open_to(segments)}


def test_of_two_budgets_the_smaller_holds_account_by_account() -> None:
    house = Budget(60, parts=(Account("best", 20),))
    own = Budget(90, parts=(Account("best", 8),))
    assert mosts(own, house, "best") == {"": 60, "best": 8}
    assert mosts(own, house) == {"": 60, "*": 40}
    assert mosts(Budget(9), house, "best") == {"": 9}
    assert mosts(None, house, "best") == {"": 60, "best": 20}
    assert mosts(own, None, "best") == {"": 90, "best": 8}


def test_a_soft_budget_is_held_to_a_hard_one_and_holds_none() -> None:
    hard, soft = Budget(60), Budget(5, overcommit=True)
    assert mosts(soft, hard) == {"": 60}
    assert mosts(hard, soft) == {"": 60}
    assert mosts(soft, soft) == {"": WITHOUT_END}
    assert soft.within(hard).is_tight(7, {(7, ""): 60})
    assert not soft.within(hard).is_tight(7, {(7, ""): 59})


def test_what_was_taken_of_a_budget_is_never_read_in_another_currency() -> None:
    dollar, promises = pb.Bundle(offer_terms=[in_money("5")]), ALL
    euro = pb.Bundle(offer_terms=[in_money("5")])
    euro.offer_terms[0].budget.money.currency = "EUR"
    for before, after in ((dollar, euro), (dollar, promises), (promises, dollar)):
        with pytest.raises(FailedPrecondition) as error:
            demand_counts_stay(after, before, {"spring"})
        assert error.value.reason == "BUDGET_COUNTED_OTHERWISE"
        demand_counts_stay(after, before, {"summer"})
    more = pb.Bundle(offer_terms=[in_money("7")])
    for after in (more, dollar, pb.Bundle()):
        demand_counts_stay(after, dollar, {"spring"})
    demand_counts_stay(dollar, pb.Bundle(), {"spring"})
