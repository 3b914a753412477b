"""Promises and budgets of offers: what is read of them, and every mistake told at its place."""

from __future__ import annotations

from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions, compile_policy
from services.rules.definitions.files import read_folder
from services.rules.domain.budgets import REST, Account, Budget
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

DAY_US = 86_400_000_000
SEGMENTS = """\
segments:
  - {segment: best, when: customer.frequency > 9}
  - {segment: alike, when: customer.frequency > 5}
"""


def problems(*lines: str) -> list[tuple[int, int, str]]:
    """Check the shipped definitions with one offer more, whose lines these are."""
    files = [*read_folder(shipped_definitions()), *own(*lines)]
    found = check_definitions(files).problems
    return [(each.line, each.column, each.message) for each in found if each.path == "own.yaml"]


def own(*lines: str) -> list[DefinitionFile]:
    offer = "\n".join(f"    {line}" for line in lines)
    text = f"offers:\n  - offer_id: mine\n    title: Mine\n{offer}\n"
    return [
        DefinitionFile(path="own.yaml", text=text),
        DefinitionFile(path="own_segments.yaml", text=SEGMENTS),
    ]


def test_terms_are_read_as_they_are_decided_by() -> None:
    parts = "parts: [{segment: best, money: 60 USD}, {segment: alike, money: 30 USD}]"
    budget = f"budget: {{money: 100 USD, each: 5 USD, {parts}}}"
    files = [*read_folder(shipped_definitions()), *own("kind: PROMOTION", "promise: 14d", budget)]
    bundle = check_definitions(files).bundle
    assert bundle is not None
    terms = compile_policy(bundle).policy.terms["mine"]
    assert terms.promise_us == 14 * DAY_US
    assert terms.budget == Budget(
        100_000_000,
        5_000_000,
        (Account("best", 60_000_000), Account("alike", 30_000_000)),
        currency="USD",
    )
    assert terms.budget.rest == Account(REST, 10_000_000)


def test_a_budget_of_nothing_or_less_is_told_with_its_place() -> None:
    for most in ("0", "-1", "1.5", "many"):
        [(line, column, message)] = problems("kind: PROMOTION", f"budget: {{most: {most}}}")[:1]
        assert (line, column) == (5, 20)
        assert message.startswith("most must be a whole number from 1")
    for money in ("0 USD", "-5 USD", "5"):
        found = problems("kind: PROMOTION", f"budget: {{money: {money}, each: 1 USD}}")
        assert (found[0][0], found[0][1]) == (5, 21)


def test_all_mistakes_of_a_budget_are_told_at_once() -> None:
    found = problems(
        "kind: PROMOTION",
        "budget:",
        "  most: 10",
        "  parts:",
        "    - {segment: best, most: 8}",
        "    - {segment: best, most: 1}",
        "    - {segment: nobody, most: 9}",
    )
    said = [message.partition(";")[0] for _, _, message in found]
    assert said == [
        "the parts are more than the whole budget",
        "segment best has two parts",
        "there is no segment nobody",
    ]
    assert [line for line, _, _ in found] == [8, 9, 10]


def test_only_a_promotion_that_is_no_default_has_terms() -> None:
    terms = ("promise: 1d", "budget: {most: 5}")
    content = problems("kind: CONTENT", *terms)
    assert [line for line, _, _ in content] == [5, 6]
    assert all("only a PROMOTION" in message for _, _, message in content)
    default = problems("kind: PROMOTION", "is_default: true", *terms)
    assert [line for line, _, _ in default] == [6, 7]
    assert all("a default offer has no" in message for _, _, message in default)


def test_a_promise_of_no_time_and_money_without_a_price_are_refused() -> None:
    [(line, _, message)] = problems("kind: PROMOTION", "promise: 0d")
    assert (line, message) == (5, "promise lasts no time: nobody could redeem it")
    [(_, _, message)] = problems("kind: PROMOTION", "budget: {money: 10 USD}")
    assert "go together" in message
    [(_, _, message)] = problems("kind: PROMOTION", "budget: {money: 10 USD, each: 11 USD}")
    assert message == "one promise takes more than the whole budget"
    [(_, _, message)] = problems("kind: PROMOTION", "budget: {overcommit: true}")
    assert "either most" in message
