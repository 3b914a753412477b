"""What travels on the bus: bytes of one proto message with its subject, number and identity."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from google.protobuf.message import Message as Proto


def new_message_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to be sent."""

    subject: str
    schema_number: int
    """Of the message's proto; raised when a reader of the old one could misread the new one."""
    data: bytes
    message_id: str = field(default_factory=new_message_id)
    """A UUID in text; the same id is stored once by the stream and takes effect once."""

    @classmethod
    def of(cls, subject: str, schema_number: int, proto: Proto) -> Publication:
        """Serialise `proto` as a message on `subject`."""
        return cls(subject, schema_number, proto.SerializeToString())


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a stream stored it."""

    subject: str
    schema_number: int
    data: bytes
    message_id: str
    sequence: int
    """Position in its stream, growing, starting at 1, with possible holes."""
    stored_us: int
    """Machine time at which the stream stored it, microseconds since 1970."""
