"""What the documents show of definitions can be taken over as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from services.rules.definitions.schema import definitions_schema
from services.rules.definitions.sections import SECTIONS
from services.rules.definitions.slates import DEMANDS
from tests.unit.rules.schema_check import mistakes
from tests.unit.rules.test_schema import Scalars
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

FOLDER = Path(__file__).parents[3] / "docs"
DOCUMENTS = ("rules.md", "experiments.md", "scenarios.md")
SHIPPED = read_folder(shipped_definitions())
SCHEMA = json.loads(definitions_schema())


def _examples():
    """Yield each example with the line at which it begins."""
    for document in DOCUMENTS:
        text = (FOLDER / document).read_text("utf-8")
        for found in re.finditer(r"```yaml\n(.*?)```", text, re.DOTALL):
            line = text.count("\n", 0, found.start(1)) + 1
            yield pytest.param(found[1], id=f"{document} line {line}")


EXAMPLES = list(_examples())


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_accepted_beside_what_is_shipped(example):
    checked = check_definitions([*SHIPPED, DefinitionFile(path="example.yaml", text=example)])
    assert checked.problems == []
    assert checked.bundle is not None


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_as_the_schema_says(example):
    assert not list(mistakes(yaml.load(example, Scalars) or {}, SCHEMA))


def _shown(section):
    """Return the fields of a section that the examples use."""
    entries = [
        entry
        for example in EXAMPLES
        for entry in (yaml.load(example.values[0], Scalars) or {}).get(section, ())
    ]
    return {field for entry in entries for field in entry}


def test_every_field_of_these_sections_is_shown_in_an_example():
    assert set(DEMANDS) <= _shown("slate_rules")
    for section in (
        "rules",
        "slate_rules",
        "pins",
        "contact_limits",
        "quiet_hours",
        "experiments",
        "scenarios",
    ):
        assert _shown(section) == set(SECTIONS[section].fields), section
