"""Compiles the protos beside this folder; the wheel gets the stubs of touchpoint.*.v1 alone."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent


class ClientStubsHook(BuildHookInterface[Any]):
    """Builds the stubs in a folder of its own: those of the tree may be in use."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add what a client needs to the wheel."""
        self._folder = tempfile.TemporaryDirectory()
        stubs = Path(self._folder.name) / "gen"
        _server_build().compile_protos(ROOT, stubs)
        build_data["force_include"][str(stubs / "touchpoint")] = "touchpoint"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        self._folder.cleanup()


def _server_build() -> ModuleType:
    """Load the build of the whole tree, which knows how protos are compiled."""
    spec = importlib.util.spec_from_file_location("touchpoint_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
