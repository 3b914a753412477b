"""Every command says how it is used, and reads its arguments or says what is wrong with them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import typer
from typer.testing import CliRunner

from cli.commands.clock import parse_forward
from cli.commands.definitions import parse_share, read_folder
from cli.commands.recommend import read_cart_line
from cli.commands.track import read_attributes
from cli.console import CommandError
from cli.main import COMMANDS, app
from cli.showing.changes import compare

run = CliRunner()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example_that_names_the_command(name):
    answer = run.invoke(app, [name, "--help"])
    assert answer.exit_code == 0
    assert f"Example: touchpoint {name}" in answer.stdout


def test_the_help_lists_every_command():
    answer = run.invoke(app, ["--help"])
    assert all(name in answer.stdout for name in COMMANDS)


def test_an_unknown_command_is_a_wrong_use():
    assert run.invoke(app, ["recomend"]).exit_code == 2


@pytest.mark.parametrize(
    ("text", "forward"),
    [
        ("+7d", timedelta(days=7)),
        ("+2w", timedelta(weeks=2)),
        ("+90s", timedelta(seconds=90)),
        ("+30m", timedelta(minutes=30)),
    ],
)
def test_time_moves_forward_by_what_is_said(text, forward):
    assert parse_forward(text) == forward


@pytest.mark.parametrize("text", ["-1d", "7d", "+7", "+d", "+1.5h"])
def test_time_moves_in_no_other_way(text):
    with pytest.raises(typer.Exit) as ended:
        parse_forward(text)
    assert ended.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("tv", ("tv", 1, "")),
        ("tv:2", ("tv", 2, "")),
        ("tv@2999.90", ("tv", 1, "2999.90")),
        ("a:b:3@5", ("a:b", 3, "5")),
    ],
)
def test_a_line_of_the_cart_is_an_item_with_quantity_and_price(text, read):
    line = read_cart_line(text)
    assert (line.item_id, line.quantity, line.price.amount) == read


@pytest.mark.parametrize("text", ["", "@5", "tv@dear", "tv:2@", "tv@1@2"])
def test_a_line_of_the_cart_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match="ITEM:QUANTITY@PRICE"):
        read_cart_line(text)


def test_attributes_become_what_they_look_like():
    said = ["gift=true", "age=7", "note=hello=you", "id=007"]
    assert read_attributes(said) == {"gift": True, "age": 7, "note": "hello=you", "id": "007"}
    with pytest.raises(ValueError, match="NAME=VALUE"):
        read_attributes(["gift"])


def test_definitions_are_read_with_their_paths_below_the_folder(tmp_path):
    (tmp_path / "offers").mkdir()
    (tmp_path / "offers" / "summer.yaml").write_text("offers: []")
    (tmp_path / "rules.yml").write_text("rules: []")
    (tmp_path / "notes.txt").write_text("no definition")
    assert {file.path: file.text for file in read_folder(tmp_path)} == {
        "offers/summer.yaml": "offers: []",
        "rules.yml": "rules: []",
    }


@pytest.mark.parametrize(("text", "share"), [("10%", 0.1), ("0.25", 0.25), ("100%", 1.0)])
def test_a_share_of_people_is_read(text, share):
    assert parse_share(text) == share


@pytest.mark.parametrize(
    ("text", "told"),
    [("0", "rollback"), ("0%", "10%"), ("101%", "100%"), ("-5%", "5%"), ("x", "5%")],
)
def test_a_share_that_means_nothing_is_refused_with_what_to_write(text, told):
    with pytest.raises(CommandError, match=told) as refused:
        parse_share(text)
    assert refused.value.code == 2


def test_a_folder_without_definitions_is_refused(tmp_path):
    with pytest.raises(CommandError, match=r"holds no \.yaml file"):
        read_folder(tmp_path)
    with pytest.raises(CommandError, match="is not a folder"):
        read_folder(tmp_path / "nothing")


def test_changes_are_shown_file_by_file():
    changed = compare(
        {"a.yaml": "x: 1\n", "b.yaml": "y: 1"}, {"a.yaml": "x: 2\n", "b.yaml": "y: 1"}
    )
    assert changed["b.yaml"] == []
    assert {"-x: 1", "+x: 2"} <= set(changed["a.yaml"])


def test_nobody_at_the_address_is_said_with_what_to_do(tmp_path):
    answer = run.invoke(
        app, ["rollback", "--home", str(tmp_path)], env={"TOUCHPOINT_RULES_TARGETS": "127.0.0.1:1"}
    )
    assert answer.exit_code == 3
    assert "Nobody answers at 127.0.0.1:1" in answer.stderr
    assert "touchpoint up" in answer.stderr
    assert "TOUCHPOINT_RULES_TARGETS=HOST:PORT" in answer.stderr


@pytest.fixture
def hasty(monkeypatch):
    """Wait a moment only for who does not answer anyway."""
    monkeypatch.setattr("cli.commands.importing._CONNECT_S", 0.1)


@pytest.mark.usefixtures("hasty")
def test_an_import_into_nothing_is_said_with_what_to_do(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("item_id,title,category\nA,A kettle,Kitchen\n")
    answer = run.invoke(
        app,
        ["import", "items", str(path), "--home", str(tmp_path)],
        env={"TOUCHPOINT_RETRIEVAL_TARGETS": "127.0.0.1:1"},
    )
    assert answer.exit_code == 3
    assert "Nobody answers at 127.0.0.1:1" in answer.stderr


@pytest.mark.parametrize(
    "command", ["recommend customer:C1", "demo bought", "demo --traffic", "clock"]
)
def test_an_edge_that_is_not_there_is_said_with_the_option_that_names_another(command):
    answer = run.invoke(app, [*command.split(), "--edge", "127.0.0.1:1"])
    assert answer.exit_code == 3
    assert "Nobody answers at 127.0.0.1:1" in answer.stderr
    assert "--edge HOST:PORT" in answer.stderr


def test_a_story_that_does_not_exist_is_said_with_those_that_do():
    answer = run.invoke(app, ["demo", "bougth"])
    assert answer.exit_code == 2
    assert "There is no story bougth" in answer.stderr
    assert "bought" in answer.stderr


def test_a_story_and_traffic_at_once_are_a_wrong_use():
    answer = run.invoke(app, ["demo", "bought", "--traffic"])
    assert answer.exit_code == 2
    assert "not both" in answer.stderr


def test_an_identity_without_its_kind_is_a_wrong_use():
    answer = run.invoke(app, ["recommend", "somebody", "--edge", "127.0.0.1:1"])
    assert answer.exit_code == 2
    assert "say kind:value" in answer.stderr


def test_a_broken_file_is_refused_before_anything_is_applied(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("item_id,title,prise\n1,Lamp,5\n")
    answer = run.invoke(app, ["import", "items", str(path)])
    assert answer.exit_code == 1
    assert "column 'prise' is not known" in answer.stderr
    assert "Nothing of it was applied" in answer.stderr


@pytest.mark.usefixtures("hasty")
def test_a_rehearsal_tells_bad_rows_and_applies_none(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("item_id,title,price\n1,Lamp,5\n2,Rug,dear\n")
    nobody = {"TOUCHPOINT_RETRIEVAL_TARGETS": "127.0.0.1:1"}
    answer = run.invoke(app, ["import", "items", str(path), "--dry-run"], env=nobody)
    assert answer.exit_code == 1
    assert "row 3, price: must be a decimal number" in answer.stderr
    assert "1 row well-formed, 1 not; nothing was applied" in answer.stdout


def test_a_suite_that_is_asked_for_in_two_ways_at_once_is_refused():
    answer = run.invoke(app, ["up", "--colocate", "--replicas", "rules=2"])
    assert answer.exit_code == 2
    assert "--colocate is one process" in answer.stderr
    answer = run.invoke(app, ["up", "--workers", "2"])
    assert answer.exit_code == 2
    assert "--workers is for --colocate" in answer.stderr


def test_a_home_that_cannot_be_made_is_said_with_what_to_do(tmp_path):
    file = tmp_path / "file"
    file.touch()
    answer = run.invoke(app, ["up", "--data", "none", "--port", "0", "--home", str(file / "home")])
    assert answer.exit_code == 1
    assert f"{file / 'home'} cannot hold a suite" in answer.stderr
    assert "--home" in answer.stderr


def test_status_of_a_home_where_nothing_runs_says_so(tmp_path):
    answer = run.invoke(app, ["status", "--home", str(tmp_path)])
    assert answer.exit_code == 3
    assert "touchpoint up" in answer.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "nowhere/at/all", "no-such-table"], "there is no table"),
        (["export", "--in-house", "nowhere/at/all", "no-such-table"], "there is no table"),
        (["export", "person", "--help"], "--identity"),
        (["new", "nowhere/at/all", "--from", "no-such-folder"], "name files after"),
        (["new", "personas", "--help"], "--accept"),
    ],
)
def test_of_a_group_one_command_needs_no_name(words, said):
    answer = run.invoke(app, words)
    assert said in answer.output
