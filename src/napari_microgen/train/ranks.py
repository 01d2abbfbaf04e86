"""The processes that train together, one per GPU or processor group, started by ``torchrun``."""

import os
from typing import Any

import torch
from torch import Tensor

from ..errors import ParameterError


class Ranks:
    """One process among those that train together; a single process needs nothing of it.

    Parameters
    ----------
    device : {"cpu", "cuda"}
        What each process computes on.
    """

    def __init__(self, device: str = "cpu") -> None:
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.device = torch.device(device)
        self._fabric: Any = None
        if self.world > 1:
            self._fabric = _launched(device, self.world)
            self.device = self._fabric.device

    @property
    def leads(self) -> bool:
        """True for the process that writes files and speaks."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Return which of ``count`` samples this process takes.

        Raises
        ------
        ParameterError
            If they cannot be shared out evenly.
        """
        if count % self.world:
            raise ParameterError(
                f"{count} samples per step cannot be shared by {self.world} processes. Take a batch size "
                f"that is a multiple of {self.world}."
            )
        each = count // self.world
        return slice(self.rank * each, (self.rank + 1) * each)

    def sum(self, tensors: list[Tensor]) -> list[Tensor]:
        """Return each tensor summed over all processes."""
        if self._fabric is None or not tensors:
            return tensors
        flat = torch.cat([tensor.reshape(-1).float() for tensor in tensors])
        flat = self._fabric.all_reduce(flat, reduce_op="sum")
        parts = flat.split([tensor.numel() for tensor in tensors])
        return [part.view_as(tensor).to(tensor.dtype) for part, tensor in zip(parts, tensors, strict=True)]

    def wait(self) -> None:
        """Wait until every process is here."""
        if self._fabric is not None:
            self._fabric.barrier()


def _launched(device: str, world: int) -> Any:
    import lightning_fabric

    local = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    fabric = lightning_fabric.Fabric(
        accelerator=device, devices=local, num_nodes=max(1, world // local), strategy="ddp"
    )
    fabric.launch()
    return fabric
