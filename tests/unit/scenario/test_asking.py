"""A service that does not answer is named where it holds something up."""

import pytest

from services.scenario import asking
from services.scenario.asking import ask, obstacle_of
from shared.call import own_call
from shared.errors import Overloaded

METHOD = "/touchpoint.profile.v1.ProfileService/GetSnapshot"


async def test_who_was_asked_and_did_not_answer_is_told(monkeypatch):
    async def refuse(*_):
        raise Overloaded("for ada@shop.example", metadata={"queue": "7"})

    monkeypatch.setattr(asking, "invoke", refuse)
    with pytest.raises(Overloaded) as failed:
        await ask(None, None, own_call(METHOD), 1.0)
    assert obstacle_of(failed.value) == "held up by profile (OVERLOADED)"
    assert failed.value.metadata["queue"] == "7"


def test_what_holds_something_up_is_told_without_what_an_error_says():
    assert obstacle_of(Overloaded("for ada@shop.example")) == "held up (OVERLOADED)"
    assert obstacle_of(KeyError("ada@shop.example")) == "held up by a defect (KeyError)"
