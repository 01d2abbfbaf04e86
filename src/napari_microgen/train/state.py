"""What a part of a training must remember, as arrays and plain JSON values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class State:
    """Everything needed to go on as if nothing had happened."""

    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Arrays by name: weights, moments of the optimiser, generator states."""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON values: positions, best scores, settings found by timing."""


def join(parts: Mapping[str, State]) -> State:
    """Return one state of several; ``part/name`` are the names of the arrays.

    Examples
    --------
    >>> whole = join({"net": State({"w": np.ones(1)}, {"step": 3})})
    >>> list(whole.tensors), dict(whole.numbers)
    (['net/w'], {'net': {'step': 3}})
    """
    tensors = {f"{part}/{name}": a for part, state in parts.items() for name, a in state.tensors.items()}
    return State(tensors, {part: dict(state.numbers) for part, state in parts.items()})


def part(whole: State, name: str) -> State:
    """Return one part of a state made by `join`."""
    head = f"{name}/"
    tensors = {key.removeprefix(head): a for key, a in whole.tensors.items() if key.startswith(head)}
    return State(tensors, dict(whole.numbers.get(name, {})))
