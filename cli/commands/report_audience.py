"""`touchpoint report audience`: who a segment means, and what makes them different."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import grpc
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.calling import CALLER, service
from cli.console import Exit, aside, fail, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.audience import as_json_report, show_comparison, show_preview
from shared.call import CALLER as CALLER_KEY
from touchpoint.client import call_error
from touchpoint.profile.v1.audience_pb2 import AudienceComparison, AudiencePreview, AudienceProgress
from touchpoint.profile.v1.profile_service_pb2 import CompareSegmentRequest, PreviewSegmentRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

_METADATA = ((CALLER_KEY, CALLER),)

Tell = Callable[[str, AudienceProgress], None]


def audience(
    name: Annotated[str, typer.Argument(help="A segment that is in force.")] = "",
    when: Annotated[
        str, typer.Option(metavar="CEL", help="A condition, saved or not, instead of a segment's.")
    ] = "",
    sample: Annotated[int, typer.Option(min=0, max=100, help="How many members to show.")] = 10,
    random: Annotated[
        bool, typer.Option("--random", help="Show any members, not those who spent most.")
    ] = False,
    lifts: Annotated[
        int, typer.Option(min=0, max=200, help="How many traits to show; 0: do not compare.")
    ] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the people of a segment, show some, and say what makes them different from all others.

    With a name and `--when` it also says who would enter and who would leave the segment by that
    condition. Up to 50,000 people are counted one by one, of more a random sample; then every
    number comes with the interval that holds it with a probability of 95%. Nothing is saved.

    Example: touchpoint report audience best_customers

    Example: touchpoint report audience lapsing --when 'customer.recency_days > 90.0'
    """
    if not name and not when:
        fail("Name a segment, or give a condition by --when.", Exit.USAGE)
    with service("profile", home) as channel, _bar(quiet=as_json) as tell:
        stub = ProfileServiceStub(channel)
        asked = PreviewSegmentRequest(segment=name, when=when, sample=sample, random_sample=random)
        preview: AudiencePreview = _outcome(stub.PreviewSegment, asked, "preview", tell)
        comparison = AudienceComparison()
        if lifts:
            compared = CompareSegmentRequest(segment=name, when=when)
            comparison = _outcome(stub.CompareSegment, compared, "comparison", tell)
            del comparison.lifts[lifts:]
    if as_json:
        say_json(as_json_report(preview, comparison))
        return
    show_preview(people, name, preview)
    if lifts:
        show_comparison(people, comparison)


def _outcome(rpc: Callable[..., Any], request: Any, wanted: str, tell: Tell) -> Any:
    """Return what comes last of a stream, telling how far it is; raises CallError."""
    answers = rpc(request, metadata=_METADATA)
    outcome = None
    try:
        for answer in answers:
            if answer.HasField("progress"):
                tell("counting" if wanted == "preview" else "comparing", answer.progress)
            else:
                outcome = getattr(answer, wanted)
    except grpc.RpcError as error:
        raise call_error(error) from None
    finally:
        answers.cancel()
    return outcome


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Tell]:
    """Show what is being done and how far it is; gives the function that is told."""
    columns = (TextColumn("{task.description}"), BarColumn())
    times = (TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, *times, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("counting", total=None)

        def tell(step: str, at: AudienceProgress) -> None:
            progress.update(task, description=step, completed=at.done, total=at.total or None)

        yield tell
