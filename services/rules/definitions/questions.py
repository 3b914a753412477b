"""The section of questions: how its entries are read, and what must hold of them as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from services.rules.definitions.described import (
    REFERENCE,
    SCALAR,
    described,
    described_mapping,
    mapping_of,
    named,
    schema_of,
)
from services.rules.definitions.problems import Problems, suggestion
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    list_of,
    number,
    read_entry,
    text,
)
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1 import rules_pb2 as pb

MOST_ANSWERS = 50
_KINDS = {"number": pb.AnswerKind.NUMBER, "text": pb.AnswerKind.TEXT}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_TAKEN = frozenset({"name", "locale", "time_zone"})
"""Attributes that are no answer to a question: who somebody is, and where."""


@named(_NAME.pattern)
def _name(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if not _NAME.fullmatch(found):
        raise MistakeError(f"must be 1 to 64 characters in lower_snake_case, is {found!r}")
    return found


@named(_NAME.pattern)
def _attribute(reader: Reader, node: Node) -> str:
    found: str = _name(reader, node)
    if found in _TAKEN:
        raise MistakeError(f"must be another: {found} is no answer to a question")
    return found


_SUBJECT: Mapping[str, Read] = {"category": text(), "brand": text(128)}


@described_mapping(_SUBJECT)
def _subject(reader: Reader, node: Node) -> Mapping[str, str]:
    entry = read_entry(reader, node, _SUBJECT)
    if entry is None or len(entry.values) != 1:
        raise MistakeError("must name a category or a brand")
    return entry.values


_ANSWER: Mapping[str, Read] = {"answer": text(128), "likes": _subject, "dislikes": _subject}


@described(
    lambda: {"anyOf": [SCALAR, mapping_of(_ANSWER, ("answer",), pb.Answer.DESCRIPTOR.full_name)]}
)
def _answer(reader: Reader, node: Node) -> pb.Answer:
    """Read `running`, or `{answer: running, likes: {category: Sport > Running}}`."""
    if not isinstance(node, MappingNode):
        return pb.Answer(answer=text(128)(reader, node))
    entry = read_entry(reader, node, _ANSWER, ("answer",))
    if entry is None or "answer" not in entry.values:
        raise MistakeError("is not complete")
    made = pb.Answer(answer=entry.values["answer"])
    for name, sentiment in (("likes", "like"), ("dislikes", "dislike")):
        if name in entry.values:
            if made.sentiment:
                raise MistakeError("likes or dislikes, not both")
            made.MergeFrom(pb.Answer(sentiment=sentiment, **entry.values[name]))
    return made


_CHOICES = list_of(_answer, MOST_ANSWERS)


@described(lambda: {"anyOf": [schema_of(_CHOICES), {"enum": list(_KINDS)}, REFERENCE]})
def _answers(reader: Reader, node: Node) -> Any:
    """Read a list of answers to choose from, or `number` or `text`."""
    if isinstance(node, SequenceNode):
        return _CHOICES(reader, node)
    found = reader.text(node)
    if found not in _KINDS:
        raise MistakeError(f"must be a list of answers, number or text, is {found!r}")
    return found


FIELDS: Mapping[str, Read] = {
    "question": _name,
    "survey": text(128),
    "text": text(),
    "why": text(),
    "used_for": text(),
    "answers": _answers,
    "least": number(0, 999_999_999),
    "most": number(0, 999_999_999),
    "attribute": _attribute,
    "importance": number(0.001, 1000),
    "item_attribute": text(40),
}
REQUIRED = ("question", "survey", "text", "why", "used_for", "answers")


def question_of(answers: Any, attribute: str = "", importance: float = 1.0, **said: Any) -> Any:
    """Make the message of an entry; its answer is kept under its own name if no other is given."""
    made = pb.Question(importance=importance, attribute=attribute or said["question"], **said)
    if isinstance(answers, str):
        made.kind = _KINDS[answers]
    else:
        made.kind = pb.AnswerKind.CHOICE
        made.answers.extend(answers)
    return made


def check_question(entry: Entry, offers: Mapping[str, Entry], problems: Problems) -> None:
    """Note what is wrong with a question beyond its single fields."""
    survey = entry.values.get("survey")
    if survey is not None:
        for message in _survey_mistakes(survey, offers):
            problems.add(entry.where("survey"), message)
    for message in _answer_mistakes(entry.values):
        problems.add(entry.where("answers"), message)


def _survey_mistakes(survey: str, offers: Mapping[str, Entry]) -> Iterator[str]:
    offer = offers.get(survey)
    if offer is None:
        yield f"there is no offer {survey} in these definitions{suggestion(survey, offers)}"
    elif offer.values.get("kind") not in (None, OfferKind.SURVEY):
        yield f"{survey} must be of the kind SURVEY to ask questions"


def _answer_mistakes(said: Mapping[str, Any]) -> Iterator[str]:
    answers = said.get("answers", ())
    bounds = [said[name] for name in ("least", "most") if name in said]
    if answers == "number":
        if len(bounds) < 2 or bounds[0] >= bounds[1]:
            yield "a question for a number needs least and most, and most above least"
    elif bounds:
        yield "least and most belong to a question for a number"
    if answers and not isinstance(answers, str):
        texts = [answer.answer for answer in answers]
        if len(texts) < 2:
            yield "a question needs at least two answers to choose from"
        for twice in sorted({found for found in texts if texts.count(found) > 1}):
            yield f"{twice} is an answer twice"
