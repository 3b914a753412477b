"""Keys, scopes and visitor ids: what is made, what is kept, what is believed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.callers.keys import hash_of, id_of, is_hash, matches, new_key
from shared.callers.scopes import NOTHING, SCOPES, ScopeError, grants_of
from shared.callers.visitors import ForgedVisitorError, VisitorIds
from touchpoint.common.v1.vocabulary_pb2 import Channel

KEY, OTHER = b"k" * 32, b"o" * 32


def test_a_key_names_its_id_and_is_kept_as_a_hash_only():
    key, key_id = new_key()
    kept = hash_of(key)
    assert id_of(key) == key_id
    assert is_hash(kept)
    assert matches(key, kept)
    secret = key.rpartition("_")[2]
    assert len(secret) == 64
    assert secret not in kept


def test_another_secret_under_the_same_id_does_not_match():
    key, key_id = new_key()
    assert not matches(f"tpk_{key_id}_{'0' * 64}", hash_of(key))


@pytest.mark.parametrize("text", ["", "tpk_", "tpk_abc", "abc_def", "Bearer x", "tpk_abc_"])
def test_what_has_not_the_form_of_a_key_names_no_id(text):
    assert id_of(text) == ""


def test_two_keys_are_never_alike():
    assert len({new_key()[0] for _ in range(100)}) == 100


def test_a_scope_holds_on_its_channel_and_on_no_other():
    grants = grants_of(["offers:read:WEB", "events:write"])
    assert grants.allow("offers:read")
    assert grants.allow("offers:read", Channel.WEB)
    assert not grants.allow("offers:read", Channel.IVR)
    assert grants.allow("events:write", Channel.IVR)
    assert not grants.allow("customers:read")


def test_no_channel_at_all_needs_the_scope_on_all_of_them():
    assert not grants_of(["events:write:WEB"]).allow("events:write", 0)
    assert grants_of(["events:write"]).allow("events:write", 0)


def test_channels_of_one_scope_add_up():
    grants = grants_of(["offers:read:WEB", "offers:read:APP"])
    assert grants.allow("offers:read", Channel.APP)
    assert grants.allow("offers:read", Channel.WEB)


def test_a_star_is_every_scope_and_not_for_browsers():
    assert grants_of(["*"]).allow("persons:export")
    with pytest.raises(ScopeError):
        grants_of(["*"], is_browser=True)


@pytest.mark.parametrize(
    "scope", ["", "offers", "offers:write", "offers:read:web", "customers:read:WEB", "offers:read:"]
)
def test_what_is_no_scope_is_refused(scope):
    with pytest.raises(ScopeError):
        grants_of([scope])


@pytest.mark.parametrize("scope", [name for name, kind in SCOPES.items() if not kind.for_browsers])
def test_a_browser_gets_nothing_that_is_not_for_browsers(scope):
    with pytest.raises(ScopeError, match="not for browsers"):
        grants_of([scope], is_browser=True)


_TEXTS = st.lists(
    st.sampled_from([*SCOPES, "offers:read:WEB", "offers:read:IVR", "events:write:STORE", "*"]),
    max_size=6,
)


@given(_TEXTS, _TEXTS, st.sampled_from(sorted(SCOPES)), st.sampled_from([None, 0, 1, 8, 10]))
def test_what_two_have_in_common_is_what_each_of_them_allows(first, second, scope, channel):
    one, other = grants_of(first), grants_of(second)
    both = one.within(other).allow(scope, channel)
    # On any channel: there must be one on which both hold.
    asked = range(1, 11) if channel is None else [channel]
    assert both == any(one.allow(scope, at) and other.allow(scope, at) for at in asked)


def test_nobody_who_has_nothing_may_do_anything():
    assert not any(NOTHING.allow(scope) for scope in SCOPES)


def test_an_issued_visitor_is_known_by_its_id_with_or_without_its_signature():
    visitors = VisitorIds(KEY)
    value = visitors.issue()
    known = visitors.id_of(value)
    assert value.startswith(known + ".")
    assert visitors.id_of(known) == known
    assert visitors.is_signed(value)
    assert not visitors.is_signed(known)
    assert len(value) <= 64


def test_visitors_are_never_alike():
    visitors = VisitorIds(KEY)
    assert len({visitors.issue() for _ in range(100)}) == 100


def test_an_id_of_the_callers_own_stays_as_it_is_and_is_not_signed():
    assert VisitorIds(KEY).id_of("v-123.456") == "v-123.456"
    assert not VisitorIds(KEY).is_signed("v-123.456")


def test_another_deployments_visitor_is_a_forged_one():
    value = VisitorIds(OTHER).issue()
    with pytest.raises(ForgedVisitorError):
        VisitorIds(KEY).id_of(value)
    assert not VisitorIds(KEY).is_signed(value)


@given(st.integers(0, 60), st.sampled_from(string.ascii_letters + string.digits + "-_.="))
def test_a_changed_visitor_is_a_forged_one(at, letter):
    visitors = VisitorIds(KEY, random=lambda size: b"v" * size)
    value = visitors.issue()
    at %= len(value)
    changed = value[:at] + letter + value[at + 1 :]
    if changed != value:
        assert not visitors.is_signed(changed)


@pytest.mark.parametrize("value", ["tpv_.x", "tpv_" + "a" * 200 + ".x", "tpv_äöü.x", "tpv_a.b.c"])
def test_what_only_looks_like_an_issued_visitor_is_forged(value):
    with pytest.raises(ForgedVisitorError):
        VisitorIds(KEY).id_of(value)
