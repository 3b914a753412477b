"""Whatever is wrong, of every kind and in every file, is told at once."""

from __future__ import annotations

from services.rules.definitions import check_definitions
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

BROKEN = "rules:\n  - name: [\n"
PLACES = """\
parameters:
  sticky: half an hour
  Rest: 30d
placements:
  - placement: web.home
    channel: WEP
    kinds: [PRODUCT, CONTENT]
    limit: 51
    default_offers: [default.help, default.hlp]
  - {placement: web.home, channel: WEB, kinds: [CONTENT], limit: 1, default_offers: []}
offers:
  - {offer_id: default.help, kind: CONTENT, title: Help}
  - {offer_id: a.thing, kind: PRODUCT, title: ""}
contact_limits:
  - {policy: marketing, limit: three a week}
pages: []
"""
RULES = """\
rules:
  - name: two_in_one
    code: DECLINED
    level: MUST
    placements: [web.hom]
    remove_when: |
      offer.stok == 0
        || offer.brand > 1 && sesion.items > 2
  - name: unfinished
    code: NOT_DUE
    remove_when: offer.stock >
  - name: number
    remove_when: offer.stock
    lever: 2
  - name: slow
    code: NOT_DUE
    remove_when: customer.segments.exists(s, offer.brand == s)
  - name: tried
    code: NOT_DUE
    remove_when: customer.attributes.exists(k, k.matches('[^x]{38}x'))
  - name: examples
    level: APPLICABILITY
    code: OUT_OF_STOCK
    remove_when: offer.stock == 0
    examples:
      - {offer: {stock: 0}, removed: false}
      - {offer: {stok: 0}, removed: false}
      - {offer: {stock: none}, removed: true}
      - {offer: {stock: 1}}
segments:
  - {segment: vip, when: customer.verified}
  - {segment: vip, when: "customer.frequency > 1 && customer.agee > 3"}
"""
TOLD = [
    ("broken.yaml", 3, 1, "is no YAML"),
    ("places.yaml", 2, 11, "sticky: 'half an hour' is no duration"),
    ("places.yaml", 3, 3, "'Rest' is no name"),
    ("places.yaml", 6, 14, "channel must be one of"),
    ("places.yaml", 8, 12, "limit must be a whole number from 1 to 50, is '51'"),
    ("places.yaml", 9, 21, "default.help must be is_default: true"),
    ("places.yaml", 9, 21, "there is no offer default.hlp in these definitions; did you mean"),
    ("places.yaml", 10, 17, "web.home is defined twice"),
    ("places.yaml", 10, 85, "a placement needs a default offer"),
    ("places.yaml", 13, 31, "a product is defined by its item"),
    ("places.yaml", 13, 47, "title must not be empty"),
    ("places.yaml", 15, 32, "limit is wrong: 'three a week' is no allowance"),
    ("places.yaml", 16, 1, "unknown section pages"),
    ("rules.yaml", 4, 12, "level must be one of ELIGIBILITY"),
    ("rules.yaml", 5, 17, "there is no placement web.hom; did you mean web.home?"),
    ("rules.yaml", 7, 12, "remove_when: undefined field 'stok'"),
    ("rules.yaml", 8, 24, "remove_when: found no matching overload for '_>_'"),
    ("rules.yaml", 8, 37, "remove_when: undeclared reference to 'sesion.items'"),
    ("rules.yaml", 11, 31, "remove_when: Syntax error: mismatched input the end"),
    ("rules.yaml", 12, 5, "lever and lever_when belong together"),
    ("rules.yaml", 13, 18, "remove_when needs a code to tell"),
    ("rules.yaml", 13, 18, "remove_when: must be true or false, is INT"),
    ("rules.yaml", 17, 42, "remove_when: takes about 14 ms over all candidates"),
    ("rules.yaml", 20, 18, "remove_when: takes "),
    ("rules.yaml", 26, 38, "removed should be false, came true: remove_when is true"),
    ("rules.yaml", 27, 18, "unknown key stok; did you mean stock?"),
    ("rules.yaml", 28, 25, "stock must be a whole number, is 'none'"),
    ("rules.yaml", 29, 9, "an example needs removed or levered"),
    ("rules.yaml", 31, 26, "when: customer.verified belongs to a request"),
    ("rules.yaml", 32, 15, "vip is defined twice"),
    ("rules.yaml", 32, 61, "when: undefined field 'agee'"),
]


def test_every_mistake_of_every_kind_is_told_at_once_with_its_place() -> None:
    texts = {"broken.yaml": BROKEN, "places.yaml": PLACES, "rules.yaml": RULES}
    found = check_definitions(
        [DefinitionFile(path=path, text=text) for path, text in texts.items()]
    )
    assert found.bundle is None
    told = [each for each in found.problems if not each.warning]
    assert len(told) == len(TOLD), [(p.path, p.line, p.column, p.message[:60]) for p in told]
    for problem, (path, line, column, message) in zip(told, TOLD, strict=True):
        assert (problem.path, problem.line, problem.column) == (path, line, column), problem
        assert problem.message.startswith(message), problem
