"""The variables that a rule's condition may use, for CEL's type checker."""

from __future__ import annotations

from collections.abc import Mapping

from cel.expr.syntax_pb2 import Expr
from google.protobuf.message import Message

from shared.conditions.customer import PERSON_MESSAGES
from shared.conditions.syntax import fields_read
from touchpoint.rules.v1 import conditions_pb2 as pb

MESSAGES: Mapping[str, type[Message]] = {
    **PERSON_MESSAGES,
    "item": pb.Item,
    "offer": pb.Offer,
    "history": pb.History,
    "request": pb.Request,
}
COLUMN_VARIABLES = frozenset({"item", "offer", "history"})
"""Variables that differ from candidate to candidate."""
_OF_PLACEMENT = frozenset({"request", "request.placement"})


def reads_placement(expr: Expr) -> bool:
    """Say whether an expression may differ from placement to placement."""
    return not _OF_PLACEMENT.isdisjoint(fields_read(expr))
