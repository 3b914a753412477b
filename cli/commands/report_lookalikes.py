"""`touchpoint report audience … --alike N`: who is like some people, and what they still lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import grpc
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.calling import CALLER, business_time, service
from cli.commands.train import parse_days
from cli.console import Exit, aside, fail, failures_told, people, say_json
from cli.customers import find_customers, name_customers
from cli.showing.lookalikes import SHOWN, as_json_lookalikes, show_lookalikes, write_csv
from cli.showing.words import several
from cli.whole_file import whole_file
from shared.call import CALLER as CALLER_KEY
from touchpoint.client import call_error
from touchpoint.retrieval.v1.retrieval_pb2 import Lookalike, LookalikesSummary
from touchpoint.retrieval.v1.retrieval_service_pb2 import FindLookalikesRequest
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

_METADATA = ((CALLER_KEY, CALLER),)

Tell = Callable[[str, int], None]
"""Hears what is being done, and how many events or people so far."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose look-alikes, and which."""

    segment: str
    did: str
    offer: str
    persons: Path | None
    limit: int
    with_seed: bool
    least_weeks: float
    lacks: int
    since: str
    csv: Path | None
    in_house: bool
    """Whether the file is to have those too who did not agree to sharing."""


def report_lookalikes(asked: Asked, home: Path | None, *, as_json: bool) -> None:
    """Find them, and show them or write them to a file, which is opened before the work."""
    if asked.offer and not asked.did:
        fail("--offer: say by --did what was done with it, such as --did accept.", Exit.USAGE)
    if asked.in_house and asked.csv is None:
        fail("--in-house: goes with --csv FILE; what is shown stays here.", Exit.USAGE)
    days = parse_days(asked.since) if asked.since else None
    request = FindLookalikesRequest(
        segment=asked.segment,
        event_type=asked.did,
        offer_id=asked.offer,
        person_ids=_persons(asked.persons, home),
        limit=asked.limit,
        with_seed=asked.with_seed,
        least_weeks=asked.least_weeks,
        lacks=asked.lacks,
    )
    with (
        failures_told(),
        whole_file(asked.csv, "--csv") as file,
        _spinner(quiet=as_json) as tell,
    ):
        with service("retrieval", home) as channel:
            if days is not None:
                request.since_time.FromDatetime(business_time(channel) - days)
            summary, found = _found(RetrievalServiceStub(channel), request, tell)
        # Only who is shown is named: each of them is noted as told of.
        named = found if as_json or asked.csv is not None else found[:SHOWN]
        ids = [each.person_id for each in named]
        customer_ids = name_customers(
            ids,
            home,
            lambda count: tell("naming them", count),
            only_sharing=asked.csv is not None and not asked.in_house,
        )
        if file is not None:
            write_csv(file, found, customer_ids)
    if as_json:
        say_json(as_json_lookalikes(summary, found, customer_ids))
        return
    show_lookalikes(people, summary, found, customer_ids)
    if asked.csv is not None:
        people.print(_written(asked, len(found), len(customer_ids)), markup=False, soft_wrap=True)


def _written(asked: Asked, found: int, written: int) -> str:
    told = f"{written:,} of {found:,} written to {asked.csv}"
    if asked.in_house or written == found:
        return f"{told}."
    return f"{told}: whoever did not agree to sharing is not in it; --in-house writes everybody."


def _persons(path: Path | None, home: Path | None) -> list[str]:
    """Return the persons whose customer ids a file has; what is none may be a person's own id.

    The first line may be a head; of all others that are nobody's a sentence tells.
    """
    if path is None:
        return []
    ids = _read_ids(path)
    persons = [
        found or (each if _is_person_id(each) else "")
        for each, found in zip(ids, find_customers(ids, home), strict=True)
    ]
    unknown = [each for each, person in zip(ids[1:], persons[1:], strict=True) if not person]
    if unknown:
        told = f"{path}: nobody is known by {several(len(unknown), 'id')}, such as {unknown[0]}."
        aside.print(told, markup=False, soft_wrap=True)
    return [person for person in persons if person]


def _read_ids(path: Path) -> list[str]:
    """Read one id a line; of a CSV the first column."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        fail(f"{path}: {error.strerror}", Exit.USAGE)
    except UnicodeDecodeError:
        fail(f"{path}: is no text in UTF-8; write one customer id a line", Exit.USAGE)
    return [first for line in lines if (first := line.split(",")[0].strip().strip('"'))]


def _is_person_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _found(
    stub: RetrievalServiceStub,
    request: FindLookalikesRequest,
    tell: Tell,
) -> tuple[LookalikesSummary, list[Lookalike]]:
    """Return how they were judged and who they are; raises CallError."""
    answers = stub.FindLookalikes(request, metadata=_METADATA)
    summary, found = LookalikesSummary(), list[Lookalike]()
    try:
        for answer in answers:
            if answer.HasField("progress"):
                tell(answer.progress.step, answer.progress.events)
            if answer.HasField("summary"):
                summary = answer.summary
            found.extend(answer.people)
    except grpc.RpcError as error:
        raise call_error(error) from None
    finally:
        answers.cancel()
    return summary, found


@contextmanager
def _spinner(*, quiet: bool) -> Iterator[Tell]:
    """Show what is being done; gives the function that is told."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("beginning", total=None)

        def tell(step: str, count: int) -> None:
            progress.update(task, description=f"{step}: {count:,}" if count else step)

        yield tell
