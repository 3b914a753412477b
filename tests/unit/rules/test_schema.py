"""Editors are given a schema of the definitions, made of the tables by which they are read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from services.rules.config import shipped_definitions
from services.rules.definitions.described import Described
from services.rules.definitions.files import read_folder
from services.rules.definitions.schema import definitions_schema
from services.rules.definitions.sections import SECTIONS
from tests.unit.rules import test_examples_defined, test_questions_defined
from tests.unit.rules.schema_check import mistakes
from tests.unit.rules.test_definitions import GOOD

SCHEMA = json.loads(definitions_schema())


class Scalars(yaml.SafeLoader):
    """Reads dates and words such as `off` as text, as YAML 1.2 and editors do."""


Scalars.yaml_implicit_resolvers = {
    first: [each for each in resolvers if not each[0].endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Scalars.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


def wrong(text: str) -> list[str]:
    return list(mistakes(yaml.load(text, Scalars), SCHEMA))


@pytest.mark.parametrize("file", read_folder(shipped_definitions()), ids=lambda file: file.path)
def test_the_shipped_definitions_are_as_the_schema_says(file: Any) -> None:
    assert not wrong(file.text)


def test_definitions_with_examples_are_as_the_schema_says() -> None:
    assert not wrong(GOOD + test_examples_defined.RULE)
    assert not wrong(GOOD + test_examples_defined.CLOCK)
    assert not wrong(test_questions_defined.ASKING)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    limit: 3", "    limt: 3", "/placements/0 has no limt"),
        ("channel: WEB", "channel: WEP", "/placements/0/channel is none of"),
        ("limit: 3\n", "limit: 51\n", "/placements/0/limit is none of"),
        ("    code: OUT_OF_STOCK\n", "    code: [DECLINED]\n", "/rules/0/code is none of"),
        ("rules:", "rulez:", " has no rulez"),
        ("name: sold_out", "level: ELIGIBILITY", "/rules/0 is without name"),
        ("  declined_for: 30d", "  Declined: 30d", "/parameters/Declined is not like"),
        ("declined_for: 30d", "declined_for: [30d]", "/parameters/declined_for is no"),
        ("limit: 3\n", "limit: ${most}\n", ""),
    ],
)
def test_what_check_would_refuse_the_schema_marks(old: str, new: str, message: str) -> None:
    found = wrong(GOOD.replace(old, new, 1))
    assert any(message in each for each in found) if message else not found


def test_every_field_says_what_it_takes_and_what_it_is() -> None:
    for name, section in SECTIONS.items():
        held = SCHEMA["properties"][name]
        entry = held.get("items", held)
        for field, read in section.fields.items():
            assert isinstance(read, Described), f"{name}.{field} does not say what it takes"
            assert entry["properties"][field].get("description"), f"{name}.{field} is not described"


def test_fields_of_examples_are_described_by_the_protos_of_conditions() -> None:
    rule = SCHEMA["properties"]["rules"]["items"]["properties"]
    example = rule["examples"]["items"]["properties"]
    assert example["offer"]["properties"]["stock"]["description"] == (
        "How many are left; -1: not tracked."
    )
    assert example["item"]["description"].startswith(
        "`item`: what the candidate is, where it is an"
    )
    item = example["item"]["properties"]
    assert item["stock"]["description"] == "How many are left; -1: not tracked, or no item."
    assert item["attributes"]["maxProperties"] == 32
    assert example["customer"]["description"] == "`customer`: what is known of the person."
