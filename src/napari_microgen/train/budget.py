"""How long a training runs: a number of steps, a time, or both."""

import math
import time
from collections.abc import Callable

from ..errors import ParameterError
from .state import State

COOLDOWN = 0.3
"""Last part of a training, in which the learning rate falls to zero."""
SAFETY = 0.97
"""Share of a time limit that is planned for; the rest is for a machine that slows down."""


class Budget:
    """Says how far a training is and when it ends.

    With a time limit the number of steps is fixed once, when the time for the cool-down
    has come, and is then part of the state: a resumed training ends at the same step.

    Parameters
    ----------
    steps : int or None
        Steps at most; None for no limit.
    seconds : float or None
        Seconds at most, those before an interruption included; None for no limit.
    clock : callable
        Gives the time in seconds; for tests.
    start : float, optional
        When the clock started; now if left out.

    Examples
    --------
    >>> budget = Budget(steps=100)
    >>> budget.update(70); budget.rate()
    1.0
    >>> budget.update(85); round(budget.rate(), 3)
    0.5
    >>> budget.update(100); budget.done
    True
    """

    def __init__(
        self,
        steps: int | None,
        seconds: float | None = None,
        *,
        warmup: int = 20,
        clock: Callable[[], float] = time.monotonic,
        start: float | None = None,
    ) -> None:
        if steps is None and seconds is None:
            raise ParameterError("A training needs an end: give a number of steps, a time limit, or both.")
        if steps is not None and steps < 1:
            raise ParameterError(f"A training needs at least 1 step, got {steps}.")
        if seconds is not None and not seconds > 0:
            raise ParameterError(f"The time limit must be above 0, got {seconds:g} s.")
        self.total = steps
        self.seconds = seconds
        self.warmup = warmup
        self._planned = seconds is None
        self._clock = clock
        self._start = clock() if start is None else start
        self.step = 0

    @property
    def elapsed(self) -> float:
        """Seconds of training so far."""
        return self._clock() - self._start

    @property
    def done(self) -> bool:
        """True if the last step has been made."""
        if self.total is not None and self.step >= self.total:
            return True
        return self.seconds is not None and self.elapsed >= self.seconds

    def update(self, step: int) -> None:
        """Take note that ``step`` steps are done."""
        self.step = step
        if self._planned or self.seconds is None:
            return
        planned = self.total is not None and step >= (1 - COOLDOWN) * self.total
        if not planned and self.elapsed >= (1 - COOLDOWN) * SAFETY * self.seconds:
            last = max(step, round(step / (1 - COOLDOWN)))
            self.total = last if self.total is None else min(last, self.total)
            planned = True
        self._planned = planned

    def fraction(self) -> float:
        """Return how much of the training is done, 0 to 1."""
        by_steps = self.step / self.total if self.total else 0.0
        by_time = self.elapsed / self.seconds if self.seconds else 0.0
        return min(1.0, by_steps if self._planned else max(by_steps, by_time))

    def rate(self) -> float:
        """Return the factor on the learning rate: a short rise, a plateau, a cosine down to zero."""
        rise = min(1.0, (self.step + 1) / self.warmup)
        if not self._planned or self.total is None:
            return rise
        into = (self.step / self.total - (1 - COOLDOWN)) / COOLDOWN
        return rise if into <= 0 else rise * 0.5 * (1 + math.cos(math.pi * min(1.0, into)))

    def stop(self) -> None:
        """End after the current step."""
        self.total, self._planned = self.step, True

    def state(self) -> State:
        """Return the seconds spent and the plan."""
        planned = self.total if self._planned and self.seconds is not None else None
        numbers = {"step": self.step, "elapsed": self.elapsed, "seconds": self.seconds, "planned": planned}
        return State(numbers=numbers)

    def restore(self, state: State) -> None:
        """Go on from `state`; a plan made under the same time limit is kept."""
        self.step = int(state.numbers["step"])
        self._start = self._clock() - float(state.numbers["elapsed"])
        planned = state.numbers["planned"]
        if planned is not None and self.seconds == state.numbers["seconds"]:
            self.total, self._planned = int(planned), True
