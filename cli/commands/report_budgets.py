"""`touchpoint report budgets`: what was promised and spent of every budget."""

from __future__ import annotations

from cli.calling import call, service
from cli.console import people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.budgets import as_json_budgets, budgets_shown
from touchpoint.rules.v1.rules_service_pb2 import GetBudgetsRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub


def budgets(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show of every budget what is promised, what was redeemed and what is left, part by part.

    Promised is what people have and did not redeem yet, and what is just being shown to them. It
    comes back when it is declined, not seen or expires; redeemed is spent for good.

    Example: touchpoint report budgets
    """
    with service("rules", home) as channel:
        found = call(RulesServiceStub(channel).GetBudgets, GetBudgetsRequest())
    if as_json:
        say_json(as_json_budgets(found))
    else:
        people.print(budgets_shown(found))
