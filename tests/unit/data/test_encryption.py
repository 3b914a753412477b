"""Personal values are read only with the key of their person and of that renewal."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.privacy import (
    FolderWrappingKeys,
    UndecipherableError,
    WrappingKey,
    decrypt,
    encrypt,
    new_person_key,
    renewal_of,
    unwrap,
    wrap,
)

PERSON = new_person_key()
FIRST, SECOND = (WrappingKey(number, bytes([number]) * 32) for number in (1, 2))


@given(st.text(max_size=300))
def test_what_was_encrypted_comes_back(text: str):
    sealed = encrypt(PERSON, text, "event.query")
    assert decrypt(PERSON, sealed, "event.query") == text
    assert len(text) < 4 or text.encode() not in sealed


def test_the_same_value_is_never_written_the_same_twice():
    assert encrypt(PERSON, "Ada", "name") != encrypt(PERSON, "Ada", "name")


@pytest.mark.parametrize("place", [0, 12, -1])
def test_an_altered_value_is_refused(place: int):
    sealed = bytearray(encrypt(PERSON, "Ada", "name"))
    sealed[place] ^= 1
    with pytest.raises(UndecipherableError):
        decrypt(PERSON, bytes(sealed), "name")


def test_a_value_moved_to_another_field_is_refused():
    with pytest.raises(UndecipherableError):
        decrypt(PERSON, encrypt(PERSON, "Ada", "name"), "email")


def test_without_the_persons_key_there_is_nothing_to_read():
    with pytest.raises(UndecipherableError):
        decrypt(new_person_key(), encrypt(PERSON, "Ada", "name"), "name")


def test_a_persons_key_is_wrapped_for_that_person_under_that_renewal():
    wrapped = wrap(PERSON, "p1", FIRST)
    assert PERSON not in wrapped
    assert renewal_of(wrapped) == 1
    assert unwrap(wrapped, "p1", FIRST) == PERSON
    for person_id, wrapping in (("p2", FIRST), ("p1", SECOND)):
        with pytest.raises(UndecipherableError):
            unwrap(wrapped, person_id, wrapping)


@pytest.mark.parametrize(
    "broken", [b"", b"\x01", b"\x02\x00\x00\x00\x01rest", b"\x01\x00\x00\x00\x01"]
)
def test_bytes_that_are_no_wrapped_key_are_refused(broken: bytes):
    with pytest.raises(UndecipherableError):
        unwrap(broken, "p1", FIRST)


def test_a_renewal_makes_what_was_wrapped_before_unreadable_for_ever(tmp_path: Path):
    keys = FolderWrappingKeys(tmp_path / "wrapping")
    old = keys.current()
    backup = wrap(PERSON, "p1", old)
    new = keys.renew(old.renewal)
    assert new.renewal == old.renewal + 1
    assert unwrap(wrap(PERSON, "p1", new), "p1", keys.current()) == PERSON
    keys.discard(before=new.renewal)
    with pytest.raises(UndecipherableError):
        unwrap(backup, "p1", keys.of(renewal_of(backup)))
    with pytest.raises(UndecipherableError):
        FolderWrappingKeys(tmp_path / "wrapping").of(old.renewal)


def test_replicas_that_renew_together_agree_on_one_key(tmp_path: Path):
    here, there = FolderWrappingKeys(tmp_path), FolderWrappingKeys(tmp_path)
    assert here.renew(0) == there.renew(0) == there.current()


def test_a_key_file_is_its_owners_alone_and_hidden_from_logs(tmp_path: Path):
    key = FolderWrappingKeys(tmp_path).current()
    assert (tmp_path / "1.key").stat().st_mode & 0o077 == 0
    assert "key" not in repr(key).removeprefix("WrappingKey")
