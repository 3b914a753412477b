"""A text is put together whole, or not at all."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.templates import TemplateError, compile_text

OFFERS = {"offers": [{"title": 'Boots & "more" <b>'}]}


def test_what_is_put_into_html_is_escaped_and_what_is_written_is_not():
    text = compile_text("<i>{{ offers[0].title }}</i> &amp;", is_html=True)
    assert text.filled_in(OFFERS) == "<i>Boots &amp; &#34;more&#34; &lt;b&gt;</i> &amp;"


def test_plain_text_is_left_as_it_is():
    assert compile_text("{{ offers[0].title }}").filled_in(OFFERS) == 'Boots & "more" <b>'


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Dear {{ person.first_name }}", "person.first_name"),
        ("Dear {{ person.first_name | upcase }}", "person.first_name"),
        ("{{ offers[0].title }}", "offers[0].title"),
        ("{% for line in cart.lines %}{{ line.price }}{% endfor %}", "line.price"),
        ("{% assign who = person.name %}Dear {{ who }}", "person.name"),
    ],
)
def test_what_is_not_known_is_named_and_nothing_is_put_together(text, missing):
    values = {"person": {}, "offers": [], "cart": {"lines": [{"title": "Boots"}]}}
    with pytest.raises(TemplateError) as told:
        compile_text(text).filled_in(values)
    assert told.value.message == f"{missing} is not known"


@pytest.mark.parametrize(
    "text",
    [
        "{% if person.name %}Dear {{ person.name }}{% else %}Hello{% endif %}",
        "{{ person.name | default: 'Hello' }}",
        "{% unless person.name %}Hello{% endunless %}",
    ],
)
def test_what_is_not_known_can_be_asked_for(text):
    assert compile_text(text).filled_in({"person": {}}) == "Hello"


def test_what_a_text_reads_is_known_before_it_is_put_together():
    text = compile_text("{% for offer in offers %}{{ offer.title }} {{ house.name }}{% endfor %}")
    assert text.reads == {"offers", "house"}


def test_a_number_that_grows_without_end_is_stopped():
    text = compile_text(
        "{% assign n = 9 %}{% for i in (1..99) %}{% assign n = n | times: n %}{% endfor %}{{ n }}"
    )
    with pytest.raises(TemplateError):
        text.filled_in({})


SIGNS = st.characters(exclude_characters="\r", exclude_categories=["Cs"])
"""An end of line is written as one sign, whichever it was."""


@given(st.text(SIGNS, max_size=60))
def test_whatever_is_written_is_a_text_or_a_mistake(source):
    with contextlib.suppress(TemplateError):
        found = compile_text(source)
        if "{" not in source:
            assert found.filled_in({}) == source


@given(st.text(SIGNS, max_size=30))
def test_whatever_somebody_is_called_writes_no_html_and_no_liquid(name):
    made = compile_text("<p>{{ person.name | default: 'x' }}</p>", is_html=True)
    found = made.filled_in({"person": {"name": name} if name else {}})
    assert "<" not in found[3:-4]
    plain = compile_text("{{ person.name }}")
    if name:
        assert plain.filled_in({"person": {"name": "{{" + name}}) == "{{" + name
