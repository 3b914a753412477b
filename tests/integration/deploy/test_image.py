"""The one Dockerfile makes an image of every service: of the whole tree, not root, with a probe."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from cli.suite.topology import SERVICES
from tests.integration.deploy.composed import DEPLOY

BUILD_S = 900
SERVICE = "ranker"


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def copied() -> set[str]:
    """Return what the build takes out of the tree."""
    found: set[str] = set()
    for name, arguments in instructions():
        if name == "COPY" and not arguments.startswith("--from"):
            found.update(arguments.split()[:-1])
    return found


def test_the_image_is_made_of_all_that_the_wheel_is_made_of():
    with Path("pyproject.toml").open("rb") as file:
        wheel = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {*wheel["packages"], "protos", "deploy/definitions", "pyproject.toml"}
    assert wanted | {wheel["hooks"]["custom"]["path"], "README.md"} == copied()
    assert all(Path(path).exists() for path in copied())


def test_the_build_sees_nothing_that_it_does_not_copy():
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {line[1:] for line in rules if line.startswith("!")} == copied()


def test_what_runs_is_not_root_and_is_asked_for_its_health():
    last = dict(instructions())
    assert last["USER"] == "10001:10001"
    assert "python -m shared.health_probe" in last["HEALTHCHECK"]
    assert "exec python -m services.$SERVICE" in last["ENTRYPOINT"]
    assert all(Path(f"services/{service}/__main__.py").exists() for service in SERVICES)


def _no_docker() -> str:
    """Say why no image can be built here; "" when one can."""
    docker = shutil.which("docker")
    if docker is None:
        return "there is no docker on this machine"
    asked = subprocess.run([docker, "info"], capture_output=True, text=True, timeout=20)
    return f"docker has no server here: {asked.stderr.strip()[:200]}" if asked.returncode else ""


@pytest.fixture(scope="module")
def image() -> str:
    why = _no_docker()
    if why:
        pytest.skip(f"no image is built: {why}")
    name = f"touchpoint-{SERVICE}:test"
    build = ["docker", "build", "--file", str(DEPLOY / "Dockerfile"), "--tag", name]
    subprocess.run([*build, "--build-arg", f"SERVICE={SERVICE}", "."], check=True, timeout=BUILD_S)
    return name


def _run(image: str, *command: str, entrypoint: str = "") -> subprocess.CompletedProcess[str]:
    chosen = ["--entrypoint", entrypoint] if entrypoint else []
    return subprocess.run(
        ["docker", "run", "--rm", *chosen, image, *command],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.timeout(BUILD_S + 60)
def test_an_image_runs_as_nobody_in_particular(image):
    assert _run(image, "-u", entrypoint="id").stdout.strip() == "10001"


@pytest.mark.timeout(BUILD_S + 60)
def test_an_image_told_nothing_says_what_it_misses(image):
    ended = _run(image)
    assert ended.returncode == 2
    assert "TOUCHPOINT_DEPLOYMENT_KEY is not set" in ended.stderr


@pytest.mark.timeout(BUILD_S + 60)
def test_an_image_has_the_stubs_and_the_shipped_definitions(image):
    found = _run(
        image,
        "-c",
        "from services.rules.config import shipped_definitions as shipped;"
        "import services.ranker.app; print(len(list(shipped().glob('*.yaml'))))",
        entrypoint="python",
    )
    assert int(found.stdout) == len(list((DEPLOY / "definitions").glob("*.yaml")))
