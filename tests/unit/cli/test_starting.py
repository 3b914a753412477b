"""Definitions to begin with fit the data found, say why, and pass the check."""

import json
import re

import pytest
from typer.testing import CliRunner

from cli.console import CommandError
from cli.main import app
from cli.starting.found import Found, in_files
from cli.starting.starter import shipped_folder, starter
from services.rules.definitions import check_definitions
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

run = CliRunner()


def a_shop(folder):
    (folder / "items.csv").write_text(
        "item_id,title,category,price,currency\n"
        "1,Spade,Garden > Tools,20,EUR\n2,Rake,Garden > Tools,25,EUR\n3,Cup,Kitchen & Home,5,EUR\n"
    )
    events = [
        {
            "event_id": f"{person}-{day}",
            "type": "purchase",
            "time": f"2026-01-{day:02}T10:00:00Z",
            "customer_id": person,
            "channel": "STORE",
            "value": "40.00",
        }
        for person in ("a", "b")
        for day in (1, 11, 21)
    ]
    lines = [*map(json.dumps, events), '{"type": "no id"}']
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "notes.txt").write_text("not data")


def checked(texts):
    files = [DefinitionFile(path=path, text=text) for path, text in texts.items()]
    return [each for each in check_definitions(files).problems if not each.warning]


def test_definitions_of_a_shop_s_files_pass_the_check_and_fit_it(tmp_path):
    data, made = tmp_path / "data", tmp_path / "made"
    data.mkdir()
    a_shop(data)
    answer = run.invoke(app, ["new", str(made), "--from", str(data), "--json"])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["items"], told["events"], told["channels"]) == (3, 6, {"STORE": 6})
    texts = {path.name: path.read_text() for path in made.iterdir()}
    assert checked(texts) == []
    assert "store.till" in texts["placements.yaml"]
    assert "ivr.menu" not in texts["placements.yaml"]
    assert "  abandoned_cart.min_cart: 40\n" in texts["parameters.yaml"]
    assert "  lapsing.after: 30d\n" in texts["parameters.yaml"]
    assert "# Found: people come back after 10 days" in texts["parameters.yaml"]
    assert "fond_of_garden" in texts["segments.yaml"]
    assert "discover.kitchen_home" in texts["offers.yaml"]


@pytest.mark.parametrize(
    "categories",
    [
        {},
        {'Bad "quote': 2, "Grün & Blau": 3, "---": 1, "Grün/Blau": 2},
        {"A\nrules:\n  - rule: mine": 9, "tab\there": 8, "\u2028": 7, "B": 1},
    ],
)
def test_whatever_is_found_passes_the_check(categories):
    found = Found(items=6, events=0)
    found.categories.update(categories)
    assert checked(starter(found, shipped_folder())) == []


def test_categories_of_any_alphabet_have_names_of_their_own():
    found = Found(items=10, events=0)
    found.categories.update({"Обувь": 3, "Сад": 2, "Möbel": 4, "Mobel": 1})
    segments = starter(found, shipped_folder())["segments.yaml"]
    assert re.findall(r"segment: (fond_of_\w+)", segments) == [
        "fond_of_mobel",
        "fond_of_category",
        "fond_of_category_2",
        "fond_of_mobel_2",
    ]


@pytest.mark.parametrize("channel", list(Channel.Value.keys())[1:])
def test_a_shop_with_one_channel_more_than_the_web_passes_the_check(channel):
    found = Found(items=0, events=1)
    found.channels.update([channel])
    assert checked(starter(found, shipped_folder())) == []


def test_a_file_with_other_columns_is_told_so(tmp_path):
    (tmp_path / "items.csv").write_text("sku,title\n1,Spade\n")
    with pytest.raises(CommandError, match="column 'sku' is not known"):
        in_files([tmp_path])


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.yaml").write_text("rules: []\n")
    answer = run.invoke(app, ["new", str(tmp_path), "--from", str(tmp_path)])
    assert answer.exit_code == 1
    assert "not empty" in answer.stderr


def test_files_must_say_what_they_hold(tmp_path):
    (tmp_path / "dump.csv").write_text("a\n1\n")
    with pytest.raises(CommandError, match=r"items\.csv"):
        in_files([tmp_path])
