"""Which question is worth asking next: the one whose answer would tell most of what matters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from math import log2

from services.profile.domain.event import SEPARATOR
from services.profile.domain.interest import Interests
from services.profile.domain.opinions import of_brands, of_categories
from services.profile.domain.reading import attribute
from services.profile.domain.state import State

RANGES = 8
"""Into so many equal ranges the answers to a question for a number are counted."""
_LEAST_SHARE = 0.05
"""Of interest: nothing is ruled out because it was never looked at."""


class AnswerKind(IntEnum):
    """How a question is answered."""

    CHOICE = 1
    NUMBER = 2
    TEXT = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to choose from, and what it says of taste."""

    answer: str
    sentiment: str = ""
    """`like` or `dislike` of what follows; empty: neither."""
    category: str = ""
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it is defined."""

    name: str
    survey: str
    """The offer that it belongs to."""
    text: str
    why: str
    used_for: str
    kind: AnswerKind
    attribute: str
    """What the answer says of the person."""
    importance: float = 1.0
    choices: Sequence[Choice] = ()
    least: float = 0.0
    most: float = 0.0

    def choice(self, said: str) -> Choice | None:
        return next((each for each in self.choices if each.answer == said), None)


@dataclass(frozen=True, slots=True)
class Questions:
    """All that are defined."""

    by_name: Mapping[str, Question] = field(default_factory=dict)
    by_survey: Mapping[str, Sequence[Question]] = field(default_factory=dict)

    @classmethod
    def of(cls, defined: Iterable[Question]) -> Questions:
        by_name = {each.name: each for each in defined}
        by_survey: dict[str, list[Question]] = {}
        for each in by_name.values():
            by_survey.setdefault(each.survey, []).append(each)
        return cls(by_name, by_survey)


NO_QUESTIONS = Questions()


@dataclass(frozen=True, slots=True)
class Answers:
    """What everybody together made of a question."""

    given: Mapping[str, int] = field(default_factory=dict)
    """Answer to how many gave it."""
    skipped: int = 0


NO_ANSWERS = Answers()


@dataclass(frozen=True, slots=True)
class Worth:
    """What asking a question promises."""

    question: Question
    information_bits: float
    """Of its answer, 0 and more."""
    answer_probability: float
    worth: float
    """Their product, times the importance."""


ShareOf = Callable[[Choice], float | None]
"""Says which share of all interest lies in what a choice speaks of; None: there is none yet."""


def worth_asking(
    questions: Iterable[Question], state: State, answers: Mapping[str, Answers]
) -> list[Worth]:
    """Return the questions that may still be asked, the one worth most first.

    A question that was asked, on whatever channel and whatever came of it, is never asked again,
    nor one whose answer is known from elsewhere. Of the others

        worth = importance × P(answered) × H(answer),    H = −Σ p·log2 p

    P(answered) = (answers + 1) / (answers + skips + 2), over everybody. H is what the answer would
    tell, in bits (Shannon 1948): p of a choice is in proportion to (how many gave it + 1), and,
    where the choice speaks of a category or brand, to the share of the person's own interest that
    lies there, at least 0.05 (for a dislike: to the rest). So what can be guessed from what
    somebody looks at is not worth a question. A number is counted in 8 equal ranges. Free text is
    for people to read, tells deciding nothing, and comes last by its importance.
    """
    share_of = shares_of(state)
    found = [
        _worth(question, share_of, answers.get(question.name, NO_ANSWERS))
        for question in questions
        if question.name not in state.asked and not attribute(state, question.attribute)
    ]
    return sorted(
        found, key=lambda each: (-each.worth, -each.question.importance, each.question.name)
    )


def _worth(question: Question, share_of: ShareOf, answers: Answers) -> Worth:
    bits = information_bits(question, share_of, answers)
    given = sum(answers.given.values())
    probability = (given + 1) / (given + answers.skipped + 2)
    return Worth(question, bits, probability, question.importance * probability * bits)


def information_bits(question: Question, share_of: ShareOf, answers: Answers) -> float:
    """Return the entropy of the answer that is expected of a person, by their `shares_of`."""
    match question.kind:
        case AnswerKind.CHOICE:
            weights = [
                (answers.given.get(each.answer, 0) + 1) * _likelihood(each, share_of)
                for each in question.choices
            ]
        case AnswerKind.NUMBER:
            weights = _range_weights(question, answers)
        case _:
            weights = []
    total = sum(weights)
    return -sum(w / total * log2(w / total) for w in weights if w > 0.0)


def canonical_number(text: str, question: Question) -> str | None:
    """Return a number within the question's bounds the one way; None where it is none."""
    try:
        found = float(text)
    except ValueError:
        return None
    # Written so that NaN fails too.
    return f"{found:.15g}" if question.least <= found <= question.most else None


def _range_weights(question: Question, answers: Answers) -> list[float]:
    weights = [1.0] * RANGES
    width = (question.most - question.least) / RANGES
    for said, count in answers.given.items():
        if canonical_number(said, question) is not None:
            place = int((float(said) - question.least) / width)
            weights[min(place, RANGES - 1)] += count
    return weights


def _likelihood(choice: Choice, share_of: ShareOf) -> float:
    """Return how well what somebody looks at fits with a choice, 0.05 to 1; 1: it says nothing."""
    share = share_of(choice) if choice.sentiment else None
    if share is None:
        return 1.0
    return max(share if choice.sentiment == "like" else 1.0 - share, _LEAST_SHARE)


def shares_of(state: State) -> ShareOf:
    """Return what looks up the share of a person's interest that a choice speaks of."""
    categories = _shares_below(of_categories(state).interests)
    brands = _shares_below(of_brands(state).interests)

    def share_of(choice: Choice) -> float | None:
        subject, shares = (
            (choice.category, categories) if choice.category else (choice.brand, brands)
        )
        return shares.get(subject, 0.0) if shares else None

    return share_of


def _shares_below(interests: Interests) -> dict[str, float]:
    """Return the share of all interest that lies in each path and all below it."""
    total = sum(interests.values())
    shares: dict[str, float] = {}
    for name, weight in interests.items() if total > 0.0 else ():
        path = name
        while path:
            shares[path] = shares.get(path, 0.0) + weight / total
            path = path.rpartition(SEPARATOR)[0]
    return shares
