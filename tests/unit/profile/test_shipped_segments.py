"""Whom the shipped segments mean."""

import pytest

from services.profile.definitions import compile_bundle
from services.profile.domain.segments import segments_of
from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from shared.conditions.person import PersonValues
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

DAY_US = 86_400_000_000
NOW_US = 1_772_452_800_000_000


@pytest.fixture(scope="module")
def shipped():
    return compile_bundle(check_definitions(read_folder(shipped_definitions())).bundle)


@pytest.mark.parametrize(
    ("days", "is_open", "is_meant"),
    [(13.9, True, False), (14.1, True, True), (900.0, True, True), (900.0, False, False)],
)
def test_whose_complaint_waits_for_us_for_long_is_not_forgotten(shipped, days, is_open, is_meant):
    person = PersonSnapshot(person_ids=["ann"], as_of_us=NOW_US, complaint_open=is_open)
    person.complaint_us = NOW_US - round(days * DAY_US)
    found = segments_of(shipped.segments, PersonValues(person))
    assert ("complaint_overdue" in found) == is_meant
