"""Where an engine keeps things, and for whose eyes."""

import stat
from pathlib import Path

import pytest

from shared.engines.errors import EngineError
from shared.engines.home import LARGEST_LOG_BYTES, EngineHome


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_password_is_random_kept_and_for_its_owner_only(tmp_path: Path) -> None:
    first, second = EngineHome(tmp_path / "a", "postgres"), EngineHome(tmp_path / "b", "postgres")
    first.prepare()
    second.prepare()
    assert first.password() == first.password() != second.password()
    assert len(first.password()) >= 32
    assert _mode(tmp_path / "a" / "secrets" / "postgres") == 0o600
    assert _mode(tmp_path / "a") == 0o700


def test_the_mode_of_a_folder_that_was_there_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o750)
    EngineHome(home, "nats").prepare()
    assert _mode(home) == 0o750


def test_the_last_port_is_remembered(tmp_path: Path) -> None:
    home = EngineHome(tmp_path, "nats")
    home.prepare()
    assert home.last_port() is None
    home.record_port(17_422)
    assert home.last_port() == 17_422


def test_a_log_grown_too_large_is_put_aside(tmp_path: Path) -> None:
    home = EngineHome(tmp_path, "nats")
    home.prepare()
    with home.log.open("wb") as log:
        log.truncate(LARGEST_LOG_BYTES + 1)
    home.prepare()
    assert not home.log.exists()
    assert home.log.with_suffix(".log.1").exists()


def test_a_home_that_cannot_be_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(EngineError, match=f"cannot use {tmp_path / 'home'} as home"):
        EngineHome(tmp_path / "home", "nats").prepare()
