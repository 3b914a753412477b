"""Choosing ports."""

import random
import socket
import subprocess
import sys

from shared.processes.ports import LOOPBACK, PRIVATE_PORTS, choose_port, is_free, private_port


def _listener() -> socket.socket:
    server = socket.socket()
    server.bind((LOOPBACK, 0))
    server.listen()
    return server


def test_a_free_port_is_taken_as_wanted() -> None:
    with _listener() as server:
        wanted = server.getsockname()[1]
    choice = choose_port("aggregator", wanted)
    assert (choice.port, choice.moved) == (wanted, False)


def test_a_taken_port_is_named_and_a_higher_free_one_used() -> None:
    with _listener() as server:
        wanted = server.getsockname()[1]
        choice = choose_port("aggregator", wanted)
        assert choice.port > wanted
        assert is_free(choice.port)
        assert str(choice) == f"port {wanted} for aggregator is taken: using {choice.port}"


def test_a_port_promised_to_another_service_is_not_given_twice() -> None:
    with _listener() as server:
        wanted = server.getsockname()[1]
    first = choose_port("profile", wanted)
    assert choose_port("rules", wanted, taken={first.port}).port > first.port


def test_an_engine_gets_its_last_port_again_while_it_is_free() -> None:
    with _listener() as server:
        last = server.getsockname()[1]
    assert private_port(last) == last


def test_an_engine_moves_to_a_private_port_when_its_last_one_is_taken() -> None:
    with _listener() as server:
        moved = private_port(server.getsockname()[1], random.Random(1))
    assert moved in PRIVATE_PORTS


def test_a_port_that_was_given_is_not_given_again_before_anybody_listens() -> None:
    first = private_port(chance=random.Random(2))
    assert private_port(chance=random.Random(2)) != first


_TELLS_ITS_PORT_AND_WAITS = """
import random, sys
from shared.processes.ports import private_port
print(private_port(chance=random.Random(3)), flush=True)
sys.stdin.read()
"""


def test_two_processes_are_not_given_the_same_port_until_one_ends() -> None:
    other = subprocess.Popen(
        (sys.executable, "-c", _TELLS_ITS_PORT_AND_WAITS),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with other:
        assert other.stdout is not None
        theirs = int(other.stdout.readline())
        assert private_port(theirs) != theirs
        assert private_port(chance=random.Random(3)) != theirs
    assert private_port(theirs) == theirs


def test_a_number_that_is_no_port_is_not_free() -> None:
    assert not is_free(70_000)
