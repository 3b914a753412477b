"""Who is told which reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.aggregator.domain.slates import Choice
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.moments import category_in_view, moment_of
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.wording import InView, Moment, Wording
from touchpoint.aggregator.v1.aggregator_pb2 import Reason

Tell = Callable[[Choice], Reason]


@dataclass(frozen=True, slots=True)
class Telling:
    """How a decision is put into words for whoever asked for it."""

    moment: Moment
    wording: Wording
    tell: Tell
    """Says why something was chosen, to a page no more than was done on its device."""


def telling(question: Question, decision: Decision, wording: Wording) -> Telling:
    """Return how a decision is told; the trace and the answer find each reason written once."""
    moment = moment_of(question, decision)
    wording = wording.in_language(moment.locale).on_terms(decision.promised)
    write, reasons = _writing(question, decision, moment, wording), decision.reasons

    def tell(choice: Choice) -> Reason:
        key = (choice.offer_no, choice.source)
        reason = reasons.get(key)
        if reason is None:
            reason = reasons[key] = write(choice)
        return reason

    return Telling(moment, wording, tell)


def _writing(question: Question, decision: Decision, moment: Moment, wording: Wording) -> Tell:
    candidates = decision.candidates
    if not question.call.caller.is_browser:
        return lambda choice: wording.reason(choice, candidates, moment)
    in_view = InView(moment.named_nos, category_in_view(question.context))
    return lambda choice: wording.reason_on_device(choice, candidates, moment, in_view)
