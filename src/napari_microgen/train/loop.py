"""The training loop: one step after the other, with checkpoints; knows nothing of any method."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from ..errors import DivergedError, SaveError
from ..progress import Progress, Steps
from .budget import Budget
from .checkpoints import Checkpoints
from .seeds import random_states, restore_random_states
from .state import State, join, part

Evaluate = Callable[[int], Steps[Mapping[str, float]]]
"""Called after each step; yields `Progress` if it takes long and returns numbers worth a curve."""


class Method(Protocol):
    """What is trained: network, loss and optimiser."""

    def step(self, batch: Any) -> float:
        """Make one update and return the loss; no update if the loss is not finite."""

    def state(self) -> State:
        """Return weights, optimiser, moving average, best score and all else that a step depends on."""

    def restore(self, state: State) -> None:
        """Go back to what `state` returned."""


class Batches(Protocol):
    """An endless row of batches that knows its position."""

    def __next__(self) -> Any:
        """Return the next batch."""

    def state(self) -> State:
        """Return the position."""

    def restore(self, state: State) -> None:
        """Go to a position."""


def train(
    method: Method,
    batches: Batches,
    *,
    steps: int | Budget,
    checkpoints: Checkpoints,
    every: int = 500,
    every_seconds: float = math.inf,
    evaluate: Evaluate | None = None,
) -> Iterator[Progress]:
    """Train ``method``, going on from the newest whole checkpoint.

    Yields after each step, so the caller owns the progress bar and may stop at any step
    by closing the generator; what is on disk is then a whole checkpoint of that step.

    Parameters
    ----------
    method : Method
        What is trained.
    batches : Batches
        What it is trained on.
    steps : int or Budget
        When to end.
    checkpoints : Checkpoints
        The open folder of this training.
    every : int
        Steps between checkpoints.
    every_seconds : float
        Time after which a checkpoint is made even if fewer steps were.
    evaluate : callable, optional
        Called with the step after each of them, before its checkpoint.

    Yields
    ------
    Progress
        With the loss and what ``evaluate`` returned in ``values``. If a checkpoint cannot
        be written the training goes on in memory, says so in ``message`` and tries again
        after a tenth of the interval.

    Raises
    ------
    DivergedError
        If the loss is no longer finite; the last good checkpoint is kept.
    """
    budget = steps if isinstance(steps, Budget) else Budget(steps)
    run = _Run(method, batches, budget, checkpoints, every, every_seconds)
    run.restore()
    try:
        while True:
            values: Mapping[str, float] = {}
            if evaluate is not None and not run.evaluated:
                values = yield from evaluate(budget.step)
                run.evaluated = True
                if values:
                    checkpoints.log.append({"step": budget.step} | dict(values))
            if run.saved < budget.step and (budget.done or run.due()):
                run.save()
            if budget.step and (run.loss is not None or values):
                curve = values if run.loss is None else run.curve() | dict(values)
                yield Progress(budget.step, budget.total, run.message, dict(curve))
            if budget.done:
                break
            run.advance()
    finally:
        if run.whole and run.saved < budget.step:
            run.save()


class _Run:
    """One training under way: what is done, what is saved."""

    def __init__(
        self,
        method: Method,
        batches: Batches,
        budget: Budget,
        checkpoints: Checkpoints,
        every: int,
        every_seconds: float,
    ) -> None:
        self.method, self.batches, self.budget = method, batches, budget
        self.checkpoints, self.every = checkpoints, max(1, every)
        self.every_seconds, self.saved_at = every_seconds, time.monotonic()
        self.loss: float | None = None
        self.message = ""
        self.saved = self.next_save = 0
        self.evaluated = True
        """False between a step and the end of its evaluation."""
        self.whole = True
        """False while the method is in the middle of an update, or after it failed."""

    def restore(self) -> None:
        state = self.checkpoints.newest()
        self.saved = -1
        if state is not None:
            self.budget.restore(part(state, "budget"))
            self.batches.restore(part(state, "batches"))
            self.method.restore(part(state, "method"))
            restore_random_states(part(state, "random"))
            self.evaluated = bool(state.numbers["evaluated"])
            self.saved = self.budget.step
        self.next_save = self.budget.step + self.every
        if state is None:
            self.next_save = 0

    def advance(self) -> None:
        self.whole = False
        loss = self.method.step(next(self.batches))
        if not math.isfinite(loss):
            raise DivergedError(
                f"The loss is {loss} at step {self.budget.step + 1}; the last good checkpoint (step "
                f"{self.saved}) "
                f"is kept. Try a lower learning rate, and look for odd values in the images."
            )
        self.loss = loss
        self.budget.update(self.budget.step + 1)
        self.evaluated = False
        self.checkpoints.log.append({"step": self.budget.step} | self.curve())
        self.whole = True

    def curve(self) -> dict[str, float]:
        """Return the loss and, if the method has several, each of them by name."""
        return {"loss": float(self.loss or 0.0)} | dict(getattr(self.method, "losses", {}))

    def due(self) -> bool:
        """Return whether it is time for a checkpoint."""
        late = time.monotonic() - self.saved_at > self.every_seconds
        return self.budget.step >= self.next_save or (late and not self.message)

    def save(self) -> None:
        step, self.saved_at = self.budget.step, time.monotonic()
        state = join(
            {
                "method": self.method.state(),
                "batches": self.batches.state(),
                "budget": self.budget.state(),
                "random": random_states(),
            }
        )
        numbers = dict(state.numbers) | {"evaluated": self.evaluated}
        try:
            self.checkpoints.save(step, State(state.tensors, numbers))
        except SaveError as error:
            self.next_save = step + max(1, self.every // 10)
            self.message = f"not saved, going on in memory, next try at step {self.next_save}: {error}"
        else:
            self.saved, self.next_save = step, step + self.every
            self.message = ""
