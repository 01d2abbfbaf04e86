"""Weights, optimiser and moving average as numpy arrays, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ..errors import CheckpointError
from .state import State


def weights(module: torch.nn.Module) -> dict[str, np.ndarray]:
    """Return a copy of all weights and buffers by name."""
    return {name: _array(tensor) for name, tensor in module.state_dict().items()}


def load_weights(module: torch.nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
    """Put weights and buffers into a module.

    Raises
    ------
    CheckpointError
        If names, shapes or types are not those of the module.
    """
    own = module.state_dict()
    if own.keys() != arrays.keys():
        odd = sorted(own.keys() ^ arrays.keys())
        raise CheckpointError(
            f"The weights are of another network: {len(odd)} names differ, first {odd[0]!r}."
        )
    for name, tensor in own.items():
        found = torch.from_numpy(np.array(arrays[name]))
        if found.shape != tensor.shape or found.dtype != tensor.dtype:
            raise CheckpointError(
                f"The weights are of another network: {name} has shape {tuple(found.shape)} and type "
                f"{found.dtype}, expected {tuple(tensor.shape)} and {tensor.dtype}."
            )
        tensor.copy_(found)


def optimiser_state(optimiser: torch.optim.Optimizer) -> State:
    """Return the moments and step counts of an optimiser."""
    content = optimiser.state_dict()
    tensors, numbers = {}, {}
    for index, entries in content["state"].items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{index}/{name}"] = _array(value)
            else:
                numbers[f"{index}/{name}"] = value
    groups = [{k: v for k, v in group.items() if k != "params"} for group in content["param_groups"]]
    return State(tensors, {"state": numbers, "groups": groups})


def restore_optimiser(optimiser: torch.optim.Optimizer, state: State) -> None:
    """Give an optimiser of the same parameters the moments and settings of `optimiser_state`."""
    content = optimiser.state_dict()
    restored: dict[int, dict[str, Any]] = {}
    found = {k: torch.from_numpy(np.array(a)) for k, a in state.tensors.items()} | dict(
        state.numbers["state"]
    )
    for key, value in found.items():
        index, _, name = key.partition("/")
        restored.setdefault(int(index), {})[name] = value
    groups = [
        old | {k: tuple(v) if isinstance(v, list) else v for k, v in kept.items()}
        for old, kept in zip(content["param_groups"], state.numbers["groups"], strict=True)
    ]
    optimiser.load_state_dict({"state": restored, "param_groups": groups})


class MovingAverage:
    """Exponential moving average of all weights and buffers; short at first, then over 1/(1-decay) steps."""

    def __init__(self, module: torch.nn.Module, decay: float) -> None:
        self.decay = decay
        self.count = 0
        self.values = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    def update(self, module: torch.nn.Module, keep: float | None = None) -> None:
        """Take the current weights in, keeping ``keep`` of the average; by the decay if left out."""
        self.count += 1
        keep = min(self.decay, self.count / (self.count + 10)) if keep is None else keep
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                self.values[name].lerp_(tensor, 1 - keep)
            else:
                self.values[name].copy_(tensor)

    def state(self) -> State:
        """Return the averages."""
        return State({name: _array(tensor) for name, tensor in self.values.items()}, {"count": self.count})

    def restore(self, state: State) -> None:
        """Go back to what `state` returned."""
        self.count = int(state.numbers["count"])
        for name, tensor in self.values.items():
            tensor.copy_(torch.from_numpy(np.array(state.tensors[name])))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().contiguous().numpy().copy()
