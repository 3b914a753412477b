"""The limit in a queueing model: nearly as good as the best fixed one, and well again at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.overload.limit import AdaptiveLimit, FixedLimit, Work
from shared.overload.priority import Priority
from tests.properties import examples
from tests.unit.overload.queueing import (
    KIND,
    Machine,
    Stream,
    answered_share,
    goodput,
    slowest_s,
    within,
)

MOST = 64
PER_S = 200.0
"""What the machine of the model can serve, unless told otherwise."""


def adaptive(**machine):
    return Machine(AdaptiveLimit(MOST), **machine)


@pytest.mark.parametrize(("times", "at_least"), [(1.0, 0.85), (2.0, 0.9), (5.0, 0.7)])
def test_above_its_capacity_it_goes_on_answering(times, at_least):
    outcomes = adaptive().run(Stream(times * PER_S, 5.0))
    assert goodput(outcomes, 1.0, 5.0) >= at_least * PER_S


def test_callers_who_try_again_at_once_do_not_bring_it_down():
    outcomes = adaptive().run(Stream(2 * PER_S, 5.0, tries=3, is_patient=False))
    assert goodput(outcomes, 1.0, 5.0) >= 0.7 * PER_S


def test_callers_who_wait_as_told_get_nearly_all_of_its_capacity():
    outcomes = adaptive().run(Stream(2 * PER_S, 5.0, tries=2))
    assert goodput(outcomes, 1.0, 5.0) >= 0.8 * PER_S


def test_without_a_limit_that_adapts_it_would_collapse():
    outcomes = Machine(FixedLimit(MOST / Priority.WEB.share)).run(Stream(2 * PER_S, 5.0))
    assert goodput(outcomes, 1.0, 5.0) <= 0.3 * PER_S


@examples(12)
@given(
    processors=st.sampled_from([1.0, 2.0, 4.0]),
    work_s=st.floats(0.005, 0.014),
    seed=st.integers(0, 1000),
)
def test_it_comes_near_to_the_best_fixed_limit(processors, work_s, seed):
    stream = Stream(2 * processors / work_s, 4.0)

    def good(limit):
        machine = Machine(limit, processors=processors, work_s=work_s, seed=seed)
        return goodput(machine.run(stream), 2.0, 4.0)

    best = max(good(FixedLimit(fixed / Priority.WEB.share)) for fixed in (4, 8, 16))
    assert good(AdaptiveLimit(MOST)) >= 0.8 * best


@pytest.mark.parametrize("seed", [1, 2])
def test_at_seventy_percent_of_its_capacity_hardly_anybody_is_refused(seed):
    outcomes = adaptive(seed=seed).run(Stream(0.7 * PER_S, 10.0))
    assert answered_share(outcomes) >= 0.998


@pytest.mark.parametrize("times", [2.0, 5.0])
@pytest.mark.parametrize(("tries", "is_patient"), [(1, True), (2, True), (3, False)])
def test_within_a_second_of_a_spike_it_is_as_before(times, tries, is_patient):
    calm = Stream(0.5 * PER_S, 7.0, tries=tries, is_patient=is_patient)
    spike = Stream(
        (times - 0.5) * PER_S, 4.0, from_s=1.0, tries=tries, is_patient=is_patient, caller="crowd"
    )
    outcomes = adaptive().run(calm, spike)
    after = within(outcomes, 4.5, 7.0)
    assert answered_share(after) >= 0.98
    assert slowest_s(after, 0.99) <= 0.06


class Freezing(Machine):
    """Stands nearly still for two seconds."""

    def _step(self):
        self.processors = 0.02 if 1.0 < self.now < 3.0 else 2.0
        super()._step()


@pytest.mark.parametrize(("tries", "is_patient"), [(2, True), (3, False)])
def test_within_a_second_of_a_long_freeze_it_is_as_before(tries, is_patient):
    web = Stream(0.5 * PER_S, 7.0, tries=tries, is_patient=is_patient)
    agents = Stream(0.1 * PER_S, 7.0, priority=Priority.AGENT, tries=tries, is_patient=is_patient)
    outcomes = Freezing(AdaptiveLimit(MOST)).run(web, agents)
    assert answered_share(within(outcomes, 1.2, 2.8)) <= 0.1
    assert answered_share(within(outcomes, 4.0, 7.0)) >= 0.99


@pytest.mark.parametrize("times", [2.0, 5.0])
def test_agents_are_served_while_the_web_is_refused(times):
    agents = Stream(0.4 * PER_S, 5.0, priority=Priority.AGENT, caller="desk")
    web = Stream((times - 0.4) * PER_S, 5.0)
    outcomes = within(adaptive().run(agents, web), 0.5, 5.0)
    assert answered_share([each for each in outcomes if each.stream is agents]) >= 0.99


def test_of_all_the_least_important_are_refused_first():
    streams = [
        Stream(0.5 * PER_S, 5.0, priority=priority, caller=priority.value) for priority in Priority
    ]
    outcomes = within(adaptive().run(*streams), 1.0, 5.0)
    shares = [
        answered_share([each for each in outcomes if each.stream is stream]) for stream in streams
    ]
    assert shares == sorted(shares)
    assert shares[-1] >= 0.98
    assert shares[0] <= 0.1


def test_a_caller_who_asks_for_far_too_much_leaves_the_others_theirs():
    greedy = Stream(3 * PER_S, 5.0, caller="greedy")
    modest = Stream(0.2 * PER_S, 5.0, caller="modest")
    outcomes = within(adaptive().run(greedy, modest), 1.0, 5.0)
    assert answered_share([each for each in outcomes if each.stream is modest]) >= 0.98
    assert answered_share([each for each in outcomes if each.stream is greedy]) >= 0.2


def test_a_peer_that_has_become_slow_does_not_make_it_refuse():
    machine = adaptive(wait_s=lambda now: 0.05 if now > 2.0 else 0.0)
    outcomes = machine.run(Stream(0.25 * PER_S, 6.0))
    assert answered_share(outcomes) >= 0.99


@pytest.mark.parametrize("wait_s", [0.06, 0.075])
def test_few_under_way_are_no_reason_to_refuse_however_slow(wait_s):
    machine = adaptive(wait_s=lambda _: wait_s, work_s=0.002)
    assert answered_share(machine.run(Stream(30.0, 20.0))) >= 0.98


def test_slow_ones_with_nothing_beside_them_leave_it_as_it_is():
    limit = AdaptiveLimit(MOST)
    for number in range(200):
        limit.began(1 / (MOST * Priority.WEB.share))
        limit.ended(Work(KIND, 0.099, 0.1), number * 0.1)
    assert limit.value == MOST


def test_an_overload_of_long_ago_is_forgotten():
    limit = AdaptiveLimit(MOST)
    for number in range(200):
        limit.began(1.0)
        limit.ended(Work(KIND, 0.099, 0.1, 20), number * 0.01)
    assert limit.value < MOST / 4
    for second in range(3, 63):
        limit.began(0.1)
        limit.ended(Work(KIND, 0.01, 0.1), float(second))
    assert limit.value > MOST / 2


@pytest.mark.parametrize("work_s", [0.035, 0.05])
@pytest.mark.parametrize("times", [1.0, 1.3, 2.0, 5.0])
def test_what_is_too_much_shows_before_the_limit_is_filled(work_s, times):
    """Callers leave at their deadlines, so that a few of them are all there ever are."""
    per_s = 2.0 / work_s
    outcomes = adaptive(work_s=work_s).run(Stream(times * per_s, 12.0))
    assert goodput(outcomes, 2.0, 12.0) >= 0.6 * per_s


def test_a_stall_does_not_move_it():
    limit = AdaptiveLimit(MOST)
    before = limit.value
    for number in range(30):
        limit.began(1.0)
        limit.ended(Work(KIND, 0.2 if number < 15 else 0.03, 0.1, 20), number * 0.01)
    assert limit.value == before


def fed(peers_of):
    """Return a limit that was told of calls which waited nearly all their time in vain."""
    limit = AdaptiveLimit(MOST)
    for number in range(200):
        limit.began(1.0)
        limit.ended(Work(KIND, 0.09, 0.1, 20, peers_of(number), 0.08), number * 0.01)
    return limit


def test_one_peer_that_keeps_silent_is_at_fault_itself():
    assert fed(lambda number: ("rules",)).value > MOST / 2


def test_where_all_are_late_in_turn_there_is_too_much_to_do():
    peers = ("profile",), ("rules",), ("profile", "rules"), ("retrieval",)
    assert fed(lambda number: peers[number % len(peers)]).value < MOST / 4


def test_a_few_who_waited_for_one_peer_excuse_nobody():
    assert fed(lambda number: ("rules",) if number % 3 == 0 else ()).value < MOST / 4


def refused(of_ten, others_took_s, refused_took_s=0.002):
    """Return a limit of 16 in use, after a peer refused so many of ten."""
    limit = AdaptiveLimit(MOST)
    limit.value = 16.0
    for number in range(400):
        limit.began(1.0)
        is_refused = number % 10 < of_ten
        took_s = refused_took_s if is_refused else others_took_s
        work = Work(KIND, took_s, 0.1, 10, was_refused=is_refused)
        limit.ended(work, number * 0.01)
    return limit.value


def test_what_was_quick_because_a_peer_refused_hides_nothing():
    assert refused(9, others_took_s=0.09) < 16.0
    assert refused(10, others_took_s=0.0) == 16.0


def test_whom_no_peer_refused_still_show_that_there_is_room():
    assert refused(5, others_took_s=0.002) > 16.0


def test_what_was_slow_although_a_peer_refused_is_too_slow():
    assert refused(10, others_took_s=0.0, refused_took_s=0.09) < 16.0


def test_what_a_peer_refused_is_no_measure_of_how_long_the_work_takes():
    limit = AdaptiveLimit(MOST)
    for number in range(40):
        limit.ended(Work(KIND, 0.04, 0.1), number * 0.01)
        for _ in range(2):
            limit.ended(Work(KIND, 0.001, 0.1, was_refused=True), number * 0.01)
    assert limit.floors.of(KIND) == pytest.approx(0.04)


def test_callers_who_leave_no_time_do_not_take_that_of_others():
    limit = AdaptiveLimit(MOST)
    for number in range(200):
        limit.began(1.0)
        limit.ended(Work(KIND, 0.004, 0.004, 20), number * 0.01)
    assert limit.value > MOST / 2


def test_who_leaves_much_time_may_be_kept_waiting_longer():
    limit = AdaptiveLimit(MOST)
    assert limit.fitting_s("Track", 10.0) == pytest.approx(0.5)
    assert limit.fitting_s(KIND, 0.1) == pytest.approx(0.03)


def test_a_limit_stays_within_its_bounds():
    limit = AdaptiveLimit(3)
    assert limit.value == 3
    for number in range(400):
        limit.began(1.0)
        limit.ended(Work(KIND, 1.0, 0.1, 20), number * 0.01)
    assert limit.value == 3
