"""The states of all random generators, so that a resumed training draws the same numbers."""

import random
import sys
from typing import Any

import numpy as np

from .state import State


def seed_all(seed: int) -> None:
    """Start Python's, numpy's and, where it is loaded, torch's global generator from ``seed``."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - foreign code may draw from the global generator
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def random_states() -> State:
    """Return the states of Python's, numpy's and, where it is loaded, torch's generators.

    Examples
    --------
    >>> kept = random_states()
    >>> first = random.random()
    >>> restore_random_states(kept)
    >>> random.random() == first
    True
    """
    version, words, spare = random.getstate()
    kind, keys, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    tensors: dict[str, np.ndarray] = {
        "python": np.asarray(words, np.uint64),
        "numpy": np.asarray(keys, np.uint32),
    }
    numbers: dict[str, Any] = {
        "python": [version, spare],
        "numpy": [str(kind), int(position), int(has_gauss), float(gauss)],
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        tensors["torch"] = torch.get_rng_state().numpy().copy()
        if torch.cuda.is_available():
            for device, state in enumerate(torch.cuda.get_rng_state_all()):
                tensors[f"cuda{device}"] = state.numpy().copy()
    return State(tensors, numbers)


def restore_random_states(state: State) -> None:
    """Set the generators to what `random_states` found."""
    version, spare = state.numbers["python"]
    random.setstate((version, tuple(int(word) for word in state.tensors["python"]), spare))
    kind, position, has_gauss, gauss = state.numbers["numpy"]
    np.random.set_state((kind, state.tensors["numpy"], position, has_gauss, gauss))  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch is None or "torch" not in state.tensors:
        return
    torch.set_rng_state(torch.from_numpy(state.tensors["torch"].copy()))
    if torch.cuda.is_available():
        for device in range(torch.cuda.device_count()):
            if f"cuda{device}" in state.tensors:
                torch.cuda.set_rng_state(torch.from_numpy(state.tensors[f"cuda{device}"].copy()), device)
