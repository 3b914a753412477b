"""Settings of rules; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import shared.definitions
from shared.config import ServiceSettings
from shared.declaring import setting


def shipped_definitions() -> Path:
    """Return the folder of the definitions that ship with this version."""
    installed = Path(shared.definitions.__file__).parent / "shipped"
    if installed.is_dir():
        return installed
    return Path(__file__).resolve().parents[2] / "deploy" / "definitions"


@dataclass(frozen=True, slots=True)
class RulesSettings(ServiceSettings):
    """What rules is told at its start."""

    service: ClassVar[str] = "rules"

    definitions: Path = setting(
        env="TOUCHPOINT_DEFINITIONS",
        default=shipped_definitions,
        help="folder of the definitions to apply where none were ever applied",
        parse=Path,
    )
