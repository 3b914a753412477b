"""Templates are put together with samples while they are checked, every mistake with its place."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions
from services.rules.definitions.comparing import changes_between
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_pb2 import Bundle, DefinitionFile

HOUSE = """\
senders:
  - {sender: house, name: Story Shop, address: hello@shop.example}
"""
REST = """\
placements:
  - {placement: web.cart, channel: WEB, kinds: [CONTENT], limit: 3, default_offers: [help]}
  - {placement: email.body, channel: EMAIL, kinds: [CONTENT], limit: 3, default_offers: [help]}
offers:
  - {offer_id: help, kind: CONTENT, title: Help, is_default: true}
"""
LEFT = """\
  - template: left
    title: A cart left behind
    channels: [EMAIL, SMS]
    language: en
    subject: "{{ person.first_name | default: 'Hello' }}, your cart is waiting"
    text: |
      {% for line in cart.lines %}{{ line.title }}
      {% endfor %}
      {{ house.name }}
    html: |
      <ul>{% for offer in offers %}<li>{{ offer.title }}</li>{% endfor %}</ul>
    variants:
      - {language: de, subject: Ihr Warenkorb, text: Er wartet., html: <p>Er wartet.</p>}
      - {channels: [SMS], text: Your cart is waiting.}
"""
FIRST_LINE = (HOUSE + REST).count("\n") + 2


def checked(templates, head=HOUSE + REST):
    text = head + "templates:\n" + templates
    return check_definitions([DefinitionFile(path="all.yaml", text=text)])


def told(templates, head=HOUSE + REST):
    found = checked(templates, head).problems
    return [(each.line - FIRST_LINE, each.column, each.message, each.warning) for each in found]


def test_a_template_that_says_all_there_is_to_say_has_no_problem_and_is_in_the_bundle():
    found = checked(LEFT)
    assert not found.problems
    (left,) = found.bundle.templates
    assert list(left.channels) == [Channel.EMAIL, Channel.SMS]
    assert [each.language for each in left.variants] == ["de", ""]
    (house,) = found.bundle.senders
    assert (house.sender, house.name) == ("house", "Story Shop")


def test_what_changed_in_a_template_is_told_by_its_name():
    before, after = checked(LEFT).bundle, checked(LEFT.replace("Er wartet.,", "Noch da.,")).bundle
    (change,) = changes_between(before, after)
    assert (change.section, change.name) == ("templates", "left")
    assert [each.field for each in change.fields] == ["variants"]
    added = changes_between(Bundle(), after)
    assert ("templates", "left") in [(each.section, each.name) for each in added]


ONE = "  - {template: t, channels: %s, text: %s}\n"
MISTAKES = {
    "an unknown variable": (
        ONE % ("SMS", '"Hi {{ person.nmae }}"'),
        (0, 47, "text: there is no nmae in person; known are first_name, language, name"),
    ),
    "an unknown variable that would not be reached": (
        ONE % ("SMS", '"{% if cart.count > 9 %}{{ cat }}{% endif %}"'),
        (0, 67, "text: there is no variable cat"),
    ),
    "a field of what is looped over": (
        "  - template: t\n    channels: SMS\n    text: |\n      Hi\n"
        "      {% for o in offers %}{{ o.titel }}{% endfor %}\n",
        (4, 31, "text: there is no titel in o"),
    ),
    "an unknown filter": (
        ONE % ("SMS", '"{{ today | dte }}"'),
        (0, 52, "text: there is no filter dte"),
    ),
    "HTML that would not be escaped": (
        ONE % ("SMS", '"{{ today | safe }}"'),
        (0, 52, "text: there is no filter safe"),
    ),
    "a block that is not closed": (
        ONE % ("SMS", '"{% if today %}"'),
        (0, 41, "text: expected tag endif"),
    ),
    "another template": (
        ONE % ("SMS", "\"{% include 'x' %}\""),
        (0, 44, "text: unexpected tag 'include'"),
    ),
    "a loop that hardly ends": (
        ONE % ("SMS", '"{% for i in (1..99999999) %}x{% endfor %}"'),
        (0, 44, "text: loop iteration limit reached"),
    ),
    "an e-mail without a subject": (
        ONE % ("EMAIL", "Hi"),
        (0, 5, "an e-mail needs a subject"),
    ),
    "a text that a text message has no room for": (
        ONE % ("SMS", "x" * 460),
        (0, 40, "with a sample its text has 460 characters, SMS takes 459"),
    ),
    "a text with signs for which a text message has less room": (
        ONE % ("SMS", "ш" * 202),
        (0, 40, "its text has 202 characters, SMS takes 201"),
    ),
    "a text too long for telephones": (
        ONE % ("PUSH", "x" * 241),
        (0, 41, "its text has 241 characters, PUSH takes 240"),
    ),
    "a variant in a language that is there": (
        "  - {template: t, channels: SMS, text: a, variants: [{language: de, text: b},"
        " {language: de, text: c}]}\n",
        (0, 79, "there is a variant for the same language and channel already"),
    ),
    "a variant for nobody": (
        "  - {template: t, channels: SMS, text: a, variants: [{text: b}]}\n",
        (0, 54, "a variant needs a language or channels"),
    ),
    "a variant on another channel": (
        "  - {template: t, channels: SMS, text: a, variants: [{channels: PUSH, text: b}]}\n",
        (0, 65, "the template is not sent on PUSH"),
    ),
    "a variant without the HTML that others have": (
        "  - {template: t, channels: EMAIL, subject: s, text: a, html: b,"
        " variants: [{language: de, subject: s, text: b}]}\n",
        (0, 77, "has no html, though others of this template have"),
    ),
    "no language": (
        "  - {template: t, channels: SMS, text: a, language: German}\n",
        (0, 53, "language must be a language such as de or de-AT"),
    ),
    "a channel on which nobody is written to": (
        ONE % ("WEB", "Hi"),
        (0, 29, "channels must be one of PUSH, EMAIL, SMS, DIRECT_MAIL"),
    ),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place(text, expected):
    line, column, message = expected
    found = [each for each in told(text) if not each[3]]
    assert [each[:2] for each in found] == [(line, column)], found
    assert message in found[0][2]


def test_what_is_not_known_of_everybody_is_warned_of():
    ((line, column, message, is_warning),) = told(ONE % ("SMS", '"Hi {{ person.name }}"'))
    assert (line, column, is_warning) == (0, 47, True)
    assert (
        message == "text: person.name is not known of everybody: ask with `if`, or give a `default`"
    )


def test_a_text_that_says_who_the_house_is_needs_that_to_be_said():
    ((_, _, message, _),) = told(ONE % ("SMS", '"{{ house.name }}"'), REST)
    assert message.startswith("text: who the house is must be said")


def test_a_price_after_a_sign_of_currency_is_no_parameter():
    assert told(ONE % ("SMS", '"${{ offers[0].title }}"')) == []


SENDS = {
    "an unknown template": (
        "{channels: EMAIL, template: lfet}",
        "there is no template lfet; did you mean left?",
    ),
    "a channel without words": (
        "{channels: PUSH, template: left, offers: [help]}",
        "template left has no words for PUSH",
    ),
    "offers that nobody chose": (
        "{channels: EMAIL, template: left}",
        "template left tells of offers: name a placement, or offers",
    ),
    "a placement of another channel": (
        "{channels: EMAIL, template: left, placement: web.cart}",
        "web.cart is of the channel WEB, not EMAIL",
    ),
    "an unknown placement": (
        "{channels: EMAIL, template: left, placement: email.bdy}",
        "there is no placement email.bdy; did you mean email.body?",
    ),
    "offers with no placement on the channel": (
        "{channels: SMS, template: left, offers: [help]}",
        "offers need a placement of the channel SMS: there is none",
    ),
    "a limit of nothing": (
        "{channels: EMAIL, template: plain, limit: 2}",
        "limit needs a placement, or offers",
    ),
}


@pytest.mark.parametrize(("send", "expected"), SENDS.values(), ids=SENDS)
def test_a_stage_that_cannot_send_its_message_is_told(send, expected):
    plain = "  - {template: plain, channels: EMAIL, subject: s, text: a}\n"
    stage = (
        "scenarios:\n"
        f"  - {{scenario: s, starts_on: [view], stages: [{{stage: a, send: {send}}}]}}\n"
    )
    assert expected in [each[2] for each in told(LEFT + plain + stage)]
