"""The compose file as it is read, and what it stands for once its variables are filled in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path("deploy")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(-|\?)([^}]*))?\}")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def filled(text: str, given: dict[str, str]) -> str:
    """Fill in variables as compose does; LookupError for one that must be given and is not."""

    def value(match: re.Match[str]) -> str:
        name, operator, operand = match.groups()
        told = given.get(name, "")
        if told:
            return told
        if operator != "-":
            raise LookupError(name)
        return str(operand)

    return _VARIABLE.sub(value, text)


def environment(service: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    return {key: filled(str(value), given) for key, value in service["environment"].items()}


def secrets() -> dict[str, str]:
    """What a user makes of the example: every secret given, everything else left out."""
    lines = (DEPLOY / "example.env").read_text().splitlines()
    names = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    # Begins with a digit on purpose: NATS takes such a variable for a number unless it is quoted.
    return {name: f"{number:02}e5" * 16 for number, name in enumerate(names, start=1)}


def optional() -> set[str]:
    """Variables that the example shows commented out, because they have defaults."""
    return set(re.findall(r"^#(\w+)=", (DEPLOY / "example.env").read_text(), re.MULTILINE))


def variables() -> set[str]:
    """Every variable that the compose file refers to."""
    text = (DEPLOY / "compose.yaml").read_text()
    return {match.group(1) for match in _VARIABLE.finditer(text)}
