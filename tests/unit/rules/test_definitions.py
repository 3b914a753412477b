"""Definitions are read with every mistake and its place, and named by what they say."""

from __future__ import annotations

import pytest

from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions, compile_policy
from services.rules.definitions.files import read_folder
from shared.conditions.values import UNLIMITED, allowance, duration, parameter
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

GOOD = """\
parameters:
  declined_for: 30d
  contacts.marketing: 3 per 7d
placements:
  - placement: web.home.banner
    channel: WEB
    kinds: [PRODUCT, CONTENT]
    limit: 3
    default_offers: [default.help]
offers:
  - {offer_id: default.help, kind: CONTENT, title: Help, is_default: true}
contact_limits:
  - {policy: marketing, limit: "${contacts.marketing}"}
rules:
  - name: sold_out
    code: OUT_OF_STOCK
    level: APPLICABILITY
    remove_when: offer.stock == 0
"""


def _joined(word: str, times: int) -> str:
    """Return a word joined to itself, as a tree because CEL takes no long chain."""
    half = times // 2
    return f"({_joined(word, half)} + {_joined(word, half)})" if half else word


def checked(text: str, path: str = "all.yaml"):
    return check_definitions([DefinitionFile(path=path, text=text)])


def mistakes(text: str) -> list[tuple[int, int, str]]:
    return [(each.line, each.column, each.message) for each in checked(text).problems]


def test_good_definitions_have_no_problem_and_a_name() -> None:
    found = checked(GOOD)
    assert not found.problems
    assert found.bundle is not None
    assert len(found.bundle.bundle_hash) == 64
    [limit] = found.bundle.contact_limits
    assert (limit.at_most, limit.within.seconds) == (3, 7 * 86_400)


def test_comments_and_files_do_not_change_the_name_but_content_does() -> None:
    first = checked(GOOD).bundle
    remarked = checked("# a remark\n" + GOOD, "elsewhere.yaml").bundle
    changed = checked(GOOD.replace("30d", "31d")).bundle
    assert first is not None
    assert remarked is not None
    assert changed is not None
    assert first.bundle_hash == remarked.bundle_hash != changed.bundle_hash


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "message"),
    [
        ("    limit: 3", "    limt: 3", 8, 5, "unknown key limt; did you mean limit?"),
        ("channel: WEB", "channel: WEP", 6, 14, "channel must be one of"),
        ("limit: 3\n", "limit: 51\n", 8, 12, "whole number from 1 to 50"),
        ("name: sold_out", "name: ''", 15, 11, "name must not be empty"),
        ("offer.stock == 0", "offer.stok == 0", 18, 23, "undefined field 'stok'"),
        ("offer.stock == 0", "offer.stock", 18, 18, "must be true or false, is INT"),
        ("offer.stock == 0", "offer.stock == 0.5", 18, 30, "no matching overload"),
        ("offer.stock == 0", "item.xyz == 0", 18, 22, "undefined field 'xyz'"),
        ("offer.stock == 0", "item.brand == 3", 18, 29, "no matching overload"),
        ("offer.stock == 0", "item.is_consumable + 1 > 0", 18, 37, "no matching overload"),
        ("offer.stock == 0", "item.attributes.size", 18, 18, "must be true or false, is STRING"),
        ("${contacts.marketing}", "${contacts.marketin}", 13, 32, "there is no parameter"),
        ("${contacts.marketing}", "three a week", 13, 32, "is no allowance"),
        ("rules:", "rulez:", 14, 1, "unknown section rulez; did you mean rules?"),
        ("[default.help]", "[default.hlp]", 9, 21, "did you mean default.help?"),
        (", is_default: true", "", 9, 21, "must be is_default: true"),
        ("is_default: true", "is_default: true, starts_time: 2026-01-01", 11, 89, "no starts_time"),
        (
            "is_default: true",
            "is_default: true, attributes: {min_age: '18'}",
            11,
            88,
            "may not have min_age",
        ),
        (
            "is_default: true",
            "is_default: true, attributes: {contact_policy: service}",
            11,
            88,
            "under no contact limit",
        ),
        ("is_default: true", "is_default: true, channels: [EMAIL]", 9, 21, "is not for WEB"),
        ("is_default: true", "is_default: true, is_journey_only: true", 11, 93, "for everybody"),
        ("kind: CONTENT", "kind: SURVEY", 11, 36, "no SURVEY"),
        ("[default.help]", "[]", 9, 21, "a placement needs a default offer"),
        ("    code: OUT_OF_STOCK\n", "", 17, 18, "needs a code to tell"),
        ("level: APPLICABILITY", "mode: shadow", 17, 11, "must be one of ENFORCED, SHADOW"),
        ("level: APPLICABILITY", "texts: {DE: Nein.}", 17, 12, "'DE' is no language"),
        ("channel: WEB", "channel: WEB\n    channel: APP", 7, 5, "channel is given twice"),
        ("  declined_for: 30d", "  Declined: 30d", 2, 3, "is no name"),
        ("declined_for: 30d", "declined_for: 30", 2, 17, "declined_for: '30' is no duration"),
        ("declined_for: 30d", "sticky: half an hour", 2, 11, "is no duration"),
        ("declined_for: 30d", "holdout: 120%", 2, 12, "is no share"),
        ("declined_for: 30d", "assurance.phone: SURE", 2, 20, "is no assurance"),
        ("declined_for: 30d", "assurance.face: CLAIMED", 2, 19, "no such kind of identity"),
        ("declined_for: 30d", "contact_cost.fax: 0.10", 2, 21, "there is no such channel"),
        ("declined_for: 30d", "contact_cost.sms: -0.07", 2, 21, "must not be below 0"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    old: str, new: str, line: int, column: int, message: str
) -> None:
    assert old in GOOD
    found = mistakes(GOOD.replace(old, new, 1))
    assert any((where, at) == (line, column) and message in told for where, at, told in found), (
        found
    )
    assert checked(GOOD.replace(old, new, 1)).bundle is None


def test_all_mistakes_are_told_at_once() -> None:
    text = (
        GOOD.replace("WEB", "WEP")
        .replace("stock ==", "stok ==")
        .replace("limit: 3\n", "limit: x\n")
    )
    assert len(mistakes(text)) == 3


def test_text_that_is_no_yaml_names_the_line_and_leaves_other_files_checked() -> None:
    broken = DefinitionFile(path="broken.yaml", text="rules:\n  - name: [\n")
    other = DefinitionFile(path="other.yaml", text=GOOD.replace("WEB", "WEP"))
    found = check_definitions([broken, other]).problems
    assert {each.path for each in found} == {"broken.yaml", "other.yaml"}
    assert found[0].line == 3


def test_a_mistake_in_a_block_of_text_is_told_with_its_own_line() -> None:
    text = GOOD.replace(
        "remove_when: offer.stock == 0",
        "remove_when: |\n      offer.stock == 0\n        || offer.stok == 1",
    )
    [(line, column, message)] = mistakes(text)
    assert (line, column) == (20, 17)
    assert "stok" in message


def test_what_has_no_form_over_columns_is_a_warning() -> None:
    found = checked(GOOD.replace("offer.stock == 0", "offer.id.matches('a+')"))
    [problem] = found.problems
    assert problem.warning
    assert "candidate by candidate" in problem.message
    assert found.bundle is not None


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("true" + " || true" * 600, "longer than 4096"),
        (" && ".join(["[1].exists(x, x == 1)"] * 9), "has 9 comprehensions"),
        ("[1].all(a, [1].all(b, [1].all(c, a + b + c > 0)))", "nested deeper than 2"),
        ("['a'].map(x, x + x).size() > 0", "joins strings or lists within a comprehension"),
        ("offer.id.matches(offer.brand)", "must be a literal"),
        (_joined("offer.id", 64) + " == ''", "joins 63 strings"),
        (
            "['a'].exists(a, [a + a + a].exists(b, " + _joined("b", 32) + " == ''))",
            "joins 33 strings or lists, at most",
        ),
    ],
)
def test_a_condition_that_could_run_away_is_refused(condition: str, message: str) -> None:
    [(_, _, told)] = mistakes(GOOD.replace("offer.stock == 0", '"' + condition + '"'))
    assert message in told


def test_the_shipped_definitions_have_no_problem_and_are_evaluated_over_columns() -> None:
    found = check_definitions(read_folder(shipped_definitions()))
    assert not found.problems
    assert found.bundle is not None
    compiled = compile_policy(found.bundle)
    assert compiled.policy.sticky_us == 30 * 60 * 1_000_000
    assert compiled.declined_for_us == 30 * 86_400_000_000
    assert set(compiled.policy.placements) == {
        *("web.home.banner", "web.category", "web.item", "web.cart", "web.checkout", "web.faq"),
        *("web.gift", "web.finder", "email.body", "ivr.menu", "agent.prompt"),
        *("sms.body", "push.body", "direct_mail.body"),
        *("store.till", "store.associate"),
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30d", duration("720h")),
        ("1h30m", duration("90m")),
        ("100ms", duration("100ms")),
        ("5%", 0.05),
        ("1000", 1000),
        ("0.7", 0.7),
        ("true", True),
        ("unlimited", UNLIMITED),
        ("3 per 7d", None),
        ("anything else", "anything else"),
    ],
)
def test_a_parameter_has_the_type_that_it_looks_like(text: str, value: object) -> None:
    found = parameter(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "4000d", "3 per", "3 per 0d"])
def test_what_is_no_duration_and_no_allowance_is_refused(text: str) -> None:
    for read in (duration, allowance):
        with pytest.raises(ValueError, match=r".+"):
            read(text)


def test_a_rule_that_is_off_keeps_its_place_and_asks_nothing() -> None:
    more = "  - {name: other, code: OUT_OF_STOCK, remove_when: offer.withdrawn}\n"
    bundle = checked(
        GOOD.replace("APPLICABILITY\n", "APPLICABILITY\n    mode: OFF\n") + more
    ).bundle
    assert bundle is not None
    compiled = compile_policy(bundle)
    off, other = compiled.policy.rules
    assert (off.name, off.remove_when) == ("sold_out", None)
    assert other.remove_when is not None
    assert compiled.rule_places == {"sold_out": 0, "other": 1}


@pytest.mark.parametrize("channel", ["EMAIL", "SMS", "PUSH", "DIRECT_MAIL"])
def test_offers_can_be_sent_on_every_channel_with_what_is_shipped(channel: str) -> None:
    text = f"""
scenarios:
  - scenario: told_of_it
    starts_on: [add_to_cart]
    quiet_for: 1d
    stages:
      - stage: tell
        send: {{channels: [{channel}], template: an_offer, offers: [free_shipping]}}
        lasts: 2d
"""
    own = DefinitionFile(path="own.yaml", text=text)
    assert not check_definitions([*read_folder(shipped_definitions()), own]).problems
