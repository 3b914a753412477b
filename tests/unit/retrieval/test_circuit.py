"""Whether to ask somebody again who failed."""

import pytest

from services.retrieval.domain.circuit import (
    FIRST_REST_S,
    LONGEST_REST_S,
    MOST_FAILURES,
    Admission,
    Circuit,
)


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def circuit(clock):
    return Circuit(clock)


def fail(circuit, times=MOST_FAILURES):
    for _ in range(times):
        circuit.failed(circuit.admit())


def test_a_few_failures_are_forgiven(circuit):
    fail(circuit, MOST_FAILURES - 1)
    assert circuit.admit() is Admission.YES
    for _ in range(100):
        circuit.succeeded(Admission.YES)
        circuit.failed(Admission.YES)
    assert circuit.admit() is Admission.YES


def test_who_fails_most_of_the_time_is_left_alone_too(circuit):
    for _ in range(10):
        circuit.succeeded(Admission.YES)
        fail(circuit, 3)
    assert circuit.admit() is Admission.NO


def test_who_keeps_failing_is_left_alone(circuit):
    fail(circuit)
    assert circuit.admit() is Admission.NO


def test_after_a_rest_one_request_tries(circuit, clock):
    fail(circuit)
    clock.now_s += FIRST_REST_S
    assert [circuit.admit() for _ in range(3)] == [Admission.TRIAL, Admission.NO, Admission.NO]


def test_a_trial_that_succeeds_ends_it(circuit, clock):
    fail(circuit)
    clock.now_s += FIRST_REST_S
    circuit.succeeded(circuit.admit())
    assert circuit.admit() is Admission.YES
    fail(circuit)
    assert circuit.rest_s == FIRST_REST_S


def test_rests_grow_up_to_a_bound(circuit, clock):
    fail(circuit)
    rests = []
    for _ in range(8):
        rests.append(circuit.rest_s)
        clock.now_s += circuit.rest_s
        admission = circuit.admit()
        assert admission is Admission.TRIAL
        circuit.failed(admission)
    assert rests == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_REST_S, LONGEST_REST_S, LONGEST_REST_S]


def test_requests_from_before_it_was_left_alone_make_the_rest_no_longer(circuit, clock):
    under_way = [circuit.admit() for _ in range(10)]
    for admission in under_way:
        circuit.failed(admission)
    assert circuit.rest_s == FIRST_REST_S
    clock.now_s += FIRST_REST_S
    assert circuit.admit() is Admission.TRIAL


def test_only_the_trial_tells_whether_it_has_recovered(circuit, clock):
    fail(circuit)
    clock.now_s += FIRST_REST_S
    trial = circuit.admit()
    circuit.failed(Admission.YES)
    circuit.succeeded(Admission.YES)
    assert circuit.admit() is Admission.NO
    circuit.succeeded(trial)
    assert circuit.admit() is Admission.YES
