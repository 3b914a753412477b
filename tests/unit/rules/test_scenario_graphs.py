"""A scenario is checked as a whole: every stage can be reached, every wait ends, none circles."""

from __future__ import annotations

import pytest

from services.rules.definitions import check_definitions
from services.rules.definitions.scenario_graph import ANSWERS
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

HEAD = """\
parameters: {dear: "100"}
placements:
  - placement: web.cart
    channel: WEB
    kinds: [PROMOTION, CONTENT]
    limit: 3
    default_offers: [default.help]
  - {placement: email.body, channel: EMAIL, kinds: [PROMOTION, CONTENT], limit: 3,
    default_offers: [default.help]}
  - {placement: sms.text, channel: SMS, kinds: [PROMOTION, CONTENT], limit: 1,
    default_offers: [default.help]}
templates:
  - {template: left, channels: [EMAIL, SMS], subject: Left, text: "{{ offers[0].title }}"}
offers:
  - {offer_id: default.help, kind: CONTENT, title: Help, is_default: true}
  - {offer_id: mild, kind: PROMOTION, title: Mild, is_journey_only: true}
  - {offer_id: better, kind: PROMOTION, title: Better, is_journey_only: true}
segments:
  - {segment: lapsed, when: customer.recency_days > 90.0}
scenarios:
  - scenario: s
    starts_on: [view]
"""
FIRST_LINE = HEAD.count("\n") + 1


def told(text):
    found = check_definitions([DefinitionFile(path="all.yaml", text=HEAD + text)])
    return [(each.line - FIRST_LINE + 1, each.column, each.message) for each in found.problems]


def bundle(text):
    found = check_definitions([DefinitionFile(path="all.yaml", text=HEAD + text)])
    assert not found.problems, found.problems
    return found.bundle


WHOLE = """\
    aim: WIN_BACK
    segments: [lapsed]
    where: event.category.startsWith("PCs") && event.value_micros >= 0
    count: {at_least: 3, within: 1d}
    quiet_for: 3d
    quiet_of: [view, login]
    condition: customer.value_tier in ["top", "high"] && journey.cart_lines == 0
    occasions: {at_least: 2, within: 30d}
    goals: [purchase]
    goal_where: event.value_micros > 1000000
    exits:
      - {on: [complaint], as: complained}
    again_after: 30d
    again_most: 3
    priority: 50
    group: winning_back
    limits: {under_way: 1000, per_day: 100, messages: 3}
    takes_over: true
    moves:
      - {from: old, to: site}
    stages:
      - stage: mark
        set: {asked: "yes"}
        note: Compared PCs and left.
        next:
          - {condition: '"lapsed" in customer.segments', to: mail}
          - {share: 50%, to: site}
          - {to: end, as: left_alone}
      - stage: site
        propose: {offers: [mild, better], placements: [web.cart]}
        lasts: 2d
        answers: {declined: mail}
        on:
          - {on: [search], where: event.category == "PCs", to: mail}
      - stage: mail
        condition: journey.messages < 2
        otherwise: call
        send: {channels: [EMAIL, SMS], template: left, offers: [mild, better], limit: 1,
          purpose: marketing, from_own_contact: true}
        on:
          - {on: [email_click], to: end, as: clicked}
        lasts: 4d
      - stage: morning
        until: {at: "10:00", working_day: true, after: 12h}
      - stage: call
        task: {kind: call, reason: Left., script: May I help?}
        lasts: 3d
        answers:
          {not_reached: morning, done: end, reached: mail, no_answer: morning, busy: morning,
           voicemail: mail, wrong_person: mail, call_again: call, sold: end, not_interested: end}
"""


def test_a_scenario_that_says_all_there_is_to_say_has_no_problem_and_is_in_the_bundle():
    (scenario,) = bundle(WHOLE).scenarios
    assert (scenario.count.at_least, scenario.occasions.within.seconds) == (3, 30 * 86400)
    mark, site, mail, morning, call = scenario.stages
    assert [way.to for way in mark.next] == ["mail", "site", "end"]
    assert mark.next[1].share == 0.5
    assert list(site.propose.offers) == ["mild", "better"]
    assert getattr(mail.on[0], "as") == "clicked"
    assert (mail.send.template, list(mail.send.offers)) == ("left", ["mild", "better"])
    assert (morning.until.at, morning.until.working_day) == ("10:00", True)
    assert set(call.answers) == set(ANSWERS) - {"accepted", "declined"}


def test_the_stage_that_comes_next_may_be_named_alone():
    text = (
        "    stages:\n"
        "      - {stage: a, next: b}\n"
        "      - {stage: b, propose: {offer: mild}, lasts: 1d}\n"
    )
    assert bundle(text).scenarios[0].stages[0].next[0].to == "b"


@pytest.mark.parametrize("name", ["channel", "channels"])
@pytest.mark.parametrize("calls", [False, True])
def test_the_best_channel_may_be_a_call_where_its_task_stands_beside(name, calls):
    head = HEAD.replace("channels: [EMAIL, SMS], subject", "channels: [EMAIL, SMS, PUSH], subject")
    head = head.replace("{{ offers[0].title }}", "Left behind")
    task = "        task: {kind: call, reason: R., script: Hi}\n" if calls else ""
    text = (
        f"    stages:\n      - stage: a\n        send: {{{name}: best, template: left}}\n{task}"
        "        lasts: 1d\n"
    )
    found = check_definitions([DefinitionFile(path="all.yaml", text=head + text)])
    assert not found.problems, found.problems
    channels = [Channel.EMAIL, Channel.SMS, Channel.PUSH]
    assert found.bundle.scenarios[0].stages[0].send.channels == [
        *channels,
        *([Channel.CALL_CENTER] if calls else []),
    ]


OFFER = "propose: {offer: mild}, lasts: 1d"
FLAWS = {
    "never reached": (
        f"      - {{stage: a, {OFFER}, next: end}}\n      - {{stage: b, {OFFER}}}\n",
        (3, 17, "stage b is never reached"),
    ),
    "reached by what comes after a wait": (
        f"      - {{stage: a, propose: {{offer: mild}}}}\n      - {{stage: b, {OFFER}}}\n",
        (3, 17, "stage a does not end by itself"),
    ),
    "waits for ever": (
        "      - {stage: a, on: [{on: [x], to: end}]}\n",
        (2, 24, "waits for ever where no such event comes"),
    ),
    "an offer that nobody answers": (
        "      - {stage: a, propose: {offer: mild}, on: [{on: [x], to: end}]}\n",
        (2, 29, "waits for ever where nobody answers the offer: give it lasts"),
    ),
    "a task that nobody does": (
        "      - {stage: a, task: {kind: call, reason: R., script: Hi}}\n",
        (2, 26, "waits for ever where nobody does the task: give it lasts"),
    ),
    "a circle that nothing leads out of": (
        "      - {stage: a, note: x}\n"
        "      - {stage: b, lasts: 1d}\n"
        "      - {stage: c, until: {at: '10:00'}, next: [{share: 50%, to: c}, {to: b}]}\n",
        (2, 17, "nothing leads from stage a to the end, however long it takes"),
    ),
    "a circle that every answer leads back into": (
        f"      - {{stage: a, {OFFER}, answers: {{accepted: a, declined: a}}, next: a}}\n",
        (2, 17, "nothing leads from stage a to the end"),
    ),
    "circles": (
        "      - {stage: a, next: b}\n      - {stage: b, note: again, next: a}\n",
        (2, 17, "stage a leads back to itself without a pause"),
    ),
    "circles by what stands in its place": (
        f"      - {{stage: a, note: x}}\n"
        f"      - {{stage: b, {OFFER}, condition: 'journey.days > 1.0', otherwise: a}}\n",
        (2, 17, "without a pause"),
    ),
    "unknown way": (
        f"      - {{stage: first, {OFFER}, next: [{{to: frist}}]}}\n",
        (2, 71, "there is no stage frist; did you mean first?"),
    ),
    "unknown answer": (
        f"      - {{stage: a, {OFFER}, answers: {{maybe: end}}}}\n",
        (2, 72, "there is no answer maybe"),
    ),
    "an outcome of a task where there is none": (
        f"      - {{stage: a, {OFFER}, answers: {{busy: end}}}}\n",
        (2, 71, "busy is the outcome of a task, and stage a gives none"),
    ),
    "more than an agent says in one breath": (
        f"      - {{stage: a, task: {{kind: call, reason: R., script: {'w ' * 26}}}}}\n",
        (2, 59, "has 26 words; agents say at most 25"),
    ),
    "too large shares": (
        f"      - {{stage: a, {OFFER}, next: [{{share: 60%, to: end}}, {{share: 50%, to: a}}]}}\n",
        (2, 61, "add up to 110%"),
    ),
    "never taken": (
        f"      - {{stage: a, {OFFER}, next: [{{to: end}}, {{to: a}}]}}\n",
        (2, 73, "is never taken"),
    ),
    "as without the end": (
        f"      - {{stage: a, {OFFER}, next: [{{to: a, as: x}}]}}\n",
        (2, 74, "as goes with `to: end` only"),
    ),
    "two things at once": (
        "      - {stage: a, propose: {offer: mild}, send: {channels: EMAIL, template: t}}\n",
        (2, 50, "has propose and send: write a stage for each"),
    ),
    "a condition of the wrong type": (
        f"      - {{stage: a, {OFFER}, condition: customer.age + 1}}\n",
        (2, 66, "must be true or false"),
    ),
    "a condition that reads what is not there": (
        f"      - {{stage: a, {OFFER}, condition: customer.aeg > 1}}\n",
        (2, 74, "aeg"),
    ),
    "an event's condition that reads the person": (
        f"      - {{stage: a, {OFFER}, on: [{{on: [x], where: customer.age > 1, to: end}}]}}\n",
        (2, 85, "without asking about the person"),
    ),
    "an attribute that a profile does not take": (
        "      - {stage: a, set: {Tier: gold}}\n",
        (2, 25, "attribute Tier must be 1 to 64 of a-z"),
    ),
    "a name that is set": (
        "      - {stage: a, set: {name: Ada}}\n",
        (2, 25, "a name is personal"),
    ),
    "a message on a channel that carries none": (
        "      - {stage: a, send: {channels: [WEB], template: t}}\n",
        (2, 38, "must be one of PUSH, EMAIL, SMS, DIRECT_MAIL, CALL_CENTER, is 'WEB'"),
    ),
    "a message without words": (
        "      - {stage: a, send: {channels: best, template: lefd}}\n",
        (2, 53, "there is no template lefd; did you mean left?"),
    ),
    "a message with words for other channels": (
        "      - {stage: a, send: {channels: best, template: left, offers: [mild]}}\n",
        (2, 53, "template left has no words for PUSH"),
    ),
    "a message on no channel": (
        "      - {stage: a, send: {channels: [], template: t}}\n",
        (2, 37, "must name a channel"),
    ),
    "a call without its task": (
        "      - {stage: a, send: {channels: [EMAIL, CALL_CENTER], template: left}}\n",
        (2, 37, "stage a may call: write beside it the task that somebody is given"),
    ),
    "a task beside a message that is no call": (
        "      - {stage: a, send: {channel: EMAIL, template: left}, lasts: 1d,\n"
        "         task: {kind: call, reason: R., script: Hi}}\n",
        (2, 26, "has task and send: write a stage for each"),
    ),
    "a call of a kind that is none": (
        "      - {stage: a, send: {channel: best, template: left}, lasts: 1d,\n"
        "         task: {kind: chat, reason: R., script: Hi}}\n",
        (3, 23, "stage a may call: a task of kind call is one"),
    ),
    "channels that are written twice": (
        "      - {stage: a, send: {channel: best, channels: EMAIL, template: left}}\n",
        (2, 26, "channel and channels are one: write one of them"),
    ),
    "no channel at all": (
        "      - {stage: a, send: {template: left}}\n",
        (2, 26, "channel is missing"),
    ),
    "an unknown offer": (
        "      - {stage: a, propose: {offers: [mild, bettr]}, lasts: 1d}\n",
        (2, 45, "did you mean better?"),
    ),
    "no time of day": (
        '      - {stage: a, until: {at: "25:00"}}\n',
        (2, 32, "must be a time of day such as 10:00"),
    ),
}


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_is_told_where_it_stands(name):
    stages, (line, column, message) = FLAWS[name]
    found = told("    stages:\n" + stages)
    assert any((each[0], each[1]) == (line, column) and message in each[2] for each in found), found


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("segments: [lapst]", "did you mean lapsed?"),
        ("goal_where: event.gift", "goal_where needs goals"),
        ("quiet_of: [view]", "quiet_of needs quiet_for"),
        ("quiet_already: {within: 30d, over: 7d}", "quiet_already needs quiet_for"),
        ("quiet_already: {within: 30d}", "over is missing"),
        ("moves: [{from: x, to: y}]", "there is no stage y"),
        ("condition: customer.segments.exists(s, s == params.dear)", "(string, int)"),
        ("group: Winning Back", "lower_snake_case"),
    ],
)
def test_a_flaw_of_the_whole_is_told_on_its_line(field, message):
    found = told(f"    {field}\n    stages:\n      - {{stage: a, {OFFER}}}\n")
    assert any(line == 1 and message in said for line, _, said in found), found


@pytest.mark.parametrize(
    ("already", "more", "column", "message"),
    [
        ("{within: 401d, over: 7d}", "", 29, "within is at most 400 days"),
        ("{within: 30d, over: 91d}", "", 40, "over is at most 90 days"),
        (
            "{within: 30d, over: 7d}",
            "    occasions: {at_least: 2, within: 30d}\n",
            20,
            "occasions are counted from live events",
        ),
        ("{within: 30d, over: 7d}", "    per: ITEM\n", 20, "quiet_already is of people"),
    ],
)
def test_whom_a_scenario_takes_up_is_bounded_and_no_matter_of_occasions_or_items(
    already, more, column, message
):
    stages = f"    stages:\n      - {{stage: a, {OFFER}}}\n"
    found = told(f"    quiet_already: {already}\n    quiet_for: 3d\n{more}{stages}")
    assert any((line, at) == (1, column) and message in said for line, at, said in found), found


def test_what_is_not_kept_can_neither_wait_nor_ask_how_far_somebody_came():
    text = (
        "    stages:\n      - {stage: a, " + OFFER + "}\n"
        "  - scenario: t\n"
        "    condition: journey.days > 1.0\n"
        "    again_most: 2\n"
        "    per: ITEM\n"
        "    stages: [{stage: a, propose: {offer: mild}}]\n"
    )
    found = [message for _, _, message in told(text)]
    assert any("journey.days is known of a journey only" in each for each in found)
    assert any("again_most needs starts_on" in each for each in found)
    assert any("per needs starts_on" in each for each in found)


@pytest.mark.parametrize(
    ("proposes", "message"),
    [
        ("{lever: 2}", "needs one of offer, offers, source and its_item"),
        ("{offer: mild, source: SIMILAR}", "needs one of offer, offers, source and its_item"),
        ("{offer: mild, most: 2}", "most needs source"),
        ("{source: DEFAULT}", "must be one of FOR_YOU"),
        ("{its_item: true, placements: [web.cart]}", "web.cart shows no PRODUCT"),
    ],
)
def test_what_is_found_is_found_in_one_way_and_shown_where_items_are(proposes, message):
    found = told(f"    stages: [{{stage: a, propose: {proposes}}}]\n")
    assert any(message in said for _, _, said in found), found


def test_where_nothing_is_found_the_following_stage_is_reached():
    found = "{stage: a, propose: {source: SIMILAR}, on: [{on: [x], to: end}]}"
    said = told(f"    stages:\n      - {found}\n      - {{stage: b, {OFFER}}}\n")
    assert [message for _, _, message in said] == [
        "stage a waits for ever where nobody answers the offer: give it lasts"
    ]


CIRCLE = "    stages:\n      - {stage: a, lasts: 1d}\n      - {stage: b, lasts: 1d, WAY}\n"


@pytest.mark.parametrize(
    ("before", "way"),
    [
        ("", "next: [{condition: journey.days > 9.0, to: end}, {to: a}]"),
        ("", "on: [{on: [x], to: end}], next: a"),
        ("", "propose: {offer: mild}, answers: {declined: a}, next: a"),
        ("", "task: {kind: call, reason: R., script: Hi}, answers: {sold: a}, next: a"),
        ("    goals: [purchase]\n", "next: a"),
        ("    exits: [{on: [complaint], as: complained}]\n", "next: a"),
    ],
)
def test_a_circle_may_be_left_by_a_way_an_event_an_answer_a_goal_or_an_exit(before, way):
    assert not told(before + CIRCLE.replace("WAY", way))


def warned(text, earlier=""):
    before = check_definitions([DefinitionFile(path="all.yaml", text=HEAD + earlier)]).bundle
    files = [DefinitionFile(path="all.yaml", text=HEAD + text)]
    found = check_definitions(files, in_force=before)
    assert found.bundle is not None, found.problems
    return [(each.line - FIRST_LINE + 1, each.column, each.message) for each in found.problems]


def test_of_a_stage_that_nobody_is_in_by_the_edition_in_force_it_is_warned():
    earlier = "    stages: [{stage: first, lasts: 1d}, {stage: second, lasts: 1d}]\n"
    moves = "    takes_over: true\n    moves: [{from: secnd, to: last}, {from: first, to: end}]\n"
    text = f"{moves}    stages: [{{stage: last, lasts: 1d}}]\n"
    ((line, column, message),) = warned(text, earlier)
    assert (line, column) == (2, 20)
    assert "it has no stage secnd, nor has this one; did you mean second?" in message
    assert not warned(text), "nothing is in force that has this scenario"
    assert not warned(text.replace("secnd", "second"), earlier)


@pytest.mark.parametrize(
    ("more", "stage", "is_warned"),
    [
        ("", "{stage: a, note: x}", True),
        ("    group: g\n", "{stage: a, note: x}", False),
        ("", f"{{stage: a, {OFFER}}}", False),
    ],
)
def test_of_a_priority_that_decides_nothing_it_is_warned(more, stage, is_warned):
    found = warned(f"    priority: 3\n{more}    stages: [{stage}]\n", "    stages: []\n")
    assert [(line, column) for line, column, _ in found] == ([(1, 15)] if is_warned else [])


def test_in_the_session_a_priority_is_refused():
    text = (
        f"    stages: [{{stage: a, {OFFER}}}]\n"
        "  - scenario: t\n"
        "    when: {hesitating: true}\n"
        "    priority: 3\n"
        "    stages: [{stage: a, propose: {offer: mild}}]\n"
    )
    assert [(line, said) for line, _, said in told(text)] == [
        (4, "priority needs starts_on: without it nothing is kept")
    ]


def test_in_the_session_nothing_waits_and_so_nothing_has_to_last():
    text = (
        f"    stages: [{{stage: a, {OFFER}}}]\n"
        "  - scenario: t\n"
        "    when: {hesitating: true}\n"
        "    stages: [{stage: a, propose: {offer: mild}}]\n"
    )
    assert not told(text)
