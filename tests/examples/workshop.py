"""Compiles the examples as their READMEs say, in folders of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "examples"
_INSTALL_S = 240


class MissingError(Exception):
    """Something that an example needs is not on this machine."""


def typescript() -> list[str]:
    """Return the words that start the shop; raises MissingError."""
    node, npm = _tool("node"), _tool("npm")
    folder = BUILT / "typescript"
    ours = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(ROOT / "examples" / "typescript", folder, ignore=ours, dirs_exist_ok=True)
    install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        done = subprocess.run(
            [npm, *install], cwd=folder, capture_output=True, text=True, timeout=_INSTALL_S
        )
    except subprocess.TimeoutExpired:
        raise MissingError(f"npm packages: the registry did not answer in {_INSTALL_S} s") from None
    if done.returncode:
        raise MissingError(f"npm packages: {done.stderr.strip()[-500:]}")
    _ran(npm, "run", "build", cwd=folder)
    return [node, str(folder / "dist" / "shop.js")]


def go() -> list[str]:
    """Return the words that start the screen of a call; raises MissingError."""
    tool, folder = _tool("go"), ROOT / "examples" / "go"
    program = BUILT / "callcentre"
    BUILT.mkdir(parents=True, exist_ok=True)
    _ran(tool, "vet", ".", cwd=folder)
    _ran(tool, "build", "-o", str(program), ".", cwd=folder)
    return [str(program)]


def _ran(*words: str, cwd: Path) -> None:
    alone = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    done = subprocess.run(words, cwd=cwd, env=alone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"{name} is not on this machine")
    return found
