"""Statements are read by name out of a file."""

import pytest

from shared.postgres import Queries, QueriesError
from shared.postgres.queries import parse_statements

FILE = """
-- What this file is for.

-- name: find_thing
-- By its id.
SELECT 1;

-- name: count_things
SELECT count(*)
FROM thing
"""


def test_statements_are_attributes_with_their_comments():
    queries = Queries(parse_statements(FILE))
    assert queries.find_thing == "-- name: find_thing\n-- By its id.\nSELECT 1"
    assert list(queries) == ["find_thing", "count_things"]
    with pytest.raises(AttributeError, match="lose_thing"):
        _ = queries.lose_thing


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SELECT 1", "without"),
        ("-- name: a\nSELECT 1\n-- name: a\nSELECT 2", "twice"),
        ("-- name: A-b\nSELECT 1", "lower_snake_case"),
        ("-- name: a\n-- only words\n", "empty"),
    ],
)
def test_a_file_that_is_wrong_is_refused(text: str, complaint: str):
    with pytest.raises(QueriesError, match=complaint):
        parse_statements(text)
