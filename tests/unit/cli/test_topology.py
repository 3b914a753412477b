"""Ports, replicas, and what each process is told."""

from __future__ import annotations

import socket

import pytest

from cli.suite.topology import ANY_PORT, TopologyError, parse_replicas, plan


@pytest.fixture
def taken_port():
    """A port on which somebody listens, with free ones above it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_every_service_gets_a_port_as_far_above_the_edge_as_the_well_known_ones():
    free = plan({}, ANY_PORT).of("aggregator")[0].port
    chosen = plan({}, free)
    wanted = {"aggregator": 0, "profile": 1, "retrieval": 2, "rules": 3, "ranker": 4, "scenario": 5}
    moved = {choice.name for choice in chosen.moved}
    for service, above in wanted.items():
        if service not in moved:
            assert chosen.of(service)[0].port == free + above


def test_a_taken_port_is_named_and_the_next_free_one_used(taken_port):
    chosen = plan({}, taken_port)
    edge = chosen.of("aggregator")[0]
    assert edge.port > taken_port
    assert edge.port not in range(taken_port, taken_port + 6)
    assert f"port {taken_port} for aggregator is taken: using {edge.port}" in map(str, chosen.moved)


def test_no_two_processes_share_a_port():
    chosen = plan({"rules": 3, "aggregator": 2}, ANY_PORT)
    ports = [replica.port for replica in chosen.replicas]
    ports += [replica.web_port for replica in chosen.replicas if replica.web_port]
    assert len(ports) == len(set(ports)) == 6 + 2 + 1 + 2


def test_everybody_is_told_of_all_replicas():
    chosen = plan({"rules": 2}, ANY_PORT)
    first, second = chosen.of("rules")
    assert chosen.targets()["TOUCHPOINT_RULES_TARGETS"] == f"{first.address},{second.address}"
    assert (first.name, second.name) == ("rules", "rules-2")
    assert second.listening() == {"TOUCHPOINT_RULES_LISTEN": second.address}


def test_only_the_edge_is_told_where_to_serve_the_web():
    chosen = plan({}, ANY_PORT)
    assert chosen.of("aggregator")[0].listening()["TOUCHPOINT_WEB_LISTEN"] == chosen.web
    assert "TOUCHPOINT_WEB_LISTEN" not in chosen.of("profile")[0].listening()


@pytest.mark.parametrize("wrong", ["rules", "rule=2", "rules=0", "rules=two", "rules=99", "=2"])
def test_replicas_said_wrongly_are_refused_by_name(wrong):
    with pytest.raises(TopologyError, match=wrong):
        parse_replicas([wrong])


def test_replicas_are_read():
    assert parse_replicas(["rules=2", "profile=3"]) == {"rules": 2, "profile": 3}
