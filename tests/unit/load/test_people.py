"""People come from a file or are made up; every request is a moment of its own."""

from __future__ import annotations

from itertools import islice

import pytest

from cli.load.people import read_people, requests, visitors
from touchpoint.common.v1.vocabulary_pb2 import Channel


def first(count: int, seed: int = 1):
    people = visitors(100)
    return list(islice(requests(people, Channel.WEB, ["web.home.banner"], seed), count))


def test_a_line_names_a_person_and_the_value_may_hold_colons(tmp_path):
    file = tmp_path / "people"
    file.write_text("customer:C1\nvisitor:a:b\n")

    assert [(who.kind, who.value) for who in read_people(file)] == [
        ("customer", "C1"),
        ("visitor", "a:b"),
    ]


@pytest.mark.parametrize("line", ["C10001", "customer:", ":C1"])
def test_a_line_that_names_nobody_is_refused_with_its_number(tmp_path, line):
    file = tmp_path / "people"
    file.write_text(f"customer:C1\n{line}\n")

    with pytest.raises(ValueError, match="people:2: say kind:value"):
        read_people(file)


def test_an_empty_file_is_refused(tmp_path):
    file = tmp_path / "people"
    file.write_text("\n")

    with pytest.raises(ValueError, match="names nobody"):
        read_people(file)


def test_no_two_requests_share_a_session_so_that_no_standing_decision_answers_them():
    sessions = [request.context.session_id for request in first(500)]

    assert len(set(sessions)) == 500


def test_the_same_seed_asks_the_same_and_another_seed_asks_for_others():
    assert first(50, seed=1) == first(50, seed=1)
    assert [r.identities for r in first(50, seed=1)] != [r.identities for r in first(50, seed=2)]


def test_another_run_asks_the_same_people_in_sessions_of_its_own():
    one, other = (
        list(islice(requests(visitors(100), Channel.WEB, ["web.home.banner"], 1, run), 50))
        for run in ("a", "b")
    )

    assert [r.identities for r in one] == [r.identities for r in other]
    assert not {r.context.session_id for r in one} & {r.context.session_id for r in other}
