"""The variables that a rule's condition may use, for CEL's type checker."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from shared.conditions.customer import PERSON_MESSAGES
from touchpoint.rules.v1 import conditions_pb2 as pb

MESSAGES: Mapping[str, type[Message]] = {
    **PERSON_MESSAGES,
    "offer": pb.Offer,
    "history": pb.History,
    "request": pb.Request,
}
COLUMN_VARIABLES = frozenset({"offer", "history"})
"""Variables that differ from candidate to candidate."""
