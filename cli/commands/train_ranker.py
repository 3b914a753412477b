"""`touchpoint train --ranker --from`: the ranker learns from history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.console import Console

from cli.calling import CALLER, service
from cli.console import Exit, add_row, fail, people, say_json, table
from cli.importing.files import open_rows
from cli.importing.history_rows import history_row, said_of
from cli.importing.row_file import BadCell, BrokenFileError
from cli.reporting import followed
from cli.showing.policy import show_answers
from cli.showing.words import several
from shared.call import CALLER as CALLER_KEY
from touchpoint.ranker.v1.history_pb2 import HistoryRow, RankerTraining, TrainRankerRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

_METADATA = ((CALLER_KEY, CALLER),)
_ENDINGS = frozenset({".csv", ".jsonl", ".ndjson", ".parquet"})
_AT_ONCE, _LEAST = 10_000, 100
_BYTES_AT_ONCE, _MOST_BYTES = 3_000_000, 4_000_000
"""Services take requests up to 4 MiB."""
_FRAME = 4
"""Bytes that say of each row how long it is."""
_TOLD = 10
"""Bad rows on the screen."""


@dataclass(slots=True)
class _Read:
    """What the files hold."""

    rows: list[HistoryRow] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    met: Counter[bytes] = field(default_factory=Counter)
    """By digest: how many rows say the same showing."""

    def add(self, row: HistoryRow) -> None:
        """Take a row; raises ValueError for an id that another has. Equal rows are counted."""
        if row.id in self.ids:
            raise ValueError(f"id: {row.id} is that of a row before")
        if row.id:
            self.ids.add(row.id)
        else:
            digest = blake2b(said_of(row), digest_size=16).digest()
            self.met[digest] += 1
            row.occurrence = self.met[digest]
        self.rows.append(row)


def source_of_history(source: Path | None, others: Sequence[object]) -> Path:
    """Return where history is; ends the command where that is not said, or other options are."""
    if source is None:
        fail("--ranker, --from PATH and --dry-run go together.", Exit.USAGE)
    if any(others):
        fail("--ranker goes with --from, --force and --dry-run alone.", Exit.USAGE)
    return source


def train_ranker(
    source: Path, home: Path | None, *, force: bool, preview: bool, as_json: bool
) -> None:
    """Read files of history and let the ranker learn from them, where it is better by it."""
    found = _read(source)
    for told in found.refused[:_TOLD]:
        people.print(told, markup=False, soft_wrap=True)
    if len(found.refused) > _TOLD:
        people.print(f"… and {len(found.refused) - _TOLD} more", markup=False)
    if found.refused:
        fail(f"{several(len(found.refused), 'row')} cannot be read; nothing was learned.")
    if len(found.rows) < _LEAST:
        fail(f"There are {len(found.rows)} rows; at least {_LEAST} are learned from.")
    reports = []
    with service("ranker", home) as channel:
        stub = RankerServiceStub(channel)
        for rows in _parts(found.rows):
            request = TrainRankerRequest(rows=rows, force=force, preview=preview)
            reports.append(_trained(stub, request, quiet=as_json))
    if as_json:
        always = [
            MessageToDict(each, always_print_fields_with_no_presence=True) for each in reports
        ]
        say_json({"trainings": always})
        return
    for report in reports:
        show_training(people, report, preview=preview)


def _in_full(report: RankerTraining) -> dict[str, Any]:
    """Return a report with what is 0 or false in it."""
    return MessageToDict(report, always_print_fields_with_no_presence=True)


def show_training(console: Console, report: RankerTraining, *, preview: bool) -> None:
    """Print how the two compare, and what was learned."""
    if report.unknown_offers:
        examples = ", ".join(report.examples)
        console.print(
            f"Left out: {several(report.unknown_offers, 'row')} of offers that the catalogue does "
            f"not know, such as {examples}.",
            markup=False,
            soft_wrap=True,
        )
    shown = table("", "log-loss", "AUC", "calibration error")
    for name, scores in (("served", report.served), ("after learning", report.candidate)):
        numbers = (scores.log_loss, scores.auc, scores.calibration_error)
        add_row(shown, name, *(f"{each:.4f}" for each in numbers))
    console.print(shown)
    console.print(
        f"On the last {report.compared_rows:,} of {report.rows:,} rows the log-loss is "
        f"{report.gain:+.4f} better ({report.gain_low:+.4f} to {report.gain_high:+.4f}).",
        markup=False,
        soft_wrap=True,
    )
    _show_off_policy(console, report)
    console.print(_outcome(report, preview=preview), markup=False, soft_wrap=True)


def _show_off_policy(console: Console, report: RankerTraining) -> None:
    """Print what both would have earned by the answers of these rows, or why nobody knows."""
    if report.no_off_policy:
        console.print(
            f"What either would have earned cannot be told: {report.no_off_policy}.",
            markup=False,
            soft_wrap=True,
        )
    elif report.HasField("off_policy_candidate"):
        sides = {"served": report.off_policy_served, "after learning": report.off_policy_candidate}
        show_answers(console, sides)


def _outcome(report: RankerTraining, *, preview: bool) -> str:
    if report.written_rows:
        after = f"after row {report.after_row:,} of the learning log"
        return f"Learned: {several(report.written_rows, 'row')} {after}, on every replica."
    if preview:
        would = "would be" if report.better else "would not be"
        return f"It {would} learned from; nothing was, as this was a dry run."
    if report.better:
        return "Nothing was learned: all of it was before."
    return (
        "Nothing was learned: it is not better beyond chance (--force learns from it all the same)."
    )


def _read(source: Path) -> _Read:
    found = _Read()
    try:
        for path in _files(source):
            for number, row in open_rows(path).rows():
                _take(found, f"{path.name}:{number}", row)
    except BrokenFileError as error:
        fail(str(error))
    found.rows.sort(key=lambda row: row.time_us)
    return found


def _take(found: _Read, where: str, row: object) -> None:
    if isinstance(row, BadCell):
        found.refused.append(f"{where}: {row.column}: {row.reason}")
    elif isinstance(row, str):
        found.refused.append(f"{where}: {row}")
    else:
        try:
            found.add(history_row(row))  # type: ignore[arg-type]
        except ValueError as error:
            found.refused.append(f"{where}: {error}")


def _files(source: Path) -> Sequence[Path]:
    if not source.is_dir():
        return [source]
    found = sorted(path for path in source.iterdir() if path.suffix.lower() in _ENDINGS)
    if not found:
        raise BrokenFileError(f"{source} holds no file that ends in {', '.join(sorted(_ENDINGS))}")
    return found


def _parts(rows: Sequence[HistoryRow]) -> Iterator[Sequence[HistoryRow]]:
    """Yield as many as may be sent at once, in order of time, none of them too few.

    Wide rows go in more parts, each of some 3 MB where rows are about as wide as one another.
    """
    sizes = [row.ByteSize() + _FRAME for row in rows]
    count = max(-(-len(rows) // _AT_ONCE), -(-sum(sizes) // _BYTES_AT_ONCE))
    while count * _LEAST < len(rows) and any(size > _MOST_BYTES for size in _sized(sizes, count)):
        count += 1
    count = max(1, min(count, len(rows) // _LEAST))
    for part in range(count):
        yield rows[part * len(rows) // count : (part + 1) * len(rows) // count]


def _sized(sizes: Sequence[int], count: int) -> Iterator[int]:
    """Yield the bytes of each of so many parts."""
    for part in range(count):
        yield sum(sizes[part * len(sizes) // count : (part + 1) * len(sizes) // count])


def _trained(
    stub: RankerServiceStub, request: TrainRankerRequest, *, quiet: bool
) -> RankerTraining:
    responses = stub.TrainRanker(request, metadata=_METADATA)
    return followed(responses, RankerTraining(), "learning", quiet=quiet)
