"""Budgets are shown with whom they are for, in promises or in money."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from cli.showing.budgets import as_json_budgets, budgets_shown
from touchpoint.rules.v1.rules_pb2 import BudgetAccount
from touchpoint.rules.v1.rules_service_pb2 import GetBudgetsResponse


def printed(*accounts: BudgetAccount) -> list[list[str]]:
    """Return the words of each line."""
    text = StringIO()
    Console(width=120, file=text).print(budgets_shown(GetBudgetsResponse(accounts=accounts)))
    return [line.split() for line in text.getvalue().splitlines()]


def test_a_budget_is_shown_with_its_parts_and_what_they_leave() -> None:
    lines = printed(
        BudgetAccount(offer_id="spring", most=1000, held=20, spent=5, left=975),
        BudgetAccount(offer_id="spring", segment="best", most=600, left=600),
        BudgetAccount(offer_id="spring", is_rest=True, most=400, held=20, spent=5, left=375),
    )
    assert ["spring", "everybody", "1,000", "20", "5", "975"] in lines
    assert ["spring", "best", "600", "0", "0", "600"] in lines
    assert ["spring", "all", "others", "400", "20", "5", "375"] in lines


def test_money_is_shown_as_money_and_a_soft_budget_as_soft() -> None:
    money = BudgetAccount(
        offer_id="spring", currency="USD", most=5_000_000, spent=7_500_000, overcommit=True
    )
    lines = printed(money)
    amounts = ["5.00", "USD", "0.00", "USD", "7.50", "USD", "0.00", "USD,", "soft"]
    assert ["spring", "everybody", *amounts] in lines


def test_without_a_budget_it_says_how_to_give_one() -> None:
    [line] = printed()
    assert line[:4] == ["No", "offer", "has", "a"]


def test_machines_are_told_every_number() -> None:
    found = GetBudgetsResponse(accounts=[BudgetAccount(offer_id="spring", most=1)])
    [account] = as_json_budgets(found)["accounts"]
    assert (account["offerId"], account["most"], account["held"]) == ("spring", "1", "0")
