"""The table of sentences."""

import string

import pytest

from services.aggregator.domain.texts import ENGLISH, LANGUAGES, has_phrase, phrase

TRANSLATED = [
    (language, key)
    for language, phrases in LANGUAGES.items()
    for key in phrases
    if language != "en"
]


def facts(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize(("language", "key"), TRANSLATED)
def test_a_translation_tells_the_same_facts(language, key):
    assert facts(LANGUAGES[language][key]) == facts(ENGLISH[key])


def test_what_a_language_lacks_is_said_in_english():
    facts = {"index": 0, "kind": "phone"}
    assert phrase("note.ignored", "de", **facts) == phrase("note.ignored", "en", **facts)


def test_a_key_that_nobody_wrote_is_an_error():
    assert not has_phrase("nonsense")
    with pytest.raises(KeyError):
        phrase("nonsense")
