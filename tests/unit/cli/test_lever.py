"""`touchpoint lever` reads until when, and says what does not go together."""

from datetime import UTC, datetime

import pytest

from cli.commands.lever import _end, _mistake
from cli.console import CommandError

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("7d", datetime(2026, 11, 30, 12, 0, tzinfo=UTC)),
        ("1h30m", datetime(2026, 11, 23, 13, 30, tzinfo=UTC)),
        ("2026-12-24", datetime(2026, 12, 24, tzinfo=UTC)),
        ("2026-12-24T18:00", datetime(2026, 12, 24, 18, 0, tzinfo=UTC)),
        ("2026-12-24T18:00+01:00", datetime(2026, 12, 24, 17, 0, tzinfo=UTC)),
    ],
)
def test_an_end_is_a_time_or_so_long_from_now(text, end):
    assert _end(text, NOW).ToDatetime(tzinfo=UTC) == end


def test_what_is_no_time_is_refused_with_what_to_write():
    with pytest.raises(CommandError, match="'soon' is no time; write 2026-12-24"):
        _end("soon", NOW)


@pytest.mark.parametrize(
    ("offer", "value", "until", "is_reset", "told"),
    [
        ("a", 1.5, "7d", False, ""),
        ("a", None, "", True, ""),
        ("", None, "", False, ""),
        ("a", 1.5, "", True, "not both"),
        ("", None, "", True, "of which item"),
        ("a", None, "7d", False, "--until belongs"),
    ],
)
def test_what_does_not_go_together_is_told(offer, value, until, is_reset, told):
    found = _mistake(offer, value, until, is_reset=is_reset)
    assert told in found if told else not found
