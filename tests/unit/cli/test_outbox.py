"""What is shown of the messages that a suite in development sent nobody."""

import json

import pytest
from typer.testing import CliRunner

from cli.commands import outbox as command
from cli.main import app

FIRST = {
    "id": "m1",
    "time": "2026-03-02T12:00:00+00:00",
    "channel": "SMS",
    "to": "+49",
    "text": "a [b]",
}
SECOND = {**FIRST, "id": "m2", "channel": "EMAIL", "subject": "Come back", "html": "<b>x</b>"}


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "outbox"
    folder.mkdir()
    for mail in (SECOND, FIRST):
        (folder / f"{mail['id']}.json").write_text(json.dumps(mail))
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, ["outbox", *map(str, words)])


def test_messages_are_listed_in_their_order(home):
    shown = run("--home", home).output
    assert shown.index("m1") < shown.index("m2")
    assert "a [b]" in shown
    assert "Come back" in shown


def test_what_was_sent_first_comes_first_whatever_it_is_called(home):
    earlier = {**FIRST, "id": "z", "time": "2026-03-01T12:00:00+00:00"}
    (home / "outbox" / "z.json").write_text(json.dumps(earlier))
    lines = run("--home", home, "--json").output.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["z", "m1", "m2"]


def test_for_machines_each_is_a_line_of_json(home):
    assert [json.loads(line) for line in run("--home", home, "--json").output.splitlines()] == [
        FIRST,
        SECOND,
    ]


def test_one_is_shown_in_full(home):
    shown = run("m2", "--home", home).output
    assert "subject: Come back" in shown
    assert "a [b]" in shown
    assert json.loads(run("m2", "--home", home, "--json").output) == SECOND


def test_a_message_that_is_not_there_is_said_so(home):
    found = run("m9", "--home", home)
    assert found.exit_code == 1
    assert "There is no message m9" in found.output


def test_an_empty_outbox_is_said_so(tmp_path):
    assert "Nothing was sent" in run("--home", tmp_path).output


def test_what_is_no_message_is_named(home):
    (home / "outbox" / "z.json").write_text("{")
    found = run("--home", home)
    assert found.exit_code == 1
    assert "is no message" in found.output


def test_following_goes_on_with_what_is_new_once(home, monkeypatch, capsys):
    naps = iter([lambda: (home / "outbox" / "m3.json").write_text('{"id": "m3"}'), lambda: None])

    def nap(_):
        try:
            next(naps)()
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(command.time, "sleep", nap)
    command.outbox(follow=True, home=home, as_json=True)
    ids = [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]
    assert ids == ["m1", "m2", "m3"]
