"""Bundles of the client and of the checks, made of packages from the npm registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "web"
BUILT = ROOT / "build" / "web"
_CHECKS = ROOT / "tests" / "web" / "checks"
_BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)


class MissingError(Exception):
    """Something that the checks need is not on this machine."""


def node() -> str:
    """Return Node's path; raises MissingError."""
    return _tool("node")


def browser() -> str:
    """Return the path of a browser, `CHROME` before others; raises MissingError."""
    named = (os.environ.get("CHROME", ""), *_BROWSERS)
    found = next(filter(None, (shutil.which(name) for name in named if name)), None)
    if found is None:
        raise MissingError(f"no browser: none of {', '.join(_BROWSERS)}, and CHROME names none")
    return found


def built() -> Path:
    """Install the packages, unless they are there, and bundle everything; raises MissingError."""
    node()
    _install()
    _generate()
    shutil.rmtree(BUILT / "checks", ignore_errors=True)
    shutil.copytree(_CHECKS, BUILT / "checks")
    bundle = ["--bundle", "--format=esm", "--target=es2022", "--log-level=warning"]
    ran("esbuild", "checks/in_node.ts", *bundle, "--platform=node", "--outfile=in_node.mjs")
    ran("esbuild", "checks/in_browser.ts", *bundle, "--outfile=in_browser.js")
    return BUILT


def ran(tool: str, *arguments: str, cwd: Path = BUILT) -> None:
    """Run a tool of the packages; raises CalledProcessError after printing what it said."""
    program = BUILT / "node_modules" / ".bin" / tool
    done = subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True)
    print(done.stdout, done.stderr)
    done.check_returncode()


def client_bundle() -> bytes:
    """Return the client as `npm run build` makes it."""
    told = json.loads((CLIENT / "package.json").read_text())["scripts"]["bundle"].split()
    out = BUILT / "touchpoint.js"
    kept = [each for each in told[1:] if not each.startswith("--outfile")]
    ran(told[0], *kept, f"--outfile={out}", "--log-level=warning", cwd=CLIENT)
    return out.read_bytes()


@lru_cache(1)
def _install() -> None:
    wanted = (CLIENT / "package.json").read_text()
    BUILT.mkdir(parents=True, exist_ok=True)
    stamp = BUILT / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    (BUILT / "package.json").write_text(wanted)
    install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    try:
        done = subprocess.run(
            [_tool("npm"), *install], cwd=BUILT, capture_output=True, text=True, timeout=240
        )
    except subprocess.TimeoutExpired:
        raise MissingError("npm packages: the registry did not answer in 4 minutes") from None
    if done.returncode:
        raise MissingError(f"npm packages: {done.stderr.strip()[-500:]}")
    stamp.write_text(wanted)


def _generate() -> None:
    """Generate what connect-web needs of the protos."""
    from grpc_tools import protoc

    gen = BUILT / "gen"
    shutil.rmtree(gen, ignore_errors=True)
    gen.mkdir()
    sources = [str(path) for path in sorted((ROOT / "protos").rglob("*.proto"))]
    plugin = BUILT / "node_modules" / ".bin" / "protoc-gen-es"
    include = [f"-I{ROOT / 'protos'}", f"-I{files('grpc_tools') / '_proto'}"]
    out = [f"--plugin=protoc-gen-es={plugin}", f"--es_out={gen}", "--es_opt=target=ts"]
    assert protoc.main(["protoc", *include, *out, *sources]) == 0


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"{name} is not on this machine")
    return found
