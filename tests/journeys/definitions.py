"""The shipped definitions, but for the holdout: nobody on a journey is left out by chance."""

from __future__ import annotations

import shutil
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "deploy" / "definitions"


def for_everybody(folder: Path) -> dict[str, str]:
    """Write the definitions into a folder and return the settings that name it."""
    shutil.copytree(SHIPPED, folder)
    parameters = folder / "parameters.yaml"
    text = parameters.read_text("utf-8")
    assert "holdout: 5%" in text, "the shipped holdout is written otherwise now"
    parameters.write_text(text.replace("holdout: 5%", "holdout: 0%"), "utf-8")
    return {"TOUCHPOINT_DEFINITIONS": str(folder)}
