"""What the processes of a suite are told, and what is told of one that failed."""

from __future__ import annotations

import pytest

from cli.suite.home import Home
from cli.suite.running import Wish, last_words, programs
from cli.suite.topology import ANY_PORT, SERVICES, plan


@pytest.fixture
def wish(tmp_path):
    return Wish(Home(tmp_path), plan({"rules": 2}, ANY_PORT))


def test_every_replica_is_a_process_with_a_log_and_ports_of_its_own(wish):
    made = {program.name: program for program in programs(wish, {"A": "1"})}
    assert len(made) == 7
    first, second = wish.topology.of("rules")
    assert made["rules"].environment["TOUCHPOINT_RULES_LISTEN"] == first.address
    assert made["rules-2"].environment["TOUCHPOINT_RULES_LISTEN"] == second.address
    assert made["rules-2"].command[1:] == ("-m", "services.rules")
    assert made["rules-2"].log == wish.home.logs / "rules-2.log"
    assert all(program.restart and program.environment["A"] == "1" for program in made.values())


def test_links_in_messages_lead_to_the_edge_of_the_suite_unless_told_otherwise(wish):
    def told(environment):
        made = {program.name: program for program in programs(wish, environment)}
        assert "TOUCHPOINT_UNSUBSCRIBE_URL" not in set(made["rules"].environment) - set(environment)
        return made["scenario"].environment.get("TOUCHPOINT_UNSUBSCRIBE_URL")

    own = "https://shop.example/no-more"
    assert told({}) == f"http://{wish.topology.web}/unsubscribe"
    assert told({"TOUCHPOINT_UNSUBSCRIBE_URL": own}) == own
    assert told({"TOUCHPOINT_MODE": "production"}) is None


def test_colocated_is_one_process_that_listens_for_all(tmp_path):
    topology = plan({}, ANY_PORT)
    (program,) = programs(Wish(Home(tmp_path), topology, colocate=True), {})
    for replica in topology.replicas:
        assert replica.listening().items() <= program.environment.items()


def test_each_colocated_worker_listens_for_all_on_ports_of_its_own(tmp_path):
    topology = plan(dict.fromkeys(SERVICES, 2), ANY_PORT)
    made = programs(Wish(Home(tmp_path), topology, colocate=True), {})
    assert [program.name for program in made] == ["suite", "suite-2"]
    for number, program in enumerate(made, 1):
        for replica in topology.replicas:
            is_own = replica.listening().items() <= program.environment.items()
            assert is_own == (replica.number == number)


def test_the_last_words_of_a_process_are_not_its_answers(tmp_path):
    log = tmp_path / "rules.log"
    log.write_text('MigrationError: changed\n{"event":"rpc_answered"}\n\n')
    assert last_words(log) == "MigrationError: changed"
    assert last_words(tmp_path / "nothing.log") == ""
