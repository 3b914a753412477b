"""What a bad hour is, as it is told on the command line, and how what was done is told."""

from datetime import UTC, datetime

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli.commands.unlearn import read_span
from cli.console import CommandError, Exit
from cli.main import app
from cli.showing.reverts import in_words, show_reverts, show_taken_out
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.ranker.v1.reverting_pb2 import LearningRevert, LearningSpan, RevertedOffer


def test_times_are_of_utc_where_no_zone_is_said():
    span = read_span("2026-11-01T10:00", "2026-11-01T12:00+01:00", ["a", "b"], "web.item", "email")
    assert span.from_time.ToDatetime(tzinfo=UTC) == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert span.to_time.ToDatetime(tzinfo=UTC) == datetime(2026, 11, 1, 11, tzinfo=UTC)
    assert (list(span.offer_ids), span.placement) == (["a", "b"], "web.item")
    assert span.channel == Channel.EMAIL


@pytest.mark.parametrize(
    ("from_", "to", "channel", "complaint"),
    [
        ("yesterday", "2026-11-01T11:00", "", "--from 'yesterday': say a time"),
        ("2026-11-01T10:00", "", "", "--to '': say a time"),
        ("2026-11-01T10:00", "2026-11-01T10:00", "", "--to must be after --from"),
        ("2026-11-01T10:00", "2026-11-01T11:00", "fax", "there are WEB"),
    ],
)
def test_what_is_no_span_is_refused_before_anything_is_asked(from_, to, channel, complaint):
    with pytest.raises(CommandError, match=complaint) as caught:
        read_span(from_, to, [], "", channel)
    assert caught.value.code is Exit.USAGE


@pytest.mark.parametrize(
    "said",
    [
        [],
        ["--undo", "3", "--list"],
        ["--from", "2026-11-01T10:00", "--list"],
        ["--from", "2026-11-01T10:00", "--json"],
    ],
)
def test_one_thing_is_done_at_a_time(said):
    assert CliRunner().invoke(app, ["unlearn", *said]).exit_code == Exit.USAGE


def shown(show, *things, **more):
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as captured:
        show(console, *things, **more)
    return captured.get()


def test_a_preview_tells_how_many_rows_of_which_offers():
    offers = [RevertedOffer(offer_id=f"offer-{n}", rows=9, accepted=4) for n in range(25)]
    told = shown(show_taken_out, LearningRevert(rows=225, offers=offers), would=True)
    assert "offer-19" in told
    assert "offer-20" not in told
    assert "5 offers more" in told
    assert "225 rows would be taken out" in told


def test_what_was_done_says_how_it_is_undone():
    assert in_words(LearningRevert(number=7, rows=1)).endswith("touchpoint unlearn --undo 7")
    assert "nothing was changed" in in_words(LearningRevert())
    assert in_words(LearningRevert(number=9, rows=2, undoes=7)).startswith("Put back 2 rows")


def test_the_list_tells_which_are_undone_and_of_what_they_are():
    span = LearningSpan(offer_ids=["a", "b", "c", "d"], placement="web.item", channel=Channel.WEB)
    told = shown(
        show_reverts,
        [LearningRevert(number=9, undoes=7), LearningRevert(number=7, span=span, rows=1200)],
    )
    assert "puts back 7" in told
    assert "undone" in told
    assert "a, b, c, …, web.item, WEB" in told
    assert "1,200" in told
