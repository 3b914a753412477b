"""Webhooks are checked as they are read, every mistake with its place."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

REST = """\
placements:
  - {placement: web.cart, channel: WEB, kinds: [CONTENT], limit: 3, default_offers: [help]}
offers:
  - {offer_id: help, kind: CONTENT, title: Help, is_default: true}
segments:
  - {segment: best, title: Best, when: "customer.value_tier == 'top'"}
webhooks:
"""
CRM = "  - {webhook: crm, url: https://crm.example.com/hook, events: [purchase]%s}\n"


def told(webhooks: str) -> list[tuple[int, str]]:
    found = check_definitions([DefinitionFile(path="all.yaml", text=REST + webhooks)])
    return [(each.line, each.message) for each in found.problems]


def test_a_good_webhook_has_no_problem_and_is_in_the_bundle() -> None:
    text = REST + CRM % ", identities: [email, customer], segments: [best]"
    found = check_definitions([DefinitionFile(path="all.yaml", text=text)])
    assert not found.problems
    assert found.bundle is not None
    [crm] = found.bundle.webhooks
    assert (crm.webhook, list(crm.events), list(crm.identities)) == (
        "crm",
        ["purchase"],
        ["email", "customer"],
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("crm,", "CRM,", "webhook must be a name in lower_snake_case, is 'CRM'"),
        ("https://crm", "http://crm", "url must begin with https://; http is only for this"),
        ("https://crm", "https://me:secret@crm", "url must hold no user and no password"),
        ("[purchase]", "[Purchase]", "must be a type of event in lower_snake_case, or *"),
        ("[purchase]", "[purchase, '*']", "* stands alone"),
        ("[purchase]", "[]", "a webhook needs events or segments"),
        ("[purchase]", "[purchase], identities: [cookie]", "must be one of customer, "),
        ("[purchase]", "[purchase], segments: [bets]", "there is no segment bets"),
        ("[purchase]", "[purchase], secret: abc", "unknown key secret"),
        ("url: https://crm.example.com/hook, ", "", "url is missing"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, message: str) -> None:
    assert old in CRM
    [(line, found)] = told((CRM % "").replace(old, new))
    assert line == 8
    assert message in found


def test_names_are_unique_and_there_are_not_too_many() -> None:
    assert told(CRM % "" + CRM % "") == [(9, "crm is defined twice")]
    many = "".join((CRM % "").replace("crm,", f"crm{n},") for n in range(17))
    assert told(many) == [(24, "is one webhook too many: at most 16 are allowed")]
