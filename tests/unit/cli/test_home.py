"""The folder of a suite: secrets, marks, and where the suite is reached."""

from __future__ import annotations

import stat

import pytest

from cli.reach import reach
from cli.suite.home import Endpoints, Home

GRPC = {
    "aggregator": ["127.0.0.1:1"],
    "profile": ["127.0.0.1:2", "127.0.0.1:3"],
}


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def test_a_secret_is_made_once_and_only_its_owner_reads_it(home):
    key = home.deployment_key()
    assert len(bytes.fromhex(key)) == 32
    assert Home(home.path).deployment_key() == key
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (home.path / "secrets").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700


def test_two_roles_have_two_passwords(home):
    assert home.role_password("profile") != home.role_password("rules")


def test_endpoints_are_found_as_they_were_written(home):
    written = Endpoints(GRPC, "127.0.0.1:4", 42, {"profile": 7}, colocated=True, data="story")
    home.write_endpoints(written)
    assert home.endpoints() == written
    home.forget_endpoints()
    assert home.endpoints() is None


@pytest.mark.parametrize("torn", ["", "{", "[]", "{}", '{"grpc": {}, "web": "", "pid": 1}'])
def test_a_torn_file_is_as_good_as_none(home, torn):
    (home.run / "endpoints.json").write_text(torn)
    assert home.endpoints() is None


def test_a_mark_is_remembered(home):
    assert not home.has("import-story")
    home.mark("import-story")
    assert Home(home.path).has("import-story")


def test_a_command_finds_the_suite_of_its_home(home, monkeypatch):
    monkeypatch.delenv("TOUCHPOINT_EDGE", raising=False)
    home.write_endpoints(Endpoints(GRPC, "127.0.0.1:4", 42))
    found = reach(home.path)
    assert (found.edge, found.to("profile")) == ("127.0.0.1:1", "127.0.0.1:2")


def test_what_is_told_outranks_settings_and_settings_outrank_the_home(home, monkeypatch):
    home.write_endpoints(Endpoints(GRPC, "127.0.0.1:4", 42))
    monkeypatch.setenv("TOUCHPOINT_PROFILE_TARGETS", "10.0.0.1:7401,10.0.0.2:7401")
    assert reach(home.path).to("profile") == "10.0.0.1:7401"
    assert reach(home.path, "edge.example:7400").edge == "edge.example:7400"


def test_without_a_suite_the_well_known_ports_are_asked(tmp_path):
    found = reach(tmp_path / "nothing")
    assert (found.edge, found.to("rules")) == ("127.0.0.1:7400", "127.0.0.1:7403")
