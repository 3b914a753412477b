"""The people whose profiles are read come from a file that the import understands."""

import csv
from itertools import islice

from bench.customers import Shoppers
from bench.parts import reading
from cli.importing import KINDS
from shared.privacy import identity_key


def test_everybody_has_as_many_events_under_the_name_that_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "shoppers", lambda: Shoppers([], ["tin-1", "tin-2"]))
    file = tmp_path / "events.csv"
    reading._write(file, 3, each=4)
    with file.open(newline="") as opened:
        events = [KINDS["events"].build(row) for row in csv.DictReader(opened)]
    assert len({event.event_id for event in events}) == 3 * 4
    stored = {each.value for event in events for each in event.identities}
    asked = list(islice(reading._reads(b"k" * 32, 3, seed=1), 50))
    assert {request.identities[0].value for request in asked} == stored
    one = asked[0]
    assert one.identity_keys[0].key == identity_key(b"k" * 32, "customer", one.identities[0].value)
