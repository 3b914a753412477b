"""Answers what to ask a person next, and notes that it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.struct_pb2 import Struct

from services.profile.asking import IMPRESSION
from services.profile.definitions import DefinitionsOf
from services.profile.domain.asked import survey_name
from services.profile.domain.identity import Identity
from services.profile.domain.lookup import Person, Profiles, find_or_keep, find_person
from services.profile.domain.placing import NewId
from services.profile.domain.questions import Answers, Question, Worth, worth_asking
from services.profile.domain.reading import standing_declines
from services.profile.domain.state import State
from services.profile.intake import Intake
from services.profile.recorder import Recorder
from services.profile.timestamps import timestamp
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.errors import Ambiguous
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.profile.v1 import profile_pb2
from touchpoint.profile.v1 import profile_service_pb2 as pb

SURVEYING = "survey"
"""The purpose by whose refusal somebody is asked nothing."""
_CALLER = "profile"


@dataclass(frozen=True, slots=True)
class QuestionDesk:
    """Knows the questions, the catalogue that surveys lie in, and what others answered."""

    recorder: Recorder
    profiles: Profiles
    intake: Intake
    catalogue: Catalogue
    definitions: DefinitionsOf
    answers: Callable[[], Mapping[str, Answers]]
    clock: BusinessClock
    new_id: NewId

    async def next(self, request: pb.NextQuestionRequest) -> pb.NextQuestionResponse:
        """Return the question worth most, or none; raises Ambiguous for one of several people.

        Two channels that ask at once are given different questions: each is recorded under an id
        of the person and the question, so that only one of them is the first. Whoever is asked is
        somebody, so that the id of a person never met before is the same on both.
        """
        now_us = self.clock.now_us()
        who = [
            Identity(identity.kind, identity.value, key.key)
            for identity, key in zip(request.identities, request.identity_keys, strict=True)
        ]
        confirmed = request.confirmed_person_id
        if request.preview:
            person = await find_person(self.profiles, who, confirmed)
        else:
            person = await find_or_keep(self.profiles, who, confirmed, self.new_id, now_us)
        if person.is_ambiguous:
            raise Ambiguous("the identity fits several people: confirm one of them first")
        state = person.state()
        open_ones = list(self._open(request, state))
        for worth in worth_asking(open_ones, state, self.answers()):
            if request.preview or await self._mark(request, person, worth.question, now_us):
                return pb.NextQuestionResponse(question=_message(worth))
        return pb.NextQuestionResponse()

    def _open(self, request: pb.NextQuestionRequest, state: State) -> Iterator[Question]:
        """Yield the questions of surveys that this person may be asked on the channel now.

        None while a complaint is open, nor where asking was refused.
        """
        refusal = state.consents.get(SURVEYING)
        if state.complaint.yes or (refusal is not None and refusal.refused):
            return
        declined = {offer_no for offer_no, _, _ in standing_declines(state)}
        for survey, questions in self.definitions("").questions.by_survey.items():
            number = self.catalogue.offer_no(survey)
            if (
                request.survey in ("", survey)
                and number not in declined
                and survey_name(number) not in state.asked
                and self._runs(number, request.channel)
            ):
                yield from questions

    def _runs(self, number: int, channel: int) -> bool:
        """Say whether a survey is known, not withdrawn, in its schedule and for the channel."""
        catalogue, now_us = self.catalogue, self.clock.now_us()
        if not number or catalogue.withdrawn[number]:
            return False
        ends_us = int(catalogue.ends_us[number])
        is_now = int(catalogue.starts_us[number]) <= now_us and (not ends_us or now_us <= ends_us)
        return is_now and bool(int(catalogue.channel_bits[number]) & (1 << channel))

    async def _mark(
        self, request: pb.NextQuestionRequest, person: Person, question: Question, now_us: int
    ) -> bool:
        """Record that a question is asked; False when another channel was first."""
        event = Event(
            event_id=f"asked:{question.name}:{person.oldest_id}",
            type=IMPRESSION,
            time=timestamp(now_us),
            identities=request.identities,
            channel=request.channel,
            session_id=request.session_id,
            offer_id=question.survey,
            attributes=_said(question=question.name),
        )
        keys = [pb.EventKeys(identity_keys=request.identity_keys)]
        taken = await self.intake.recorded([event], keys, _CALLER, now_us)
        outcome = await self.recorder.record(taken.arrivals, may_link=False, now_us=now_us)
        return outcome.accepted > 0


def _said(**attributes: str) -> Struct:
    found = Struct()
    found.update(attributes)
    return found


def _message(worth: Worth) -> profile_pb2.NextQuestion:
    question = worth.question
    return profile_pb2.NextQuestion(
        question=question.name,
        survey=question.survey,
        text=question.text,
        why=question.why,
        used_for=question.used_for,
        kind=question.kind.name,
        answers=[choice.answer for choice in question.choices],
        least=question.least,
        most=question.most,
        worth=worth.worth,
        information_bits=worth.information_bits,
        answer_probability=worth.answer_probability,
    )
