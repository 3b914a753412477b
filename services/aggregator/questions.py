"""Hands on what to ask a person next; profile knows what was asked and what it is worth."""

from __future__ import annotations

from services.aggregator.identification import Identification
from services.aggregator.peers import Peers
from shared.call import Call
from shared.client import invoke
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb

LONGEST_S = 1.0


class QuestionDesk:
    """One method per rpc."""

    def __init__(self, peers: Peers, identification: Identification) -> None:
        self._profile = peers.profile
        self._identification = identification

    async def next(self, call: Call, request: pb.NextQuestionRequest) -> pb.NextQuestionResponse:
        """Return the question worth most, or none; raises Ambiguous for one of several people."""
        named = self._identification.named(request.identities, request.confirmed_person_id)
        asked = profile_pb.NextQuestionRequest(
            identities=named.identities,
            identity_keys=named.keys,
            confirmed_person_id=named.confirmed_person_id,
            survey=request.survey,
            channel=request.channel,
            session_id=request.session_id,
            preview=request.preview,
        )
        answered = await invoke(self._profile.NextQuestion, asked, call, LONGEST_S)
        found = pb.NextQuestionResponse()
        if answered.HasField("question"):
            found.question.CopyFrom(answered.question)
        return found
