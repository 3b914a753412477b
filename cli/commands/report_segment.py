"""`touchpoint report audience SEGMENT`: who a segment means, and what makes them different."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from cli.calling import CALLER, service
from cli.console import people, say_json
from cli.reporting import Tell, bar
from cli.showing.audience import as_json_report, show_comparison, show_preview
from shared.call import CALLER as CALLER_KEY
from touchpoint.client import CallError, call_error
from touchpoint.profile.v1.audience_pb2 import AudienceComparison, AudiencePreview
from touchpoint.profile.v1.profile_service_pb2 import CompareSegmentRequest, PreviewSegmentRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

_METADATA = ((CALLER_KEY, CALLER),)
_NO_SEGMENT = "SEGMENT_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class AskedSegment:
    """Whom it is about, and how much is told of them."""

    segment: str
    when: str
    """A condition; empty: that of the segment."""
    sample: int
    random: bool
    """Whether any members are shown, instead of those who spent most."""
    lifts: int
    """Traits at most; 0: they are not compared with all others."""


def report_segment(asked: AskedSegment, home: Path | None, *, as_json: bool) -> str:
    """Show who a segment or condition means, and the traits by which they differ.

    Returns why a name is no segment where nothing was shown because of that; empty: it is one.
    """
    with service("profile", home) as channel, bar("counting", quiet=as_json) as tell:
        stub = ProfileServiceStub(channel)
        try:
            preview = _preview(stub, asked, tell)
        except CallError as error:
            if error.reason == _NO_SEGMENT and not asked.when:
                return error.message
            raise
        comparison = _comparison(stub, asked, tell) if asked.lifts else AudienceComparison()
    if as_json:
        say_json(as_json_report(preview, comparison))
        return ""
    show_preview(people, asked.segment, preview)
    if asked.lifts:
        show_comparison(people, comparison)
    return ""


def _preview(stub: ProfileServiceStub, asked: AskedSegment, tell: Tell) -> AudiencePreview:
    request = PreviewSegmentRequest(
        segment=asked.segment, when=asked.when, sample=asked.sample, random_sample=asked.random
    )
    found: AudiencePreview = _outcome(stub.PreviewSegment, request, "preview", "counting", tell)
    return found


def _comparison(stub: ProfileServiceStub, asked: AskedSegment, tell: Tell) -> AudienceComparison:
    request = CompareSegmentRequest(segment=asked.segment, when=asked.when)
    found: AudienceComparison = _outcome(
        stub.CompareSegment, request, "comparison", "comparing", tell
    )
    del found.lifts[asked.lifts :]
    return found


def _outcome(rpc: Callable[..., Any], request: Any, wanted: str, doing: str, tell: Tell) -> Any:
    """Return what comes last of a stream, telling how far it is; raises CallError."""
    answers = rpc(request, metadata=_METADATA)
    outcome = None
    try:
        for answer in answers:
            if answer.HasField("progress"):
                tell(doing, answer.progress.done, answer.progress.total)
            else:
                outcome = getattr(answer, wanted)
    except grpc.RpcError as error:
        raise call_error(error) from None
    finally:
        answers.cancel()
    return outcome
