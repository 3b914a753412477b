"""What the comments of the protos say, built beside the stubs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

_MESSAGES, _FIELDS, _SERVICES, _RPCS = 4, 2, 6, 2
"""Field numbers of a file's messages and services, and of what is in them, of which source paths
are made."""


def comment_of(full_name: str) -> str:
    """Return the comment of a field, a message, a service or an rpc, in one line.

    Names are such as `touchpoint.rules.v1.Rule.level`.
    """
    return _comments().get(full_name, "")


@lru_cache(1)
def _comments() -> Mapping[str, str]:
    """Return every comment by the full name of what it is about."""
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
        for number, service in enumerate(file.service):
            path = (_SERVICES, number)
            found.update(_of_service(f"{file.package}.{service.name}", service, path, comments))
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


def _of_service(
    name: str,
    service: ServiceDescriptorProto,
    path: tuple[int, ...],
    comments: Mapping[tuple[int, ...], str],
) -> Iterator[tuple[str, str]]:
    yield name, comments.get(path, "")
    for number, rpc in enumerate(service.method):
        yield f"{name}.{rpc.name}", comments.get((*path, _RPCS, number), "")
