"""What an agent should do next: the decision for their prompt, as lines to say."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregator.domain.lines import Action, Interest, Line, is_within, lines
from services.aggregator.domain.slates import Choice
from services.aggregator.domain.steps import Step
from services.aggregator.domain.verified import is_sure_enough
from services.aggregator.domain.vocabulary import Channel, Source
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.moments import moment_of
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.wording import Moment, Wording
from shared.arms import IMPERSONAL
from touchpoint.aggregator.v1.aggregator_pb2 import NextBestAction, Reason
from touchpoint.common.v1.snapshot_pb2 import CallUnderWay, PersonSnapshot, Session


def next_best_actions(
    question: Question, decision: Decision, facts: PersonSnapshot, wording: Wording
) -> list[NextBestAction]:
    """Return the prompt's actions with their lines; a fresh interest leads.

    Nothing in them tells of the person where the caller may be somebody else, and in the arms that
    nothing personal decides for, what they shopped for does not either: lift is measured by them.
    """
    moment = moment_of(question, decision)
    wording = wording.in_language(moment.locale).on_terms(decision.promised)
    choices = [choice for slate in decision.slates for choice in slate.chosen]
    known = [choice for choice in choices if wording.knows(choice.offer_no)]
    reasons = {
        wording.offer_id(choice.offer_no): wording.reason(choice, decision.candidates, moment)
        for choice in known
    }
    actions = [
        _action(choice.offer_no, reasons[wording.offer_id(choice.offer_no)], wording)
        for choice in known
    ]
    interest, complaint_us = None, 0
    if is_sure_enough(moment.channel, facts.assurance, question.definitions.personal_needs):
        interest = _topic(facts.session, facts.call)
        if interest is None and question.context.arm not in IMPERSONAL:
            interest = _shopped_for(facts.session, decision, wording, moment)
        complaint_us = facts.complaint_us if facts.complaint_open else 0
    spoken = lines(actions, interest, moment.now_us, moment.locale, complaint_us)
    return [_written(line, reasons) for line in spoken]


def _action(offer_no: int, reason: Reason, wording: Wording) -> Action:
    script, language = wording.script(offer_no)
    return Action(
        offer_id=wording.offer_id(offer_no),
        title=wording.title(offer_no),
        kind=wording.kind(offer_no),
        category=wording.category(offer_no),
        reason=reason.text,
        is_item=bool(wording.item_id(offer_no)),
        script=script,
        language=language,
    )


def _topic(session: Session, call: CallUnderWay) -> Interest | None:
    """Return what the call is about where no category was said in it."""
    topic = call.topic or call.choice
    if not topic or session.is_said:
        return None
    return Interest("", 0.0, call.last_us, Channel.CALL_CENTER, is_said=True, topic=topic)


def _shopped_for(
    session: Session, decision: Decision, wording: Wording, moment: Moment
) -> Interest | None:
    if not session.category:
        return None
    last, no, passed = None, session.last_offer_no, _let_pass(decision)
    if wording.knows(no):
        looked_at = Choice(no, Source.IN_SESSION)
        last = _action(no, wording.reason(looked_at, decision.candidates, moment), wording)
    return Interest(
        category=session.category,
        minutes=session.minutes,
        last_us=session.last_us,
        channel=session.channel,
        last_item=last,
        may_offer_last=no in passed,
        is_said=session.is_said,
        best=_best(passed, decision, wording, moment, session.category)
        if session.is_said
        else None,
    )


def _best(
    passed: Sequence[int], decision: Decision, wording: Wording, moment: Moment, category: str
) -> Action | None:
    """Return the first within a category of the candidates that were let pass."""
    for no in passed:
        if wording.knows(no) and is_within(wording.category(no), category):
            asked_for = Choice(no, Source.IN_SESSION)
            return _action(no, wording.reason(asked_for, decision.candidates, moment), wording)
    return None


def _let_pass(decision: Decision) -> Sequence[int]:
    """Return the candidates that rules looked at and did not remove, in their order."""
    checked = any(
        record.step is Step.CHECK and not record.outcome.degrades for record in decision.records
    )
    if not checked:
        return ()
    removed = set(decision.removed.offer_nos)
    return [no for no in decision.candidates.offer_nos if no not in removed]


def _written(line: Line, reasons: dict[str, Reason]) -> NextBestAction:
    action = line.action
    reason = reasons.get(action.offer_id)
    if reason is None and action.offer_id:
        reason = Reason(code=Source.IN_SESSION.value, text=action.reason)  # type: ignore[arg-type]
    return NextBestAction(
        offer_id=action.offer_id,
        item_id=action.offer_id if action.is_item else "",
        line=line.text,
        reasons=[reason] if reason is not None else [],
        language=action.language,
    )
