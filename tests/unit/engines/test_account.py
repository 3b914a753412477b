"""Who PostgreSQL runs as."""

import os
import pwd
from pathlib import Path

import pytest

from shared.engines import account
from shared.engines.account import NAMESPACES_SETTING, choose_account
from shared.engines.errors import EngineError

PROGRAM = Path("/bin/true")


async def test_a_normal_user_runs_it_as_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = next(user for user in pwd.getpwall() if user.pw_uid != 0)
    monkeypatch.setattr(os, "geteuid", lambda: named.pw_uid)
    assert await choose_account(tmp_path, PROGRAM, {}) is None


async def test_root_without_user_namespaces_uses_an_unprivileged_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    chosen = await choose_account(tmp_path, PROGRAM, {NAMESPACES_SETTING: "deny"})
    assert chosen is not None
    assert chosen.uid != 0
    assert not chosen.namespace


async def test_root_falls_back_when_trying_a_user_namespace_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> bool:
        return False

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "can_run", refused)
    chosen = await choose_account(tmp_path, PROGRAM, {})
    assert chosen is not None
    assert not chosen.namespace


async def test_a_user_without_a_name_and_without_namespaces_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    with pytest.raises(EngineError, match="uid 54321 has none"):
        await choose_account(tmp_path, PROGRAM, {NAMESPACES_SETTING: "deny"})


async def test_a_mistyped_setting_is_refused_by_name_and_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(EngineError, match=r"TOUCHPOINT_USER_NAMESPACES must be .* not 'no'"):
        await choose_account(tmp_path, PROGRAM, {NAMESPACES_SETTING: "no"})
