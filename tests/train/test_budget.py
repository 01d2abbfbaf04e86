from itertools import pairwise

import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.train.budget import COOLDOWN, SAFETY, Budget


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def run(budget, clock, seconds_per_step, limit=100_000):
    rates = []
    while not budget.done and budget.step < limit:
        rates.append(budget.rate())
        clock.now += seconds_per_step(budget.step) if callable(seconds_per_step) else seconds_per_step
        budget.update(budget.step + 1)
    return rates


def test_steps_alone_end_the_training_and_bring_the_rate_to_zero():
    clock = Clock()
    budget = Budget(200, clock=clock, warmup=20)
    rates = run(budget, clock, 1.0)
    assert len(rates) == 200
    assert rates[0] == pytest.approx(1 / 20)
    assert set(rates[20:140]) == {1.0}
    assert all(a > b for a, b in pairwise(rates[141:]))
    assert rates[-1] < 0.001


@pytest.mark.parametrize("pace", [0.01, 0.3, 1.0])
def test_a_time_limit_is_held_and_the_rate_still_falls_to_zero(pace):
    clock = Clock()
    budget = Budget(None, 60.0, clock=clock)
    rates = run(budget, clock, pace)
    assert SAFETY * 60 - 2 * pace <= clock.now - 100 <= 60 + pace
    assert rates[-1] < 0.05
    assert budget.total == budget.step


def test_a_machine_that_slows_down_in_the_cooldown_is_cut_off_at_the_limit():
    clock = Clock()
    budget = Budget(None, 60.0, clock=clock)
    run(budget, clock, lambda step: 1.0 if step < 45 else 3.0)
    assert clock.now - 100 <= 63


def test_of_two_limits_the_nearer_one_counts():
    clock = Clock()
    assert len(run(Budget(50, 60.0, clock=clock), clock, 0.1)) == 50
    clock = Clock()
    assert len(run(Budget(5000, 60.0, clock=clock), clock, 0.1)) == pytest.approx(SAFETY * 600, abs=3)


def test_the_plan_made_under_a_time_limit_is_kept_after_an_interruption():
    clock = Clock()
    budget = Budget(None, 60.0, clock=clock)
    while budget.elapsed < (1 - COOLDOWN / 2) * 60:
        clock.now += 1
        budget.update(budget.step + 1)
    planned = budget.total
    assert planned is not None
    later = Clock()
    later.now = 5000.0
    again = Budget(None, 60.0, clock=later)
    again.restore(budget.state())
    assert (again.total, again.step, again.elapsed) == (planned, budget.step, pytest.approx(budget.elapsed))
    assert again.rate() == budget.rate()
    longer = Budget(None, 120.0, clock=later)
    longer.restore(budget.state())
    assert longer.total is None


def test_the_state_of_a_budget_of_steps_does_not_fix_the_total():
    budget = Budget(10)
    budget.update(10)
    more = Budget(20)
    more.restore(budget.state())
    assert (more.step, more.total, more.done) == (10, 20, False)


def test_stop_ends_it():
    budget = Budget(10)
    budget.update(3)
    budget.stop()
    assert budget.done


@pytest.mark.parametrize(("steps", "seconds"), [(None, None), (0, None), (None, 0.0), (5, -1.0)])
def test_limits_that_make_no_sense_are_refused(steps, seconds):
    with pytest.raises(ParameterError):
        Budget(steps, seconds)
