"""Settings: what is read, what is refused, what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shared.config import ConfigError, ServiceSettings, describe, load
from shared.declaring import setting
from shared.setting_types import Listen, Mode

GOOD = {
    "TOUCHPOINT_POSTGRES_URL": "postgresql://rules:hunter2@127.0.0.1:5432/touchpoint",
    "TOUCHPOINT_DEPLOYMENT_KEY": "ab" * 32,
}


@dataclass(frozen=True, slots=True)
class RulesSettings(ServiceSettings):
    service: ClassVar[str] = "rules"
    keep_days: int = setting(env="TOUCHPOINT_RULES_KEEP_DAYS", default=7, help="days of traces")
    is_strict: bool = setting(env="TOUCHPOINT_RULES_STRICT", default=False, help="refuse warnings")


def loaded(**environ: str) -> Any:
    return load(RulesSettings, GOOD | environ)


def test_what_is_not_set_has_its_default() -> None:
    settings = loaded()
    assert settings.keep_days == 7
    assert settings.mode is Mode.DEVELOPMENT
    assert settings.home == Path(".touchpoint")
    assert settings.address() == Listen("127.0.0.1", 7403, is_default=True)
    assert settings.targets("profile") == ("127.0.0.1:7401",)


def test_what_is_set_counts_and_an_asked_for_port_is_no_default() -> None:
    settings = loaded(
        TOUCHPOINT_RULES_LISTEN="127.0.0.1:9000",
        TOUCHPOINT_RULES_STRICT="yes",
        TOUCHPOINT_MODE="production",
        TOUCHPOINT_PROFILE_TARGETS="a:1, b:2",
    )
    assert settings.address() == Listen("127.0.0.1", 9000)
    assert settings.is_strict is True
    assert settings.mode is Mode.PRODUCTION
    assert settings.targets("profile") == ("a:1", "b:2")


def test_a_services_own_key_goes_before_the_shared_one() -> None:
    settings = loaded(TOUCHPOINT_RULES_POSTGRES_URL="postgresql://own@h/db")
    assert settings.postgres_url == "postgresql://own@h/db"


def test_all_mistakes_are_told_at_once_with_key_and_value() -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            RulesSettings,
            {
                "TOUCHPOINT_RULES_LISTEN": "nowhere",
                "TOUCHPOINT_RULES_KEEP_DAYS": "many",
                "TOUCHPOINT_NATS_URL": "http://x",
                "TOUCHPOINT_MODE": "testing",
                "TOUCHPOINT_DEPLOYMENT_KEY": "abcd",
                "TOUCHPOINT_RULES_TARGETS": "a:0",
            },
        )
    told = dict(line.split(" is ", 1) for line in str(caught.value).splitlines())
    assert told["TOUCHPOINT_RULES_LISTEN"].startswith("'nowhere': must be host:port")
    assert told["TOUCHPOINT_RULES_KEEP_DAYS"] == "'many': must be a whole number"
    assert told["TOUCHPOINT_MODE"] == "'testing': must be development or production"
    assert told["TOUCHPOINT_POSTGRES_URL"].startswith("not set")
    assert told["TOUCHPOINT_RULES_TARGETS"] == "'a:0': a:0 has no port"
    assert len(told) == 7


@pytest.mark.parametrize("text", ["0", "-1"])
def test_what_is_kept_for_no_time_at_all_is_a_mistake(text: str) -> None:
    with pytest.raises(ConfigError, match="must be a whole number above 0"):
        loaded(TOUCHPOINT_RULES_KEEP_DAYS=text)


def test_a_secret_is_shown_neither_in_a_mistake_nor_at_the_start() -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(TOUCHPOINT_DEPLOYMENT_KEY="sesame", TOUCHPOINT_POSTGRES_URL="mysql://u:hunter2@h")
    shown = describe(loaded())
    assert "sesame" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert shown["TOUCHPOINT_POSTGRES_URL"] == "postgresql://rules:***@127.0.0.1:5432/touchpoint"
    assert shown["TOUCHPOINT_DEPLOYMENT_KEY"] == "***"
    assert shown["TOUCHPOINT_RULES_KEEP_DAYS"] == "7"


@pytest.mark.parametrize("text", ["", ":1", "a:", "a:b", "a:70000", "a:-1"])
def test_an_address_must_be_host_and_port(text: str) -> None:
    if not text:
        assert loaded(TOUCHPOINT_RULES_LISTEN=text).listen is None
        return
    with pytest.raises(ConfigError, match="TOUCHPOINT_RULES_LISTEN"):
        loaded(TOUCHPOINT_RULES_LISTEN=text)


def test_there_is_no_such_service_to_call() -> None:
    with pytest.raises(KeyError):
        loaded().targets("billing")


CLOSED = {
    "TOUCHPOINT_KEYS": "/etc/keys.yaml",
    "TOUCHPOINT_TLS_CERTIFICATE": "/etc/certificate.pem",
    "TOUCHPOINT_TLS_KEY": "/etc/key.pem",
}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "[::1]"])
def test_on_loopback_neither_keys_nor_tls_are_demanded(host: str) -> None:
    assert loaded(TOUCHPOINT_RULES_LISTEN=f"{host}:9000").keys_file() is None


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.0.0.7", "edge.shop.example"])
@pytest.mark.parametrize(
    "missing",
    [
        list(CLOSED),
        ["TOUCHPOINT_KEYS"],
        ["TOUCHPOINT_TLS_CERTIFICATE", "TOUCHPOINT_TLS_KEY"],
    ],
)
def test_beyond_loopback_it_is_not_listened_without_both(host: str, missing: list[str]) -> None:
    told = {key: value for key, value in CLOSED.items() if key not in missing}
    with pytest.raises(ConfigError, match=r"TOUCHPOINT_RULES_LISTEN is .* only with both keys"):
        loaded(TOUCHPOINT_RULES_LISTEN=f"{host}:9000", **told)
    assert loaded(TOUCHPOINT_RULES_LISTEN=f"{host}:9000", **CLOSED)


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="go together"):
        loaded(TOUCHPOINT_TLS_CERTIFICATE="/etc/certificate.pem")


def test_keys_in_the_home_count_without_being_named(tmp_path: Path) -> None:
    (tmp_path / "keys.yaml").write_text("callers: []")
    assert loaded(TOUCHPOINT_HOME=str(tmp_path)).keys_file() == tmp_path / "keys.yaml"
