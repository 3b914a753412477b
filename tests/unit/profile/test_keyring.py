"""Keys of persons stay open as long as a transaction may need them, and no longer than room is."""

import pytest

from services.profile.storage.keyring import Keyring
from shared.privacy import FolderWrappingKeys

PURPOSE = "name"


@pytest.fixture
def keyring(tmp_path):
    return Keyring(FolderWrappingKeys(tmp_path / "keys"), max_open=3)


def test_what_was_encrypted_for_somebody_is_read_with_their_key(keyring):
    wrapped = keyring.make("ada")
    sealed = keyring.encrypt("ada", "Ada", PURPOSE)
    keyring.forget(["ada"])
    keyring.open("ada", wrapped)
    assert keyring.decrypt("ada", sealed, PURPOSE) == "Ada"


def test_of_too_many_keys_those_close_that_were_not_asked_for_the_longest(keyring):
    for person in ("ada", "bob", "cem"):
        keyring.make(person)
    assert keyring.is_open("ada")
    keyring.make("dee")
    assert [person for person in ("ada", "bob", "cem", "dee") if keyring.is_open(person)] == [
        "ada",
        "cem",
        "dee",
    ]


def test_the_keys_of_a_batch_are_open_together_whatever_was_open_before(keyring):
    keyring.make("before")
    batch = ("ada", "bob", "cem")
    for person in batch:
        keyring.make(person)
    assert all(keyring.encrypt(person, "x", PURPOSE) for person in batch)


def test_a_value_of_a_lost_key_is_empty(keyring):
    keyring.make("ada")
    sealed = keyring.encrypt("ada", "Ada", PURPOSE)
    keyring.forget(["ada"])
    keyring.make("ada")
    assert keyring.decrypt("ada", sealed, PURPOSE) == ""


def test_a_key_that_nobody_asks_for_is_closed_in_the_end(keyring):
    keyring.make("ada")
    sealed = keyring.encrypt("ada", "Ada", PURPOSE)
    keyring.make("bob")
    keyring.close_unasked()
    assert keyring.decrypt("ada", sealed, PURPOSE) == "Ada"
    assert keyring.is_open("bob")
    keyring.close_unasked()
    assert [person for person in ("ada", "bob") if keyring.is_open(person)] == ["bob"]
