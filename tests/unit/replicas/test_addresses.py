"""Where replicas are: as listed, and as DNS says."""

from __future__ import annotations

import socket

import pytest

from shared.replicas.addresses import Addresses, by_dns


def targets(addresses):
    return [address.target for address in addresses.known()]


def resolving(hosts):
    async def resolve(host, port):
        if not hosts[host]:
            raise socket.gaierror("no such name")
        return hosts[host]

    return resolve


def test_addresses_are_taken_as_they_are_listed_each_once():
    found = Addresses(["127.0.0.1:7403", "localhost:7403", "[::1]:7404", "10.0.0.2:7403"])
    assert targets(found) == ["ipv4:127.0.0.1:7403", "ipv6:[::1]:7404", "ipv4:10.0.0.2:7403"]
    assert not found.have_names


def test_a_name_is_left_to_grpc_until_it_was_looked_up():
    found = Addresses(["rules.example:7403"])
    assert found.have_names
    assert targets(found) == ["dns:///rules.example:7403"]


async def test_names_stand_for_all_their_addresses_and_keep_their_name_for_certificates():
    hosts = {"a.example": ["10.0.0.2", "10.0.0.1"], "b.example": ["fd00::1"]}
    found = Addresses(["a.example:1", "b.example:2", "10.0.0.3:3"], resolving(hosts))
    await found.look_up()
    assert targets(found) == [
        *("ipv4:10.0.0.1:1", "ipv4:10.0.0.2:1"),
        "ipv6:[fd00::1]:2",
        "ipv4:10.0.0.3:3",
    ]
    assert [each.authority for each in found.known()][:3] == [
        *("a.example:1", "a.example:1"),
        "b.example:2",
    ]


async def test_what_cannot_be_resolved_now_stays_as_it_was():
    hosts = {"a.example": ["10.0.0.1"]}
    found = Addresses(["a.example:1"], resolving(hosts))
    await found.look_up()
    hosts["a.example"] = []
    await found.look_up()
    assert targets(found) == ["ipv4:10.0.0.1:1"]
    hosts["a.example"] = ["10.0.0.9"]
    await found.look_up()
    assert targets(found) == ["ipv4:10.0.0.9:1"]


async def test_what_can_be_no_name_keeps_no_other_from_being_looked_up():
    async def resolve(host, port):
        return {"10.0.0.1"} if host == "a.example" else await by_dns(host, port)

    found = Addresses(["a..b:1", "a.example:2"], resolve)
    await found.look_up()
    assert targets(found) == ["dns:///a..b:1", "ipv4:10.0.0.1:2"]


async def test_the_systems_resolver_is_asked():
    assert await by_dns("localhost", 1) == {"127.0.0.1"}


def test_an_address_without_a_port_is_refused():
    with pytest.raises(ValueError, match="port"):
        Addresses(["10.0.0.1"])
