"""Compose and `touchpoint up` run the same services, on the same ports, told the same settings."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path

import pytest

from cli.reach import targets_setting
from cli.suite.home import Home
from cli.suite.running import Wish, environment_of, programs
from cli.suite.topology import SERVICES, Replica, Topology
from shared.config import WEB_PORT, WELL_KNOWN_PORTS, ConfigError, ServiceSettings, describe, load
from shared.engines import EngineUrls
from shared.postgres.deployment import Deployment
from shared.postgres.provision import role_of
from tests.integration.deploy.composed import (
    compose,
    environment,
    filled,
    optional,
    secrets,
    variables,
)

ENGINES = {"postgres", "nats"}
ONE_SHOT = "provision"
HOME = "/var/lib/touchpoint"
ONLY_IN_COMPOSE = {
    "TOUCHPOINT_MODE": "up is development unless told, a deployment is not",
    "TOUCHPOINT_LOG_LEVEL": "up hands on what it was started with",
    "TOUCHPOINT_MAY_LINK": "up hands on what it was started with",
    "TOUCHPOINT_MAY_EXPORT": "up hands on what it was started with",
    "TOUCHPOINT_MAY_REACH": "up hands on what it was started with",
    "TOUCHPOINT_PHONE_REGION": "up hands on what it was started with",
    "TOUCHPOINT_DEFAULT_CHANNEL": "up hands on what it was started with",
    "TOUCHPOINT_DEFAULT_PLACEMENT": "up hands on what it was started with",
    "TOUCHPOINT_ALLOWED_ORIGINS": "up hands on what it was started with",
    "TOUCHPOINT_WEBHOOK_HOSTS": "up hands on what it was started with",
    "TOUCHPOINT_WEBHOOK_SECRETS": "up hands on what it was started with",
    "TOUCHPOINT_JOURNEY_DAYS": "up hands on what it was started with",
    "TOUCHPOINT_SMTP_URL": "up hands on what it was started with",
    "TOUCHPOINT_SMTP_PASSWORD_FILE": "up hands on what it was started with",
    "TOUCHPOINT_SMTP_FROM": "up hands on what it was started with",
    "TOUCHPOINT_SMTP_TIMEOUT_S": "up hands on what it was started with",
    "TOUCHPOINT_MESSAGE_GATEWAYS": "up hands on what it was started with",
    "TOUCHPOINT_MESSAGE_SECRETS": "up hands on what it was started with",
    "TOUCHPOINT_CALL_BACK_URL": "up hands on what it was started with",
    "TOUCHPOINT_CHAT_URL": "up hands on what it was started with",
    "TOUCHPOINT_EXTERNAL_SOURCES": "up hands on what it was started with",
    "TOUCHPOINT_RECORDED_PER_HOUR": "up hands on what it was started with",
    "TOUCHPOINT_VISITOR_REQUESTS_PER_MINUTE": "up hands on what it was started with",
    "TOUCHPOINT_VISITOR_EVENTS_PER_MINUTE": "up hands on what it was started with",
    "TOUCHPOINT_CONNECTIONS_PER_ADDRESS": "up hands on what it was started with",
    "TOUCHPOINT_CURRENCY": "up hands on what it was started with",
    "TOUCHPOINT_JOURNAL_DAYS": "up hands on what it was started with",
    "TOUCHPOINT_JOURNAL_INPUT_DAYS": "up hands on what it was started with",
    "TOUCHPOINT_SHOWINGS_PER_DAY": "up hands on what it was started with",
    "TOUCHPOINT_ACCEPTANCES_PER_DAY": "up hands on what it was started with",
    "TOUCHPOINT_CREDIT_WINDOW_DAYS": "up hands on what it was started with",
    "TOUCHPOINT_CREDIT_HALF_LIFE_DAYS": "up hands on what it was started with",
    "TOUCHPOINT_DECISION_PATIENCE_S": "up hands on what it was started with",
    "TOUCHPOINT_EXTERNAL_SHARE": "up hands on what it was started with",
    "TOUCHPOINT_EXTERNAL_QUOTA": "up hands on what it was started with",
    "TOUCHPOINT_EXTERNAL_PERSONS": "up hands on what it was started with",
    "TOUCHPOINT_RETRIEVAL_CANDIDATES": "up hands on what it was started with",
    "TOUCHPOINT_TRAIN_EVERY": "up hands on what it was started with",
    "TOUCHPOINT_TRAIN_AT": "up hands on what it was started with",
    "TOUCHPOINT_TRAIN_ZONE": "up hands on what it was started with",
    "TOUCHPOINT_TRAIN_FEWEST_NEW": "up hands on what it was started with",
    "TOUCHPOINT_TRAIN_TOLERANCE": "up hands on what it was started with",
}
"""Each with the reason; all of them have defaults, and compose gives just these."""
CALLERS = "/etc/touchpoint"
CLOSED = {
    "TOUCHPOINT_KEYS": f"{CALLERS}/keys.yaml",
    "TOUCHPOINT_TLS_CERTIFICATE": f"{CALLERS}/certificate.pem",
    "TOUCHPOINT_TLS_KEY": f"{CALLERS}/key.pem",
    "TOUCHPOINT_TLS_AUTHORITY": f"{CALLERS}/authority.pem",
}
"""Containers listen beyond loopback, which is refused without; up stays on it, and is open."""


def settings_type(service: str) -> type[ServiceSettings]:
    found = getattr(
        importlib.import_module(f"services.{service}.config"), f"{service.capitalize()}Settings"
    )
    assert issubclass(found, ServiceSettings)
    return found


@pytest.fixture(scope="module")
def composed():
    return compose()["services"]


@pytest.fixture(scope="module")
def told_by_up(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Service to the settings that `touchpoint up` starts it with."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.prepare()
    replicas = [
        Replica(name, 1, port, WEB_PORT if name == "aggregator" else None)
        for name, port in WELL_KNOWN_PORTS.items()
    ]
    wish = Wish(home, Topology(tuple(replicas)))
    roles = {name: f"postgresql://{role_of(name)}:x@127.0.0.1/postgres" for name in SERVICES}
    urls = EngineUrls(postgres="postgresql://admin@127.0.0.1/postgres", nats="nats://127.0.0.1")
    found = programs(wish, environment_of(wish, urls, roles, {}))
    return {program.name: dict(program.environment) for program in found}


def own(service: str, told: dict[str, str]) -> set[str]:
    """Return the settings that concern a service: up hands it the addresses of the others too."""
    foreign = {f"TOUCHPOINT_{name.upper()}_POSTGRES_URL" for name in SERVICES if name != service}
    return set(told) - foreign


def test_the_same_services_run_beside_both_engines(composed, told_by_up):
    assert set(composed) == {*told_by_up, *ENGINES, ONE_SHOT}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_the_same_settings(service, composed, told_by_up):
    in_compose = own(service, environment(composed[service], secrets()))
    assert in_compose - set(ONLY_IN_COMPOSE) - set(CLOSED) == own(service, told_by_up[service])


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_listens_and_is_looked_for_where_up_has_it(service, composed, told_by_up):
    told = environment(composed[service], secrets())
    up = told_by_up[service]
    listen = f"TOUCHPOINT_{service.upper()}_LISTEN"
    ports = {"grpc": told[listen].rpartition(":")[2]}
    assert ports["grpc"] == up[listen].rpartition(":")[2]
    if "TOUCHPOINT_WEB_LISTEN" in up:
        ports["web"] = told["TOUCHPOINT_WEB_LISTEN"].rpartition(":")[2]
        assert ports["web"] == up["TOUCHPOINT_WEB_LISTEN"].rpartition(":")[2]
    published = [f"127.0.0.1:{port}:{port}" for port in ports.values()]
    assert sorted(composed[service]["ports"]) == sorted(published)
    for name in SERVICES:
        port = up[targets_setting(name)].rpartition(":")[2]
        assert told[targets_setting(name)] == f"{name}:{port}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_takes_every_setting_it_is_given_and_misses_none(service, composed):
    told = environment(composed[service], secrets())
    settings = load(settings_type(service), told)  # raises for a bad or a missing one
    # Described by its fallback, which is not given: it was read, or loading had failed.
    known = {*describe(settings), f"TOUCHPOINT_{service.upper()}_POSTGRES_URL"}
    assert set(told) - known == {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert settings.home == Path(HOME)


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_of_a_services_own_that_the_docs_name_can_be_set(service, composed):
    told = environment(composed[service], secrets())
    docs = "".join(page.read_text() for page in (Path("README.md"), *Path("docs").glob("*.md")))
    shared = {field.name for field in dataclasses.fields(ServiceSettings)}
    fields = [
        each for each in dataclasses.fields(settings_type(service)) if each.name not in shared
    ]
    keys = {
        key.replace("{SERVICE}", service.upper())
        for field in fields
        for declared in field.metadata.values()
        for key in declared.keys
    }
    assert {key for key in keys if f"`{key}`" in docs} <= set(told)


@pytest.mark.parametrize("service", SERVICES)
def test_what_has_a_default_has_the_same_one_in_both(service, composed):
    loaded = load(settings_type(service), environment(composed[service], secrets()))
    required = {
        key: value
        for key, value in environment(composed[service], secrets()).items()
        if key not in ONLY_IN_COMPOSE
    }
    plain = load(settings_type(service), required)
    differing = {
        field.name
        for field in dataclasses.fields(loaded)
        if getattr(loaded, field.name) != getattr(plain, field.name)
    }
    assert differing == {"mode"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_waits_until_what_it_stands_on_is_there(service, composed):
    conditions = {name: wait["condition"] for name, wait in composed[service]["depends_on"].items()}
    wanted = {
        "postgres": "service_healthy",
        "nats": "service_healthy",
        ONE_SHOT: "service_completed_successfully",
    }
    if service == "aggregator":
        wanted |= {name: "service_healthy" for name in SERVICES if name != service}
    assert conditions == wanted


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_built_from_the_one_dockerfile_and_keeps_its_home(service, composed):
    definition = composed[service]
    assert definition["build"]["dockerfile"] == "deploy/Dockerfile"
    assert definition["build"]["args"] == {"SERVICE": service}
    assert definition["volumes"] == [f"{service}:{HOME}", f"./callers:{CALLERS}:ro"]
    assert service in compose()["volumes"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_closed_because_it_listens_beyond_loopback(service, composed):
    told = environment(composed[service], secrets())
    assert {key: told[key] for key in CLOSED} == CLOSED
    for key in CLOSED.keys() - {"TOUCHPOINT_TLS_AUTHORITY"}:
        with pytest.raises(ConfigError):
            load(settings_type(service), {**told, key: ""})


def test_the_one_step_before_makes_the_roles_that_the_services_come_with(composed):
    told = environment(composed[ONE_SHOT], secrets())
    deployment = Deployment.told(told)
    assert not deployment.development
    for service in SERVICES:
        key = f"TOUCHPOINT_{service.upper()}_POSTGRES_URL"
        assert told[key] == environment(composed[service], secrets())[key]
    assert len(set(deployment.passwords.values())) == len(SERVICES)


def test_every_variable_stands_in_the_example_and_none_for_nothing():
    assert set(secrets()) | optional() == variables()


@pytest.mark.parametrize("missing", sorted(secrets()))
def test_without_one_of_the_secrets_nothing_starts(missing, composed):
    given = {name: value for name, value in secrets().items() if name != missing}
    with pytest.raises(LookupError, match=missing):
        _ = [environment(service, given) for service in composed.values()]


def test_the_example_has_no_secret_in_it():
    lines = Path("deploy/example.env").read_text().splitlines()
    given = [line for line in lines if line and not line.startswith("#")]
    assert given
    assert all(line.endswith("=") for line in given)
    assert filled("${A:-b}", {}) == "b"
