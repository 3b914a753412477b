"""What a call-centre agent is given to say."""

from services.aggregator.domain.lines import Action, Interest, line_text, lines
from services.aggregator.domain.vocabulary import Channel, Kind

MINUTE_US = 60_000_000
NOW_US = 1_000_000 * MINUTE_US
PCS = "Electronics > PCs"
AURORA = Action("pc-1", "Aurora 15", Kind.PRODUCT, PCS, "Because you looked at it", True)
NIMBUS = Action("pc-2", "Nimbus 14", Kind.PRODUCT, PCS, "Popular in PCs this month", True)
PAN = Action("pan-1", "Cake pan", Kind.PRODUCT, "Home > Bakeware", "Chosen for you", True)


def interest(**changes):
    facts = {
        "category": PCS,
        "minutes": 20.0,
        "last_us": NOW_US - 2 * MINUTE_US,
        "channel": Channel.WEB,
        "last_item": AURORA,
        "may_offer_last": True,
    }
    return Interest(**(facts | changes))


def said(actions, found):
    return [(line.action.offer_id, line.text) for line in lines(actions, found, NOW_US)]


def test_the_line_leads_with_the_category_the_minutes_and_the_last_item():
    first, second = said([PAN, NIMBUS], interest())
    assert first == (
        "pc-2",
        "Spent 20 minutes on PCs on the web just now, last looked at Aurora 15: "
        "May I suggest Nimbus 14? Popular in PCs this month.",
    )
    assert second == ("pan-1", "May I suggest Cake pan? Chosen for you.")


def test_where_titles_are_long_the_category_the_minutes_and_the_last_item_stay():
    seen = Action("tv-1", "Oriel Master OLED 8K 55 in", Kind.PRODUCT, PCS)
    better = Action("tv-2", "Vista Grand OLED 8K 65 in", Kind.PRODUCT, PCS, "Chosen for you", True)
    first, *_ = said([better], interest(last_item=seen))
    assert first[1] == (
        "Spent 20 minutes on PCs, last looked at Oriel Master OLED 8K 55 in: "
        "May I suggest Vista Grand OLED 8K 65 in?"
    )


def test_without_an_action_on_the_subject_the_last_item_leads():
    first, second = said([PAN], interest())
    assert first[0] == "pc-1"
    assert first[1].startswith("Spent 20 minutes on PCs on the web just now, last looked at")
    assert second[0] == "pan-1"


def test_an_item_that_may_not_be_offered_is_told_and_not_offered():
    (first, _) = said([PAN], interest(may_offer_last=False))
    assert first == (
        "",
        "Spent 20 minutes on PCs on the web just now, last looked at Aurora 15",
    )


def test_a_subcategory_belongs_to_the_subject_and_a_namesake_does_not():
    gaming = Action("pc-3", "Rig", Kind.PRODUCT, f"{PCS} > Gaming", "Similar", True)
    namesake = Action("x", "Cover", Kind.PRODUCT, f"{PCS} covers", "Similar", True)
    assert said([namesake, gaming], interest())[0][0] == "pc-3"


def test_a_glance_does_not_lead():
    assert said([PAN, NIMBUS], interest(minutes=1.0))[0][0] == "pan-1"


def test_yesterdays_interest_does_not_lead():
    old = interest(last_us=NOW_US - 24 * 60 * MINUTE_US)
    assert said([PAN, NIMBUS], old)[0][0] == "pan-1"


def test_no_subject_does_not_lead():
    assert said([PAN], interest(category=""))[0][0] == "pan-1"
    assert said([PAN], None)[0][0] == "pan-1"


def test_an_earlier_interest_is_told_with_its_time():
    found = interest(last_us=NOW_US - 3 * 60 * MINUTE_US, last_item=None, channel=Channel.APP)
    assert said([NIMBUS], found)[0][1].startswith("Spent 20 minutes on PCs in the app 3 hours ago:")


def test_what_an_offer_gives_the_agent_to_say_is_said():
    script = "Is there anything else I can do for you?"
    assert (
        line_text(Action("help", "Help", Kind.SERVICE, reason="For all", script=script)) == script
    )


def test_every_kind_has_a_line():
    texts = {
        line_text(Action("id", "Title", kind, reason="Reason"))
        for kind in Kind
        if kind is not Kind.UNSPECIFIED
    }
    assert len(texts) == len(Kind) - 1
    assert all("Title" in text for text in texts)


def test_what_fits_best_of_what_was_said_leads_where_no_action_is_about_it():
    asked = interest(is_said=True, last_item=None, best=NIMBUS)
    (first, line), (second, _) = said([PAN], asked)
    assert (first, second) == ("pc-2", "pan-1")
    assert "Nimbus 14" in line
    assert said([AURORA, PAN], asked)[0][0] == "pc-1"


def test_an_item_of_another_category_does_not_lead_what_was_said():
    looked_at = interest(is_said=True, last_item=PAN, best=NIMBUS)
    assert said([], looked_at)[0][0] == "pc-2"
    assert said([], interest(is_said=True, last_item=AURORA, best=NIMBUS))[0][0] == "pc-1"
