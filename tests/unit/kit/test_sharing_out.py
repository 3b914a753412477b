"""Tests that share what takes long to start are tested by one process."""

import pytest

from tests.sharing_out import setting_of, slow_first


@pytest.mark.parametrize(
    ("test", "setting"),
    [
        ("tests/journeys/test_a.py::test_it[colocated]", "tests/journeys[colocated]"),
        ("tests/journeys/test_b.py::test_it[colocated-WEB]", "tests/journeys[colocated]"),
        ("tests/journeys/test_b.py::test_it[replicated]", "tests/journeys[replicated]"),
        ("tests/journeys/test_alone.py::test_it", "tests/journeys/test_alone.py"),
        ("tests/integration/cli/test_a.py::test_it[a-b]", "tests/integration/cli"),
        ("tests/unit/demo/test_a.py::test_it", "tests/unit/demo"),
        ("tests/unit/kit/test_a.py::test_it[colocated]", "tests/unit/kit/test_a.py"),
    ],
)
def test_what_shares_a_suite_is_together_and_all_else_by_its_file(test, setting):
    assert setting_of(test) == setting


class Item:
    def __init__(self, nodeid):
        self.nodeid = nodeid


def test_what_waits_for_processes_comes_first_and_the_order_is_else_kept():
    names = ["contract/a", "integration/rules/a", "grpc/b", "journeys/a", "unit/a"]
    items = [Item(f"tests/{name}") for name in names]
    slow_first(items)
    order = [item.nodeid.removeprefix("tests/") for item in items]
    assert order == ["integration/rules/a", "journeys/a", "contract/a", "grpc/b", "unit/a"]
