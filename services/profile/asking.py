"""What events say of questions: names, answers, and what an answer means as of then."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.profile.domain.event import NO_DETAILS, RATING
from services.profile.domain.questions import (
    AnswerKind,
    Choice,
    Question,
    Questions,
    canonical_number,
)
from services.profile.fields import MistakenError
from touchpoint.rules.v1 import rules_pb2

Texts = Mapping[str, str]

ANSWER, IMPRESSION = "survey_answer", "impression"
OF_QUESTIONS = frozenset({ANSWER, IMPRESSION})
"""Types that may speak of a question."""
_MEANING = frozenset({"attribute", "sentiment", "category", "brand"})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_YES = frozenset({"true", "1", "yes"})
_LONGEST_ANSWER = 128
_TAKEN = frozenset({"name", "locale", "time_zone"})
"""Attributes that no answer sets: who somebody is, and where."""


def compile_questions(bundle: rules_pb2.Bundle) -> Questions:
    """Return the questions of a bundle, which was checked."""
    return Questions.of(
        Question(
            defined.question,
            defined.survey,
            defined.text,
            defined.why,
            defined.used_for,
            AnswerKind(defined.kind),
            defined.attribute,
            defined.importance,
            [
                Choice(each.answer, each.sentiment, each.category, each.brand)
                for each in defined.answers
            ],
            defined.least,
            defined.most,
        )
        for defined in bundle.questions
    )


def of_question(
    kind: str, offer_id: str, details: Texts, others: Texts, questions: Questions
) -> tuple[Texts, Texts]:
    """Return what counts of an event about a question, and what of it is private.

    Raises MistakenError. What an answer means is written beside it, so that a recomputation from
    the log is equal whatever is defined by then. Free text stays private, and so does an answer to
    a question that is not defined, unless the event itself says which attribute it is.
    """
    name = details.get("question", "") or _only_question(offer_id, questions)
    if kind == IMPRESSION:
        # An impression may have attributes of all sorts: what is no name is no question of ours.
        if _NAME.fullmatch(name):
            return {**details, "question": name}, others
        return _without("question", details) if name else details, others
    if name and not _NAME.fullmatch(name):
        raise MistakenError("attributes.question: must be 1 to 64 characters in lower_snake_case")
    said = {"question": name} if name else {}
    if details.get(RATING):
        said[RATING] = details[RATING]
    if details.get("skipped", "").lower() in _YES:
        return {**said, "skipped": "true"}, others
    defined = questions.by_name.get(name)
    if defined is not None:
        return _answered(defined, said, others)
    return _unasked(said, details, others)


def _only_question(offer_id: str, questions: Questions) -> str:
    """Return the question of a survey that has just one."""
    found = questions.by_survey.get(offer_id, ())
    return found[0].name if len(found) == 1 else ""


def _answered(question: Question, said: Texts, others: Texts) -> tuple[Texts, Texts]:
    if "answer" not in others:
        raise MistakenError(
            "attributes.answer: must be said, or skipped: true; empty takes it back"
        )
    answer = others["answer"]
    if question.kind is AnswerKind.TEXT and answer:
        return said, others
    private = _without("answer", others)
    meant = {**said, "attribute": question.attribute}
    if not answer:
        return {**meant, "answer": ""}, private
    if question.kind is AnswerKind.NUMBER:
        number = canonical_number(answer, question)
        if number is None:
            bounds = f"{question.least:g} to {question.most:g}"
            raise MistakenError(f"attributes.answer: must be a number from {bounds}")
        return {**meant, "answer": number}, private
    choice = question.choice(answer)
    if choice is None:
        known = ", ".join(each.answer for each in question.choices)
        raise MistakenError(f"attributes.answer: must be one of {known}")
    taste = {"sentiment": choice.sentiment, "category": choice.category, "brand": choice.brand}
    meant.update({key: text for key, text in taste.items() if text})
    return {**meant, "answer": choice.answer}, private


def _unasked(said: Texts, details: Texts, others: Texts) -> tuple[Texts, Texts]:
    """Take an answer to a question that is not defined by what the event says it means."""
    attribute, answer = details.get("attribute", ""), others.get("answer")
    if not attribute or answer is None:
        return said, others
    if not _NAME.fullmatch(attribute) or attribute in _TAKEN:
        raise MistakenError(
            "attributes.attribute: must be 1 to 64 characters in lower_snake_case, not a name,"
            " a locale or a time_zone"
        )
    if len(answer) > _LONGEST_ANSWER or "\0" in answer:
        raise MistakenError(
            f"attributes.answer: must have at most {_LONGEST_ANSWER} characters, none of them NUL"
        )
    meaning = {key: text for key, text in details.items() if key in _MEANING}
    return {**said, **meaning, "answer": answer}, _without("answer", others)


def _without(name: str, texts: Texts) -> Texts:
    return {key: text for key, text in texts.items() if key != name} or NO_DETAILS
