"""The documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    path
    for path in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("client/*.md"),
        *ROOT.glob("clients/web/*.md"),
    )
    if path.is_file()
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_tree_leads_to_a_file(document):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    missing = [link for link in links if ":" not in link and not (document.parent / link).exists()]
    assert missing == []


def test_the_readme_names_only_commands_that_there_are():
    section = (ROOT / "README.md").read_text().split("## The command line")[1].split("##")[0]
    named = set(re.findall(r"`([a-z]+)`", section))
    assert named
    assert named <= set(COMMANDS)
