"""Shows what was promised and spent of every budget."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.console import RenderableType
from rich.text import Text

from cli.console import add_row, table
from touchpoint.rules.v1.rules_pb2 import BudgetAccount
from touchpoint.rules.v1.rules_service_pb2 import GetBudgetsResponse

_MICROS = 1_000_000


def as_json_budgets(found: GetBudgetsResponse) -> dict[str, Any]:
    """Return all of it; fields that are 0 or false stand there too."""
    told: dict[str, Any] = MessageToDict(found, always_print_fields_with_no_presence=True)
    return told


def budgets_shown(found: GetBudgetsResponse) -> RenderableType:
    """Return what is printed: a row for each budget, followed by its parts."""
    if not found.accounts:
        return Text("No offer has a budget: give one in its definition.")
    shown = table("offer", "for", "budget", "promised", "redeemed", "left")
    for account in found.accounts:
        add_row(
            shown,
            account.offer_id,
            _whom(account),
            _amount(account, account.most) if account.most else "no longer defined",
            _amount(account, account.held),
            _amount(account, account.spent),
            f"{_amount(account, account.left)}{', soft' if account.overcommit else ''}",
        )
    return shown


def _whom(account: BudgetAccount) -> str:
    if account.is_rest:
        return "all others"
    return account.segment or "everybody"


def _amount(account: BudgetAccount, amount: int) -> str:
    if not account.currency:
        return f"{amount:,}"
    return f"{amount / _MICROS:,.2f} {account.currency}"
