"""Everybody gets the nearest wording that there is."""

from __future__ import annotations

import pytest

from shared.templates import languages_of, wording_for
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.templates_pb2 import Template, TemplateVariant

LEFT = Template(
    template="left",
    language="en",
    text="own",
    variants=[
        TemplateVariant(language="de", text="German"),
        TemplateVariant(language="de-AT", text="Austrian"),
        TemplateVariant(channels=[Channel.SMS], text="short"),
        TemplateVariant(language="fr", channels=[Channel.PUSH], text="French heading"),
    ],
)


@pytest.mark.parametrize(
    ("channel", "locale", "text"),
    [
        (Channel.EMAIL, "de-AT", "Austrian"),
        (Channel.EMAIL, "de-CH", "German"),
        (Channel.EMAIL, "de_at", "Austrian"),
        (Channel.EMAIL, "de", "German"),
        (Channel.EMAIL, "en-GB", "own"),
        (Channel.EMAIL, "it", "own"),
        (Channel.EMAIL, "", "own"),
        (Channel.SMS, "it", "short"),
        (Channel.SMS, "de", "German"),
        (Channel.EMAIL, "fr", "own"),
        (Channel.PUSH, "fr-BE", "French heading"),
    ],
)
def test_the_nearest_language_counts_and_then_the_channel(channel, locale, text):
    assert wording_for(LEFT, channel, locale).text == text


def test_the_languages_are_those_that_something_is_written_in():
    assert languages_of(LEFT) == ("en", "de", "de-AT", "fr")
