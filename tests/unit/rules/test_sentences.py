"""What is said of a removal, by every code and every shipped rule, in every language."""

from __future__ import annotations

import re

import pytest

from services.aggregator.domain.reasons import removal_text, rule_text
from services.aggregator.domain.texts import LANGUAGES, PLAIN
from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.rules.v1.rules_pb2 import Rule

_TELLTALES = re.compile(r"[_{}<>]|\b[A-Z]{2,}\b|\bcaller\b|\bvariant\b|\bchannel\b|\bplacement\b")
"""What nobody says on the telephone: names of codes and fields, and words of this house."""


def shipped() -> list[Rule]:
    checked = check_definitions(read_folder(shipped_definitions()))
    assert checked.bundle is not None
    return [rule for rule in checked.bundle.rules if rule.remove_when]


RULES = shipped()


def assert_can_be_read_aloud(said: str) -> None:
    assert re.fullmatch(r"[A-ZÄÖÜ].{8,88}[.?!]", said), said
    assert not _TELLTALES.search(said), said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", RemovalCode.Value.keys())
def test_every_code_says_something_that_can_be_read_aloud(code: str, language: str) -> None:
    assert f"removed.{code}" in LANGUAGES[language]
    assert_can_be_read_aloud(removal_text(RemovalCode.Value.Value(code), language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_codes_say_the_same(language: str) -> None:
    said = [removal_text(number, language) for number in RemovalCode.Value.values()]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_every_shipped_rule_says_why_in_every_language(rule: Rule, language: str) -> None:
    own = {**({PLAIN: rule.text} if rule.text else {}), **rule.texts}
    if own:
        missing = LANGUAGES.keys() - own.keys()
        assert not missing, f"{rule.name} says why in some languages; write texts for {missing}"
    assert_can_be_read_aloud(rule_text(own, rule.code, language))


def test_a_sentence_of_the_rule_goes_before_that_of_its_code() -> None:
    own = {"en": "You have one.", "de": "Sie haben eines."}
    assert rule_text(own, RemovalCode.OWNED) == "You have one."
    assert rule_text(own, RemovalCode.OWNED, "de-AT") == "Sie haben eines."
    assert rule_text(own, RemovalCode.OWNED, "fr") == "You have one."


def test_the_code_speaks_where_the_rule_does_not_speak_the_language() -> None:
    own = {"en": "You have one."}
    assert rule_text(own, RemovalCode.OWNED, "de") == removal_text(RemovalCode.OWNED, "de")
    assert rule_text({"de": "Nein."}, RemovalCode.OWNED, "en") == removal_text(RemovalCode.OWNED)


def test_a_language_that_only_the_rule_speaks_is_spoken() -> None:
    assert rule_text({"fr": "Vous en avez un."}, RemovalCode.OWNED, "fr-CA") == "Vous en avez un."
