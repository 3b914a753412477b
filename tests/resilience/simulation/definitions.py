"""Scenarios that meet each other: every way to wait, to branch, to send and to be limited."""

from __future__ import annotations

import random

from google.protobuf.json_format import ParseDict

from touchpoint.rules.v1 import rules_pb2 as pb

COME_BACK, SHIPPING = "come_back", "free_shipping"
UNDER_WAY, PER_DAY, MESSAGES = 4, 3, 2


def _stage(name: str, **written: object) -> dict[str, object]:
    return {"stage": name, **written}


def _mail(*channels: str, **more: object) -> dict[str, object]:
    return {"template": "hello", "channels": list(channels or ("EMAIL",)), **more}


def _h(hours: float) -> str:
    return f"{int(hours * 3600)}s"


def _abandoned(edition: int) -> dict[str, object]:
    stages = [
        _stage(
            "site",
            propose={"offers": [COME_BACK, SHIPPING], "placements": ["web.cart"]},
            lasts=_h(6 + edition),
            answers={"accepted": "mail"},
        ),
        _stage(
            "mail",
            send=_mail("EMAIL", "SMS", "PUSH"),
            lasts=_h(24),
            on=[
                {"on": ["message_failed", "message_skipped"], "to": "call"},
                {"on": ["checkout_started"], "to": "better"},
            ],
        ),
        _stage(
            "call",
            task={"kind": "call", "offers": [COME_BACK], "script": "You had {cart}."},
            lasts=_h(48),
            answers={"not_reached": "better", "done": "thanks"},
        ),
        _stage("better", send=_mail("PUSH"), set={"offered": "better"}, lasts=_h(72)),
        _stage("thanks", note="Was called.", set={"called": "yes"}),
    ]
    made: dict[str, object] = {
        "scenario": "abandoned",
        "starts_on": ["add_to_cart", "checkout_started"],
        "quiet_for": _h(0.5),
        "when": {"cart_above": {"amount": "100"}},
        "goals": ["purchase"],
        "again_after": _h(5 * 24),
        "group": "selling",
        "priority": 2,
        "limits": {"under_way": UNDER_WAY, "per_day": PER_DAY, "messages": MESSAGES},
        "stages": stages,
    }
    if edition:
        made["takes_over"] = True
        stages[1] = {**stages[1], "stage": f"mail_{edition}"}
        for each in stages:
            each["answers"] = _renamed(each.get("answers", {}), edition)
        made["moves"] = [{"from": "mail", "to": f"mail_{edition}"}]
        made["moves"] += [{"from": "call", "to": "end"}] if edition % 2 else []
    return made


def _renamed(answers: object, edition: int) -> dict[str, str]:
    assert isinstance(answers, dict)
    return {word: f"mail_{edition}" if to == "mail" else to for word, to in answers.items()}


def _others() -> list[dict[str, object]]:
    return [
        {
            "scenario": "welcome",
            "starts_on": ["search"],
            "again_most": 2,
            "again_after": _h(24),
            "limits": {"messages": MESSAGES},
            "stages": [
                _stage("greet", set={"greeted": "yes"}, note="New here."),
                _stage("write", send=_mail("SMS"), lasts=_h(20)),
                _stage("morning", until={"at": "09:00", "working_day": True, "after": _h(2)}),
                _stage("again", send=_mail("EMAIL", "PUSH"), lasts=_h(10)),
                _stage("last", send=_mail("EMAIL"), condition="journey.messages < 9"),
            ],
        },
        {
            "scenario": "survey",
            "starts_on": ["view"],
            "quiet_for": _h(1),
            "occasions": {"at_least": 2, "within": _h(24 * 10)},
            "again_after": _h(24 * 3),
            "limits": {"under_way": UNDER_WAY},
            "stages": [
                _stage(
                    "ask",
                    propose={"offer": SHIPPING, "placements": ["web.home"]},
                    lasts=_h(24),
                    answers={"declined": "pause"},
                    next=[{"share": 0.5, "to": "pause"}, {"to": "note"}],
                ),
                _stage(
                    "pause",
                    lasts=_h(30),
                    next=[{"condition": "journey.stages < 5", "to": "ask"}],
                ),
                _stage("note", note="Never answers.", condition="customer.cart_lines >= 0"),
            ],
        },
        {
            "scenario": "lapsed",
            "starts_on": ["purchase"],
            "quiet_for": _h(24 * 4),
            "quiet_of": ["purchase"],
            "group": "selling",
            "priority": 3,
            "limits": {"per_day": PER_DAY},
            "stages": [
                _stage("write", send=_mail("EMAIL", purpose="transactional")),
                _stage("wait", lasts=_h(24 * 3), on=[{"on": ["view"], "to": "end", "as": "back"}]),
                _stage("call", task={"kind": "call", "skills": ["sales"]}, lasts=_h(24)),
            ],
        },
        {
            "scenario": "complaint",
            "starts_on": ["complaint"],
            "exits": [{"on": ["resolved"], "as": "resolved"}],
            "stages": [
                _stage("care", task={"kind": "care", "priority": 9}, answers={"done": "written"}),
                _stage("written", send=_mail("EMAIL", purpose="transactional"), lasts=_h(12)),
            ],
        },
        {
            "scenario": "keen",
            "starts_on": ["view", "search"],
            "count": {"at_least": 3, "within": _h(48)},
            "again_after": _h(24 * 4),
            "stages": [_stage("mark", set={"keen": "yes"}), _stage("rest", lasts=_h(1))],
        },
        {
            "scenario": "word_of_it",
            "starts_on": ["search", "checkout_started"],
            "again_after": _h(24 * 2),
            "stages": [
                _stage(
                    "either",
                    send=_mail("EMAIL", "CALL_CENTER"),
                    task={"kind": "call", "reason": "It is back.", "skills": ["sales"]},
                    lasts=_h(30),
                ),
            ],
        },
        {
            "scenario": "tried",
            "starts_on": ["complaint", "resolved"],
            "mode": "SHADOW",
            "stages": [_stage("would", send=_mail("EMAIL"), note="Would be."), _stage("end_of_it")],
        },
    ]


def bundle(edition: int, without: str = "") -> pb.Bundle:
    """Return an edition of all scenarios; 0 takes nobody over, and one can be left out."""
    made = pb.Bundle(parameters={"time_zone": "Europe/Berlin", "holidays": "2026-03-06"})
    for offer_id in (COME_BACK, SHIPPING):
        made.offers.add(offer_id=offer_id)
    for written in (_abandoned(edition), *_others()):
        if written["scenario"] != without:
            ParseDict(written, made.scenarios.add())
    return made


def drawn(chance: random.Random, edition: int) -> pb.Bundle:
    """Return the next edition, one in three without one of the scenarios."""
    left_out = chance.choice(("survey", "lapsed", "abandoned"))
    return bundle(edition, left_out if chance.random() < 0.33 else "")
