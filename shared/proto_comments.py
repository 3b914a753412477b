"""What the comments of the protos say of fields and messages, built beside the stubs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet

_MESSAGES, _FIELDS = 4, 2
"""Field numbers of a file's messages and of a message's fields, of which source paths are made."""


def comment_of(full_name: str) -> str:
    """Return the comment of a field such as `touchpoint.rules.v1.Rule.level`, in one line."""
    return _comments().get(full_name, "")


@lru_cache(1)
def _comments() -> Mapping[str, str]:
    """Return the comment of each message and each of its fields by full name."""
    told = FileDescriptorSet.FromString(files("touchpoint").joinpath("comments.binpb").read_bytes())
    found: dict[str, str] = {}
    for file in told.file:
        comments = {
            tuple(place.path): " ".join(place.leading_comments.split())
            for place in file.source_code_info.location
            if place.leading_comments
        }
        for number, message in enumerate(file.message_type):
            path = (_MESSAGES, number)
            found.update(_of_message(f"{file.package}.{message.name}", message, path, comments))
    return found


def _of_message(
    name: str,
    message: DescriptorProto,
    path: tuple[int, ...],
    comments: Mapping[tuple[int, ...], str],
) -> Iterator[tuple[str, str]]:
    yield name, comments.get(path, "")
    for number, field in enumerate(message.field):
        yield f"{name}.{field.name}", comments.get((*path, _FIELDS, number), "")
