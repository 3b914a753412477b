"""Violations are counted from the ledger's own log."""

from __future__ import annotations

from bench.parts.limits import AT_MOST, standing, too_many
from touchpoint.common.v1.bus_pb2 import ContactNotice


def notice(contact_id: str, person_id: str, state: str = "RESERVED", policy: str = "marketing"):
    return ContactNotice(contact_id=contact_id, person_id=person_id, state=state, policy=policy)


def test_a_confirmed_reservation_is_one_contact():
    found = standing([notice("c1", "ada"), notice("c1", "ada", "CONFIRMED")])

    assert found == {"c1": "ada"}


def test_a_released_contact_does_not_count():
    assert standing([notice("c1", "ada"), notice("c1", "ada", "RELEASED")]) == {}


def test_contacts_of_other_policies_do_not_count():
    assert standing([notice("c1", "ada", policy="service")]) == {}


def test_only_what_exceeds_the_limit_of_a_person_is_a_violation():
    contacts = {f"a{number}": "ada" for number in range(AT_MOST + 2)}
    contacts |= {f"b{number}": "bob" for number in range(AT_MOST)}
    contacts |= {f"c{number}": "somebody else" for number in range(AT_MOST + 1)}

    assert too_many(contacts, ["ada", "bob"]) == 2
