"""Results as one HTML page that a manager can be sent: nothing is fetched, no script is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files

from cli.showing.results import charts, words
from cli.showing.results.channels import matrices
from cli.showing.results.kinds import kinds_on_page
from cli.showing.results.markup import figure, table_of
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.ranker.v1.results_pb2 import MeasureResult, OfferResult, Results
from touchpoint.rules.v1.rules_pb2 import RuleResult

_SEGMENTS, _RULES, _PAIRS = 12, 15, 20
_CARDS = ("contribution", "revenue_per_visit", "look_to_book", "acceptance")
_OF_SEGMENT = ("contribution", "look_to_book", "acceptance", "order_value", "retention")


def page(results: Results, rules: Sequence[RuleResult]) -> str:
    """Return the whole document."""
    style = files("cli.showing.results").joinpath("page.css").read_text("utf-8")
    body = "\n".join(_body(results, rules))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>What Touchpoint brought</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _body(results: Results, rules: Sequence[RuleResult]) -> Iterator[str]:
    since, until = (words.day(results, name) for name in ("since_time", "until_time"))
    yield f"<h1>What Touchpoint brought</h1><p class=soft>{since} to {until}</p>"
    yield f"<p class=lead>{escape(words.paragraph(results))}</p>"
    if results.decisions:
        there = {told.arm for told in results.arms}
        control = Arm.HOLDOUT if Arm.HOLDOUT in there else Arm.STATIC
        yield from _cards(results, control)
        yield from _effects(results, control)
        yield from _time(results)
        yield _measures(results)
        yield from kinds_on_page(results)
        yield from _offers(results)
        yield from _channels(results)
        yield from matrices(results)
        yield from _segments(results)
        yield from _rules(results, rules)
    yield _caveats(results)
    yield _definitions(results)
    yield _queries(results)


def _cards(results: Results, control: Arm.Value.ValueType) -> Iterator[str]:
    yield "<div class=cards>"
    for name in _CARDS:
        yield _card(words.named(results, name), control, results.currency)
    yield "</div>"


def _card(measure: MeasureResult, control: Arm.Value.ValueType, currency: str) -> str:
    value = words.value_of(measure, Arm.PERSONALISED)
    told = words.number(value.value, measure.unit, currency) if value else "–"
    found = words.against(measure, control)
    beside = "nothing to hold it against"
    if found is not None:
        changed = words.change(found.difference, measure.unit, currency)
        beside = (
            f"<span class={charts.css_class(found)}>{escape(changed)} against"
            f" {words.arm_name(control)}: {words.conclusion(found)}</span>"
        )
    return (
        f"<div class=card><span class=soft>{escape(measure.title)}</span><b>{escape(told)}</b>"
        f"<span class=soft>{beside}</span></div>"
    )


def _effects(results: Results, control: Arm.Value.ValueType) -> Iterator[str]:
    drawn = charts.lifts(results, control)
    if drawn:
        yield f"<h2>Personalised against {words.arm_name(control)}</h2>"
        yield figure(
            drawn,
            "Difference as a share of what it is held against, with its 95% interval. Grey: may"
            " well be chance. Not drawn: what is next to nothing there.",
        )


def _time(results: Results) -> Iterator[str]:
    drawn = charts.over_time(results)
    if drawn:
        yield "<h2>Contribution per customer so far</h2>"
        yield figure(drawn, f"What was paid less what came back and its cost, {results.currency}.")


def _measures(results: Results) -> str:
    there = [told.arm for told in results.arms][::-1]
    people = {told.arm: told.people for told in results.arms}
    controls = [arm for arm in (Arm.HOLDOUT, Arm.STATIC) if arm in there]
    head = [
        "",
        *(f"{words.arm_name(arm)} ({people[arm]:,})" for arm in there),
        *(f"against {words.arm_name(arm)}, 95% interval" for arm in controls),
    ]
    rows = [
        _measure_cells(measure, there, controls, results.currency) for measure in results.measures
    ]
    return "<h2>Every measure, by arm</h2>" + table_of(head, rows)


def _measure_cells(
    measure: MeasureResult,
    there: Iterable[Arm.Value.ValueType],
    controls: Iterable[Arm.Value.ValueType],
    currency: str,
) -> list[str]:
    values = [words.value_of(measure, arm) for arm in there]
    cells = [escape(measure.title)]
    cells += [
        escape(words.number(each.value, measure.unit, currency)) if each else "–" for each in values
    ]
    for control in controls:
        found = words.against(measure, control)
        if found is None:
            cells.append("–")
            continue
        told = (
            f"{words.change(found.difference, measure.unit, currency)},"
            f" {words.interval(found, measure, currency)}: {words.conclusion(found)}"
        )
        cells.append(f"<span class={charts.css_class(found)}>{escape(told)}</span>")
    return cells


def _offers(results: Results) -> Iterator[str]:
    best, worst = words.best_and_worst(results)
    if not best:
        return
    yield "<h2>Best and worst offers</h2>"
    yield figure(
        charts.worth([*best, *worst[::-1]], results.currency),
        "Worth per 1,000 showings (of a product its contribution, else its value when accepted)"
        f" with its 95% interval, and the share accepted. Of {len(results.offers):,} offers shown.",
    )
    head = ["offer", "seen", "accepted", "clicked", "turned down", "worth", "per 1,000"]
    yield table_of(head, [_offer_cells(offer, results.currency) for offer in (*best, *worst[::-1])])


def _offer_cells(offer: OfferResult, currency: str) -> list[str]:
    shares = (offer.accepted, offer.clicks, offer.declined)
    return [
        escape(offer.title or offer.offer_id),
        f"{offer.shown:,}",
        *(f"{count / offer.shown:.1%}" for count in shares),
        escape(words.money(offer.worth, currency)),
        escape(words.per_thousand(offer, currency)),
    ]


def _channels(results: Results) -> Iterator[str]:
    if results.channels:
        yield "<h2>Seen here, bought there</h2>"
        pairs = sorted(results.channels, key=lambda pair: -pair.revenue)[:_PAIRS]
        yield table_of(
            ["seen", "bought", "purchases", "revenue", "contribution"],
            [
                [
                    words.channel_name(pair.seen),
                    words.channel_name(pair.bought),
                    f"{pair.purchases:,}",
                    escape(words.money(pair.revenue, results.currency)),
                    escape(words.money(pair.contribution, results.currency)),
                ]
                for pair in pairs
            ],
        )


def _segments(results: Results) -> Iterator[str]:
    if not results.segments:
        return
    places = [at for at, each in enumerate(results.measures) if each.name in _OF_SEGMENT]
    rows = []
    for segment in results.segments[:_SEGMENTS]:
        values = [(segment.values[at], results.measures[at]) for at in places]
        told = [
            words.number(value.value, measure.unit, results.currency) if value.whole else "–"
            for value, measure in values
        ]
        rows.append([escape(segment.segment), f"{segment.people:,}", *map(escape, told)])
    yield "<h2>Segments</h2>"
    yield table_of(["segment", "people", *(results.measures[at].title for at in places)], rows)


def _rules(results: Results, rules: Sequence[RuleResult]) -> Iterator[str]:
    costs = words.rule_costs(rules, results.currency)
    if costs:
        yield "<h2>What the rules cost</h2>"
        rows = [[escape(cell) for cell in cells] for cells in costs[:_RULES]]
        yield table_of(["rule", "", "removed", "costs"], rows)
        yield (
            "<p class=soft>What an enforced rule removes nobody is shown, so its cost is measured"
            " only by trying the definitions without it on a share of people.</p>"
        )


def _caveats(results: Results) -> str:
    told = "".join(f"<li>{escape(caveat.text)}</li>" for caveat in results.caveats)
    return f"<h2>What this cannot say</h2><ul>{told}</ul>"


def _definitions(results: Results) -> str:
    told = "".join(
        f"<dt>{escape(each.title)}</dt><dd>{escape(each.definition)}</dd>"
        for each in results.measures
    )
    return f"<h2>What each measure means</h2><dl>{told}</dl>"


def _queries(results: Results) -> str:
    told = "\n\n".join(
        f"-- {each.title}\n{each.query};\n"
        f"-- {each.title}, by channel seen and bought\n{each.channels_query};"
        for each in results.measures
    )
    return (
        "<h2>Where the figures come from</h2><p class=soft>Every figure is recomputed from an"
        " export (<code>touchpoint export DIR --in-house</code>) by its query, on the tables that"
        " <code>touchpoint report results --sql</code> makes.</p>"
        f"<details><summary>The queries</summary><pre>{escape(told)}</pre></details>"
    )
