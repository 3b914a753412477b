"""Who is told which reasons."""

from __future__ import annotations

from collections.abc import Callable

from services.aggregator.domain.slates import Choice
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.moments import category_in_view, moment_of, named_in
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.wording import InView, Wording
from touchpoint.aggregator.v1.aggregator_pb2 import Reason

Tell = Callable[[Choice], Reason]


def telling(question: Question, decision: Decision, wording: Wording) -> Tell:
    """Return what says why something was chosen, to a page no more than was done on its device."""
    moment, candidates = moment_of(question, decision), decision.candidates
    if not question.call.caller.is_browser:
        return lambda choice: wording.reason(choice, candidates, moment)
    context = question.context
    in_view = InView(named_in(context), category_in_view(context))
    return lambda choice: wording.reason_on_device(choice, candidates, moment, in_view)
