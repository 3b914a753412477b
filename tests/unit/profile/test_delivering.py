"""Changes are delivered in order per person; a receiver that fails is left alone for a while."""

import asyncio
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.domain.delivering import AT_ONCE, Round, chains_of
from services.profile.domain.webhooks import (
    LONGEST_PAUSE_S,
    Change,
    FailedError,
    Feed,
    Webhook,
    check_status,
    pause_s,
)
from services.profile.pushing import Permissions
from shared.webhooks import read_hosts, read_secrets
from tests.properties import examples
from tests.receiver import SECRET


def changes(persons):
    return [Change(str(n), person, "event.click", n, {}) for n, person in enumerate(persons)]


@examples(50)
@given(
    persons=st.lists(st.sampled_from("abcdefghijklm"), max_size=60),
    fails=st.lists(st.booleans(), max_size=40),
)
def test_however_it_fails_each_person_is_told_in_order_and_of_everything(persons, fails):
    taken, fates, at_work = defaultdict(list), iter(fails), set()

    async def send(change):
        assert change.person_id not in at_work
        at_work.add(change.person_id)
        assert len(at_work) <= AT_ONCE
        await asyncio.sleep(0)
        at_work.remove(change.person_id)
        if next(fates, False):
            raise FailedError("no")
        taken[change.person_id].append(change)
        return True

    async def deliver():
        chains, delivered = chains_of(changes(persons)), 0
        while chains:
            delivered += (await Round(chains, send).run()).delivered
        return delivered

    assert asyncio.run(deliver()) == len(persons)
    wanted = defaultdict(list)
    for change in changes(persons):
        wanted[change.person_id].append(change)
    assert taken == wanted


async def test_after_a_failure_nothing_more_is_begun():
    sent = []

    async def send(change):
        sent.append(change.person_id)
        raise FailedError("no", pause_s=7)

    chains = chains_of(changes("abcdefghijklmnop"))
    outcome = await Round(chains, send).run()
    assert outcome.failure.pause_s == 7
    assert len(sent) <= AT_ONCE
    assert sum(map(len, chains)) == 16


def test_pauses_double_up_to_five_minutes_and_are_never_all_alike():
    longest = [pause_s(failures, 0, 1.0) for failures in range(1, 13)]
    assert longest == pytest.approx([0.1 * 2**doublings for doublings in range(12)])
    assert pause_s(13, 0, 1.0) == LONGEST_PAUSE_S
    assert pause_s(5, 0, 0.0) == pytest.approx(0.8)
    assert pause_s(1, 60, 0.5) == 60
    assert pause_s(10_000, 0, 1.0) == LONGEST_PAUSE_S


@pytest.mark.parametrize(
    ("status", "told", "for_good"),
    [
        (301, "no redirect is followed", False),
        (400, "answered 400", False),
        (410, "wants no more", True),
        (429, "answered 429", False),
        (503, "answered 503", False),
    ],
)
def test_what_is_no_success_is_a_failure(status, told, for_good):
    with pytest.raises(FailedError, match=told) as caught:
        check_status(status, 99_999)
    assert caught.value.for_good is for_good
    assert caught.value.pause_s <= 3600


def test_any_success_is_one():
    for status in (200, 202, 204, 299):
        check_status(status, 0)


def test_a_webhook_wants_what_it_names_and_nothing_else():
    everything = Webhook("a", "", events=("*",))
    assert (everything.wants(Feed.EVENTS), everything.wants(Feed.MEMBERSHIPS)) == ((), None)
    segments = Webhook("a", "", segments=("best",))
    assert (segments.wants(Feed.EVENTS), segments.wants(Feed.MEMBERSHIPS)) == (None, ("best",))


@pytest.mark.parametrize(
    ("url", "name", "told"),
    [
        ("https://crm.example.com/a", "crm", ""),
        ("https://crm.example.com/a", "other", "add other=whsec_"),
        ("https://evil.example.com/a", "crm", "TOUCHPOINT_WEBHOOK_HOSTS"),
        ("http://127.0.0.1/a", "crm", "https"),
        ("http://crm.example.com/a", "crm", "https"),
    ],
)
def test_only_the_operator_allows_a_receiver(url, name, told):
    hosts, secrets = read_hosts("crm.example.com"), read_secrets(f"crm={SECRET}")
    refusal = Permissions(hosts, secrets, development=False).refusal(Webhook(name, url))
    assert told in refusal
    assert bool(told) == bool(refusal)
