"""What is written to be said: whoever writes more than is listened to is told where."""

from __future__ import annotations

import pytest

from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from touchpoint.rules.v1.rules_pb2 import DefinitionFile, Problem

LONG = "word " * 26


def told(channel: str, creative: str) -> list[Problem]:
    """Check the shipped definitions with one offer more."""
    text = (
        "offers:\n  - offer_id: mine\n    kind: SERVICE\n    title: Mine\n"
        "    channel_creatives:\n"
        f"      - channel: {channel}\n        creative: {{{creative}}}\n"
    )
    files = [*read_folder(shipped_definitions()), DefinitionFile(path="own.yaml", text=text)]
    checked = check_definitions(files)
    assert checked.bundle is not None
    return [each for each in checked.problems if each.path == "own.yaml"]


@pytest.mark.parametrize(
    ("channel", "creative", "said"),
    [
        ("CALL_CENTER", f"text: {LONG}", "text: has 26 words; what is said is cut after 25"),
        ("IVR", f"text: {LONG}", "text: has 26 words; what is said is cut after 25"),
        ("IVR", "ssml: <speak>Say help", "ssml: is no markup; title and text are said instead"),
        ("IVR", "ssml: <p>Help</p>", "ssml: must be one speak element; title and text"),
        ("IVR", "ssml: <speak><break/></speak>", "ssml: has nothing to say; title and text"),
        ("IVR", f"ssml: <speak>{LONG}</speak>", "ssml: has 26 words, at most 25 are read out"),
    ],
)
def test_what_will_not_be_said_as_it_is_written_is_told(
    channel: str, creative: str, said: str
) -> None:
    (problem,) = told(channel, creative)
    assert problem.warning
    assert (problem.line, problem.column) == (7, 19)
    assert problem.message.startswith(said)


@pytest.mark.parametrize(
    ("channel", "creative"),
    [
        ("CALL_CENTER", "text: May I help?"),
        ("IVR", "text: Ask us., ssml: <speak>Say <emphasis>help</emphasis>.</speak>"),
        ("EMAIL", f"text: {LONG}"),
    ],
)
def test_what_is_said_or_read_as_it_is_written_needs_no_word(channel: str, creative: str) -> None:
    assert told(channel, creative) == []


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ("personal.needs: CERTAIN", "must be CLAIMED or VERIFIED"),
        ("words.language: german", "must be a language such as de or de-AT"),
        ("routing.default: The Desk", "is no queue"),
        ("routing.choices: orders", "with a queue"),
    ],
)
def test_a_parameter_that_says_nowhere_or_nothing_is_a_mistake(parameter: str, said: str) -> None:
    files = [
        DefinitionFile(
            path=file.path,
            text="".join(
                line
                for line in file.text.splitlines(keepends=True)
                if not line.strip().startswith(parameter.partition(":")[0] + ":")
            ),
        )
        for file in read_folder(shipped_definitions())
    ]
    own = DefinitionFile(path="own.yaml", text=f"parameters:\n  {parameter}\n")
    found = [each for each in check_definitions([*files, own]).problems if each.path == "own.yaml"]
    assert any(said in each.message for each in found)
    assert not any(each.warning for each in found)


def of_words(words: str, more: str = "") -> list[Problem]:
    text = (
        "offers:\n  - offer_id: mine\n    kind: SERVICE\n    title: Mine\n    text: All mine\n"
        f"{more}    words:\n      {words}\n"
    )
    files = [*read_folder(shipped_definitions()), DefinitionFile(path="own.yaml", text=text)]
    return [each for each in check_definitions(files).problems if each.path == "own.yaml"]


@pytest.mark.parametrize(
    ("words", "line", "said"),
    [
        ("- {language: xx, title: A}", 7, "language 'xx' is no language of ISO 639-1"),
        ("- {language: german, title: A}", 7, "language must be a language such as de"),
        ("- {title: A}", 7, "language is missing"),
        ("- {language: de, titel: A}", 7, "unknown key titel"),
        (
            "- {language: de, title: A, text: B}\n      - {language: de, text: C}",
            7,
            "de is there twice",
        ),
    ],
)
def test_words_of_no_language_or_of_one_twice_are_mistakes(
    words: str, line: int, said: str
) -> None:
    found = of_words(words)
    assert any(said in each.message and not each.warning for each in found), found
    assert {each.line for each in found} == {line}


def test_what_a_language_lacks_is_told() -> None:
    more = "    attributes: {call_to_action: Go}\n"
    found = of_words("- {language: de, title: Meins}", more)
    assert [(each.warning, each.message) for each in found] == [
        (True, "words de: text: there is none; the offer's own is shown"),
        (True, "words de: call_to_action: there is none; the offer's own is shown"),
    ]
    assert of_words("- {language: de, title: Meins, text: Alles}") == []


@pytest.mark.parametrize(
    ("channel", "words", "said"),
    [
        ("CALL_CENTER", f"text: {LONG}", "words de: text: has 26 words; what is said is cut"),
        ("IVR", "text: Hallo, ssml: <p>", "words de: ssml: is no markup; title and text"),
    ],
)
def test_what_will_not_be_said_as_it_is_written_is_told_in_each_language(
    channel: str, words: str, said: str
) -> None:
    (problem,) = told(channel, f"text: Hi, words: [{{language: de, {words}}}]")
    assert problem.warning
    assert problem.message.startswith(said)
