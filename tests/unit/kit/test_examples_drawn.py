"""A property is held against some of its examples in a usual run, and against all in a long one."""

import hypothesis
import pytest

from tests.properties import ALL, SOME, examples


@pytest.fixture
def run_of():
    """Let what follows belong to a run of this profile."""
    before = hypothesis.settings.get_current_profile_name()
    yield hypothesis.settings.load_profile
    hypothesis.settings.load_profile(before)


@pytest.mark.parametrize(
    ("profile", "wanted", "drawn"),
    [(SOME, 150, 50), (SOME, 30, 20), (SOME, 15, 15), (ALL, 150, 150)],
)
def test_a_third_is_drawn_but_never_too_few_and_all_in_a_long_run(run_of, profile, wanted, drawn):
    run_of(profile)
    assert examples(wanted).max_examples == drawn


def test_neither_run_is_held_to_a_deadline(run_of):
    for profile in (SOME, ALL):
        run_of(profile)
        assert examples(60).deadline is hypothesis.settings().deadline is None
