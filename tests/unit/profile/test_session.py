"""What somebody is shopping for."""

from services.profile.domain.doubt import Doubt
from services.profile.domain.log import MAX_KEPT, RECENT, recent
from services.profile.domain.session import current_session
from tests.unit.profile.happenings import NOON_US, happened, state_of

PCS, LAPTOPS, SHOES = "Computers > PCs", "Computers > PCs > Laptops", "Shoes"


def view(minutes, category=LAPTOPS, offer_no=1, **what):
    return happened("view", minutes, category=category, offer_no=offer_no, **what)


def session(*events):
    return current_session(state_of(*events).log)


def test_nothing_happened_is_no_session():
    assert session() is None
    assert session(happened("impression"), happened("contact_sent")) is None


def test_the_time_on_a_subject_is_what_lies_between_the_events():
    found = session(*(view(minute) for minute in range(0, 21, 2)))
    assert found.category == LAPTOPS
    assert found.minutes == 20.0


def test_silence_of_more_than_five_minutes_is_not_counted():
    assert session(view(0), view(5)).minutes == 5.0
    assert session(view(0), view(6)).minutes == 0.0


def test_a_measured_duration_counts_where_there_is_silence_after_it():
    assert session(view(0, duration_s=180.0), view(20)).minutes == 3.0
    assert session(view(0), view(1, duration_s=120.0)).minutes == 3.0


def test_half_an_hour_of_silence_begins_a_new_session():
    one = session(view(0, SHOES), view(30))
    two = session(view(0, SHOES), view(31))
    assert one.start_us == NOON_US
    assert two.start_us == NOON_US + 31 * 60_000_000


def test_a_session_goes_on_over_channels():
    found = session(view(0), view(1), view(2, channel=2))
    assert found.channel == 1
    assert found.minutes == 2.0


def test_the_subject_is_the_deepest_with_most_of_the_time():
    mixed = [view(0, LAPTOPS), view(5, PCS), view(10, SHOES), view(11, PCS)]
    assert session(*mixed).category == PCS
    assert session(*mixed).minutes == 10.0


def test_a_part_of_a_subject_with_little_more_than_half_of_the_time_is_not_all_of_it():
    desktops = f"{PCS} > Desktops"
    found = session(
        view(0, LAPTOPS), view(4, desktops), view(6, LAPTOPS), view(8, desktops), view(10, LAPTOPS)
    )
    assert (found.category, found.minutes) == (PCS, 10.0)


def test_no_subject_when_the_time_is_spread():
    assert session(view(0, SHOES), view(5, LAPTOPS), view(10, SHOES)).category == ""


def test_pages_without_a_subject_do_not_hide_the_subject():
    browsing = [view(0), happened("page_view", 2), view(6), happened("search", 8)]
    assert session(*browsing).category == LAPTOPS


def test_the_last_item_is_that_of_the_subject():
    found = session(view(0, offer_no=1), view(5, offer_no=2), view(9, SHOES, offer_no=3))
    assert found.last_offer_no == 2
    assert found.offer_nos == (3, 2, 1)


def test_doubt_after_the_checkout_began_is_hesitation():
    started = happened("checkout_started", 0)
    assert not session(started).hesitating
    assert session(started, happened("faq_view", 1)).hesitating
    assert session(started, happened("page_view", 1, reassurance=True)).hesitating
    assert session(started, happened("remove_from_cart", 1, offer_no=1)).hesitating
    assert not session(happened("faq_view", -1), started).hesitating


def test_who_bought_does_not_hesitate():
    doubt = [happened("checkout_started", 0), happened("faq_view", 1)]
    assert not session(*doubt, happened("purchase", 2)).hesitating


def test_a_call_does_not_end_what_was_shopped_for():
    found = session(view(0), view(4), happened("call_started", 60, channel=7))
    assert found.category == LAPTOPS


def test_the_log_is_bounded_and_keeps_the_newest():
    log = state_of(*(view(minute / 10) for minute in range(1000))).log
    assert len(log) == MAX_KEPT
    assert len(recent(log)) == RECENT
    assert recent(log)[0].time_us == max(entry.time_us for entry in log)


def test_of_long_ago_only_the_recent_ones_are_kept():
    log = state_of(*(view(minute * 24 * 60) for minute in range(200))).log
    assert len(log) == RECENT


def test_two_tabs_side_by_side_count_once():
    one = view(0, duration_s=600.0)
    other = view(1, SHOES, offer_no=2, duration_s=540.0)
    found = session(one, other, view(10))
    assert found.active_minutes == 10.0
    assert session(one, other).active_minutes == 10.0


def test_a_tab_that_stays_open_longer_counts_beyond_the_other():
    found = session(view(0, duration_s=600.0), view(1, SHOES, offer_no=2, duration_s=60.0))
    assert found.active_minutes == 10.0
    assert (found.category, found.minutes) == (LAPTOPS, 9.0)


def test_a_silence_is_no_time_on_any_device():
    found = session(view(0), view(1, channel=2, duration_s=30.0), view(20))
    assert found.active_minutes == 1.5


def test_searches_articles_and_questions_are_counted():
    found = session(
        happened("search", 0),
        happened("search", 1),
        happened("article_view", 2),
        happened("question_asked", 3),
        happened("faq_view", 4),
    )
    assert found.counts == {"searches": 2, "articles": 1, "questions": 2}


def doubt(*events):
    return session(happened("checkout_started", 0), *events).checkout.doubt


def test_what_the_doubt_is_about_is_what_was_looked_at_last():
    shipping = happened("page_view", 1, topic=1)
    returns = happened("page_view", 2, topic=2)
    assert doubt(shipping) is Doubt.SHIPPING
    assert doubt(shipping, returns) is Doubt.RETURNS
    assert doubt(happened("faq_view", 1)) is Doubt.QUESTIONS
    assert doubt(returns, happened("remove_from_cart", 3, offer_no=1)) is Doubt.CART


def test_a_long_time_at_the_checkout_is_doubt_and_haste_is_not():
    assert doubt(happened("page_view", 4)) is Doubt.DWELL
    assert doubt(happened("page_view", 1, duration_s=200.0)) is Doubt.DWELL
    assert doubt(happened("page_view", 0.02), happened("page_view", 0.04)) is Doubt.NONE
    assert doubt(happened("page_view", 4), happened("purchase", 5)) is Doubt.NONE


def test_shopping_on_is_no_time_at_the_checkout():
    found = session(happened("checkout_started", 0), view(1), view(5), view(9))
    assert found.checkout == (Doubt.NONE, 1.0)
