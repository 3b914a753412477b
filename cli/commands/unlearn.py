"""`touchpoint unlearn`: takes what the ranker learned in a bad hour out again, and puts it back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.calling import call, service
from cli.console import CommandError, Exit, fail, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.reverts import in_words, show_reverts, show_taken_out
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.ranker.v1.reverting_pb2 import (
    LearningRevert,
    LearningSpan,
    ListRevertsRequest,
    RevertLearningRequest,
    UndoRevertRequest,
)


def unlearn(
    from_: Annotated[
        str, typer.Option("--from", metavar="TIME", help="From then on: 2026-11-01T10:00, in UTC.")
    ] = "",
    to: Annotated[str, typer.Option("--to", metavar="TIME", help="Until then, exclusively.")] = "",
    offer: Annotated[
        list[str] | None, typer.Option("--offer", help="Only of this offer; repeatable.")
    ] = None,
    placement: Annotated[str, typer.Option(help="Only what was shown there.")] = "",
    channel: Annotated[str, typer.Option(help="Only on this channel, such as EMAIL.")] = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Only tell what would be taken out.")
    ] = False,
    undo: Annotated[
        int, typer.Option(metavar="NUMBER", help="Put back what this revert took out.")
    ] = 0,
    list_: Annotated[
        bool, typer.Option("--list", help="Tell what was taken out and put back.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take what the ranker learned in a span of time out of its model, on every replica.

    Such as after an hour of a bot or of a wrong price. The learning log keeps the rows, marked; the
    model before is served until the one without them is there. It can be undone.

    Example: touchpoint unlearn --from 2026-11-01T10:00 --to 2026-11-01T11:00 --preview

    Example: touchpoint unlearn --from 2026-11-01T10:00 --to 2026-11-01T11:00 --offer free-shipping

    Example: touchpoint unlearn --undo 48211
    """
    if bool(from_ or to) + bool(undo) + list_ != 1:
        fail("Say --from and --to, or --undo NUMBER, or --list.", Exit.USAGE)
    if list_:
        return _list(home, as_json=as_json)
    if undo:
        return _undo(undo, home, as_json=as_json)
    if as_json and not (preview or yes):
        fail("With --json nobody is asked: say --preview or --yes.", Exit.USAGE)
    span = read_span(from_, to, offer or [], placement, channel)
    _take_out(span, home, is_preview=preview, is_sure=yes, as_json=as_json)
    return None


def read_span(from_: str, to: str, offers: list[str], placement: str, channel: str) -> LearningSpan:
    """Read what is meant; raises CommandError."""
    start, end = _time("--from", from_), _time("--to", to)
    if end <= start:
        raise CommandError("--to must be after --from", Exit.USAGE)
    span = LearningSpan(offer_ids=offers, placement=placement, channel=_channel(channel))
    span.from_time.FromDatetime(start)
    span.to_time.FromDatetime(end)
    return span


def _take_out(
    span: LearningSpan, home: Path | None, *, is_preview: bool, is_sure: bool, as_json: bool
) -> None:
    with service("ranker", home) as channel:
        rpc = RankerServiceStub(channel).RevertLearning
        if is_preview or not is_sure:
            asked = call(rpc, RevertLearningRequest(span=span, preview=True), None).revert
            if is_preview and as_json:
                return say_json(asked)
            show_taken_out(people, asked, would=True)
            if is_preview or not asked.rows:
                return None
            typer.confirm("Take it out?", abort=True)
        made = call(rpc, RevertLearningRequest(span=span), None).revert
    _tell(made, as_json=as_json)
    return None


def _undo(number: int, home: Path | None, *, as_json: bool) -> None:
    with service("ranker", home) as channel:
        rpc = RankerServiceStub(channel).UndoRevert
        made = call(rpc, UndoRevertRequest(number=number), None).revert
    _tell(made, as_json=as_json)


def _list(home: Path | None, *, as_json: bool) -> None:
    with service("ranker", home) as channel:
        listed = call(RankerServiceStub(channel).ListReverts, ListRevertsRequest())
    if as_json:
        say_json(listed)
    else:
        show_reverts(people, list(listed.reverts))


def _tell(made: LearningRevert, *, as_json: bool) -> None:
    if as_json:
        say_json(made)
    else:
        people.print(in_words(made), markup=False, soft_wrap=True)


def _time(option: str, text: str) -> datetime:
    """Read ISO 8601, UTC where no zone is said."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        sentence = f"{option} {text!r}: say a time such as 2026-11-01T10:00"
        raise CommandError(sentence, Exit.USAGE) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _channel(name: str) -> Channel.Value.ValueType:
    known = {known: number for known, number in Channel.Value.items() if number}
    if name and name.upper() not in known:
        sentence = f"--channel {name!r}: there are {', '.join(known)}"
        raise CommandError(sentence, Exit.USAGE)
    return known[name.upper()] if name else Channel.UNSPECIFIED
