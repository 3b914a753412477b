"""The shipped definitions, but for the holdout: nobody on a journey is left out by chance."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.journeys.shop import DVD_PROMOTION

SPORTS, RUNS = "sports", "runs"
"""A survey of the shop, and its question."""
_ASKING = f"""\
offers:
  - {{offer_id: {SPORTS}, kind: SURVEY, title: About your sports, is_journey_only: true}}
questions:
  - question: {RUNS}
    survey: {SPORTS}
    text: Do you run?
    why: So that we show you what fits.
    used_for: Choosing what we recommend.
    answers: ["yes", {{answer: "no", dislikes: {{category: Sport > Running}}}}]
"""
TRIAL = "no_films_in_trial"
"""A rule in shadow, and so without effect on any journey."""
_TRYING = f"""\
rules:
  - name: {TRIAL}
    level: SUITABILITY
    code: NOT_SUITABLE
    mode: SHADOW
    kinds: [PROMOTION]
    remove_when: offer.id == "{DVD_PROMOTION}"
    text: We are out of films.
    texts: {{de: Wir haben keine Filme mehr.}}
"""
TELLING = "told_of_an_offer"
ABOUT_OFFER = "Something for you"
"""A template, and its subject."""
_WRITING = f"""\
templates:
  - template: {TELLING}
    title: Told of an offer
    channels: [EMAIL]
    language: en
    subject: {ABOUT_OFFER}
    text: |
      {{% for offer in offers %}}{{{{ offer.title }}}}{{% endfor %}}
      No more of this: {{{{ unsubscribe.link }}}}
"""
LETTER_WANTED, LETTER_GIFT = "letter_wanted", "letter_gift"
"""What begins a journey by e-mail, and what its stages propose for their messages."""
_LETTERS = f"""\
offers:
  - {{offer_id: {LETTER_GIFT}, kind: PROMOTION, title: A gift for you, value: 900 USD,
    is_journey_only: true}}
scenarios:
  - scenario: letters
    starts_on: [{LETTER_WANTED}]
    stages:
      - stage: first
        send: {{channels: EMAIL, template: letter, placement: email.body, limit: 4,
          offers: [{LETTER_GIFT}], from_own_contact: true}}
        lasts: 30d
        on: [{{on: [{LETTER_WANTED}], to: second}}]
      - stage: second
        send: {{channels: EMAIL, template: letter, placement: email.body}}
        lasts: 30d
templates:
  - template: letter
    channels: EMAIL
    subject: "{{{{ person.first_name | default: 'Hello' }}}}, {{{{ offers.size }}}} things for you"
    text: |
      {{% for offer in offers %}}{{{{ offer.title }}}}
      {{% endfor %}}{{{{ sender.name }}}} {{{{ unsubscribe.link }}}}
senders:
  - {{sender: anna, name: Anna Berg, address: anna@shop.example}}
"""
SOLD_OUT, ABOUT_SOLD_OUT, GARDENING = "sold_out", "It was sold out", "gardening"
"""What begins a journey that calls or writes, its letter's subject, and what its agents can do."""
_CALLS = f"""\
scenarios:
  - scenario: word_of_it
    starts_on: [{SOLD_OUT}]
    stages:
      - stage: tell
        send: {{channels: [CALL_CENTER, EMAIL], template: word_of_it}}
        task: {{kind: call, reason: It was sold out., script: "May I find you another?",
          skills: [{GARDENING}]}}
        lasts: 1d
templates:
  - template: word_of_it
    channels: EMAIL
    subject: {ABOUT_SOLD_OUT}
    text: "{{{{ person.first_name | default: 'Hello' }}}} {{{{ unsubscribe.link }}}}"
"""
_EVERY_DAY = "calls.working_days: MON TUE WED THU FRI SAT SUN"
SHIPPED = Path(__file__).parents[2] / "deploy" / "definitions"


def for_everybody(folder: Path) -> dict[str, str]:
    """Write the definitions into a folder and return the settings that name it.

    Agents call on every day of the week: the journeys come by any of them as the clock is moved.
    """
    shutil.copytree(SHIPPED, folder)
    parameters = folder / "parameters.yaml"
    text = parameters.read_text("utf-8")
    assert "holdout: 5%" in text, "the shipped holdout is written otherwise now"
    parameters.write_text(text.replace("holdout: 5%", f"holdout: 0%\n  {_EVERY_DAY}"), "utf-8")
    return {"TOUCHPOINT_DEFINITIONS": str(folder)}


def asking(folder: Path) -> None:
    """Add a question of the shop to the definitions in a folder."""
    (folder / "sports.yaml").write_text(_ASKING, "utf-8")


def trying(folder: Path) -> None:
    """Add a rule in shadow to the definitions in a folder."""
    (folder / "trial.yaml").write_text(_TRYING, "utf-8")


def writing(folder: Path) -> None:
    """Add what messages of the shop say to the definitions in a folder."""
    (folder / "messages.yaml").write_text(_WRITING, "utf-8")


def by_letter(folder: Path) -> None:
    """Add a journey by e-mail to the definitions in a folder."""
    (folder / "letters.yaml").write_text(_LETTERS, "utf-8")


def by_call(folder: Path) -> None:
    """Add a journey that calls while somebody is there, else writes, to those in a folder."""
    (folder / "calls.yaml").write_text(_CALLS, "utf-8")
