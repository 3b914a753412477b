"""Stacks are added up by function, once per stack even where a function calls itself."""

from __future__ import annotations

from bench.samples import inclusive, own, read_stacks

TEXT = """\
main (a.py);walk (a.py);walk (a.py) 3
main (a.py);rest (b.py) 1
"""


def test_the_innermost_function_is_the_one_that_ran():
    assert own(read_stacks(TEXT)) == {"walk (a.py)": 0.75, "rest (b.py)": 0.25}


def test_a_function_includes_what_it_calls_and_recursion_counts_once():
    assert inclusive(read_stacks(TEXT)) == {
        "main (a.py)": 1.0,
        "walk (a.py)": 0.75,
        "rest (b.py)": 0.25,
    }
