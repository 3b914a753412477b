"""Two versions of the shop's definitions, which show in what each service does by them."""

from __future__ import annotations

from services.rules.definitions.files import read_folder
from tests.journeys.definitions import SHIPPED
from tests.journeys.shop import DVD_PROMOTION, FREE_SHIPPING
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

PLACEMENT = "web.home.banner"
LIMITS = {"a": 3, "b": 4}
LIKELY = {"a": 0.1, "b": 0.6}
"""How likely what a scenario proposes is accepted, before anything is learned."""

_CHANGED = (
    ("limit: 3", "limit: {limit}"),
    ("holdout: 5%", "holdout: 0%"),
    (
        "kind: CONTENT, source: JOURNEY, probability: 0.1",
        "kind: CONTENT, source: JOURNEY, probability: {likely}",
    ),
)
_ADDED = f"""\
offers:
  - offer_id: found.LETTER
    kind: CONTENT
    title: All about films
    about_categories: [Media > DVDs]
  - offer_id: due.LETTER
    kind: CONTENT
    title: What is in your cart
    value: 5 USD
    is_journey_only: true
segments:
  - {{segment: in_LETTER, title: Everybody, when: customer.frequency >= 0}}
scenarios:
  - scenario: cart_LETTER
    when: {{cart_above: 1 USD}}
    stages:
      - {{stage: said, propose: {{offer: due.LETTER, placements: [{PLACEMENT}], lever: 1000}}}}
rules:
  - name: rule_LETTER
    level: SUITABILITY
    code: NOT_SUITABLE
    remove_when: offer.id == "{FREE_SHIPPING}"
    text: Version LETTER says no.
  - name: segment_LETTER
    level: SUITABILITY
    code: NOT_SUITABLE
    remove_when: offer.id == "{DVD_PROMOTION}" && "in_LETTER" in customer.segments
"""


def version(letter: str) -> list[DefinitionFile]:
    """Return the definitions of a version, `a` or `b`."""
    files = read_folder(SHIPPED)
    for old, new in _CHANGED:
        written = new.format(limit=LIMITS[letter], likely=LIKELY[letter])
        assert any(old in file.text for file in files), f"{old} is written otherwise now"
        for file in files:
            file.text = file.text.replace(old, written, 1)
    return [*files, DefinitionFile(path="signs.yaml", text=_ADDED.replace("LETTER", letter))]


def signs(answer, explained) -> dict[str, str]:
    """Return by which version each service worked on a decision; "none" where it shows nothing.

    What retrieval did not propose shows nothing of anybody: a new offer is found within a second,
    and a source that is late is left out.
    """
    recommended = answer.placements[0].recommendations
    candidates = {each.offer_id for each in explained.candidates}
    removed = {each.offer_id: each for each in answer.removed}
    due = [each for each in recommended if each.offer_id.startswith("due.")]
    found = {
        "edge": _letter(LIMITS, len(recommended)),
        "scenario": _only(each for each in candidates if each.startswith("due.")),
        "ranker": _nearest(due[0].acceptance_probability) if due else "none",
    }
    if any(each.startswith("found.") for each in candidates):
        found["retrieval"] = _only(each for each in candidates if each.startswith("found."))
    for service, offer_id in (("rules", FREE_SHIPPING), ("profile", DVD_PROMOTION)):
        if offer_id in candidates:
            found[service] = _only([removed[offer_id].rule] if offer_id in removed else ())
    if FREE_SHIPPING in removed:
        found["words"] = removed[FREE_SHIPPING].text.split()[1]
    return found


def _only(names) -> str:
    """Return the version that some names end with; all of them, if they are of several."""
    return "".join(sorted({name[-1] for name in names})) or "none"


def _letter(table, value) -> str:
    return next((letter for letter, each in table.items() if each == value), str(value))


def _nearest(probability: float) -> str:
    return min(LIKELY, key=lambda letter: abs(LIKELY[letter] - probability))
