"""How long a request spends on finding out which of 200 segments a person is in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle, islice
from typing import TYPE_CHECKING

import grpc.aio

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.calling import CALLER
from services.profile.definitions import compile_segment
from services.profile.domain.segments import Segment, segments_of
from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from shared.call import CALLER as CALLER_KEY
from shared.conditions.person import PersonValues
from shared.conditions.segments import SegmentCompiler
from shared.conditions.values import ParameterValue, typed_parameters
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1.profile_service_pb2 import ExportProfilesRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.rules.v1.rules_pb2 import Bundle

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

SEGMENTS = 200
_PEOPLE = 200
_TIERS = ("top", "high", "medium", "low")
_TIMEOUT_S = 30.0
_METADATA = ((CALLER_KEY, CALLER),)
"""Who may export."""


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Ask of real customers, as `GetSnapshot` does, and take the mean over them."""
    segments = list(islice(shipped_with_other_constants(), SEGMENTS))
    async with grpc.aio.insecure_channel(suite.running.grpc["profile"][0]) as channel:
        people = await _people(ProfileServiceStub(channel))
    spent_ms = []
    for number in range(scale.rounds):
        tell(f"{SEGMENTS} segments of {len(people)} people, round {number + 1}")
        began = time.perf_counter()
        found = sum(len(segments_of(segments, PersonValues(person))) for person in people)
        spent_ms.append((time.perf_counter() - began) / len(people) * 1000)
        if not found:
            raise MeasurementError("nobody is in any segment: that it is fast means little")
    yield [Figure.median("segments_200_ms", spent_ms)]


def shipped_with_other_constants() -> Iterator[Segment]:
    """Yield the shipped segments again and again, each time with other numbers and words."""
    bundle = check_definitions(read_folder(shipped_definitions())).bundle
    assert bundle is not None
    parameters = typed_parameters(bundle.parameters)
    for number, tier in enumerate(cycle(_TIERS)):
        other = {name: _other(value, number) for name, value in parameters.items()}
        yield from _compiled(bundle, SegmentCompiler(other), f'"{tier}"', number)


def _compiled(
    bundle: Bundle, compiler: SegmentCompiler, tier: str, number: int
) -> Iterator[Segment]:
    for segment in bundle.segments:
        when = segment.when.replace('"top"', tier)
        yield compile_segment(f"{segment.segment} {number}", "", when, compiler)


def _other(value: ParameterValue, number: int) -> ParameterValue:
    match value:
        case bool() | str():
            return value
        case int():
            return value + number
        case timedelta():
            return value + timedelta(days=number)
        case _:
            return value * (1.0 - number / SEGMENTS)


async def _people(profile: ProfileServiceAsyncStub) -> Sequence[PersonSnapshot]:
    people: list[PersonSnapshot] = []
    asked = ExportProfilesRequest()
    stream = profile.ExportProfiles(asked, timeout=_TIMEOUT_S, metadata=_METADATA)
    async for answer in stream:
        people.extend(each for each in answer.profiles if each.traits.frequency)
        if len(people) >= _PEOPLE:
            stream.cancel()
            break
    if not people:
        raise MeasurementError("nobody has ever bought anything: there is nobody to ask of")
    return people[:_PEOPLE]
