"""Consent is needed per purpose and channel, and no refusal is outranked."""

from __future__ import annotations

import pytest

from tests.grpc.rules.rules_kit import GUIDE, LAPTOP, NEWSLETTER, Rules, ann, codes
from touchpoint.common.v1.vocabulary_pb2 import Channel


@pytest.mark.parametrize(
    ("consents", "refusals", "is_kept"),
    [
        (["marketing"], [], True),
        (["marketing:EMAIL"], [], True),
        (["marketing:SMS"], [], False),
        ([], [], False),
        (["marketing"], ["marketing:EMAIL"], False),
        (["marketing:EMAIL"], ["marketing"], False),
        (["marketing", "marketing:SMS"], ["marketing:SMS"], True),
        (["marketing:EMAIL"], ["newsletter"], True),
    ],
)
async def test_an_email_needs_consent_to_marketing_that_no_refusal_outranks(
    rules: Rules, consents: list[str], refusals: list[str], is_kept: bool
) -> None:
    person = ann(consents=consents, refusals=refusals)
    context = rules.context("email.body", channel=Channel.EMAIL)
    response = await rules.check(LAPTOP, GUIDE, person=person, context=context)
    assert bool(response.kept) is is_kept
    assert set(codes(response).values()) == (set() if is_kept else {"NO_CONSENT"})


@pytest.mark.parametrize(
    ("consents", "refusals", "is_kept"),
    [
        (["newsletter"], [], True),
        (["newsletter:WEB"], [], True),
        (["newsletter:EMAIL"], [], False),
        ([], [], False),
        (["newsletter"], ["newsletter:WEB"], False),
        (["newsletter"], ["newsletter:EMAIL"], True),
        (["newsletter:WEB"], ["newsletter"], False),
        (["newsletter"], ["marketing"], True),
    ],
)
async def test_an_offer_that_needs_a_consent_has_it_on_this_channel(
    rules: Rules, consents: list[str], refusals: list[str], is_kept: bool
) -> None:
    person = ann(consents=consents, refusals=refusals)
    response = await rules.check(NEWSLETTER, person=person)
    assert codes(response) == ({} if is_kept else {NEWSLETTER: "NO_CONSENT"})
