"""What the words of an answer and of its trace depend on."""

from __future__ import annotations

from services.aggregator.domain.verified import is_sure_enough
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.wording import Moment
from touchpoint.common.v1.decision_pb2 import DecisionContext

CATEGORY = "category"
"""Attribute of a request's context that names the category in view."""


def moment_of(question: Question, decision: Decision) -> Moment:
    """Return what the words of an answer depend on."""
    context = question.context
    return Moment(
        context.now_us,
        context.locale,
        context.channel,
        decision.person.facts,
        context.recipient,
        category_in_view(context) or decision.person.facts.session.category,
        is_sure_enough(
            context.channel,
            decision.person.facts.assurance,
            question.definitions.personal_needs,
        ),
        named_in(context),
        question.definitions.own_language,
    )


def named_in(context: DecisionContext) -> frozenset[int]:
    """Return the numbers of the items that a request itself names, those in the cart too."""
    return frozenset((*context.item_nos, *(line.offer_no for line in context.cart))) - {0}


def category_in_view(context: DecisionContext) -> str:
    """Return the category in view; looking for a key that is not there would make it."""
    fields = context.attributes.fields
    return fields[CATEGORY].string_value if CATEGORY in fields else ""
