"""Makes the updates of any generator: micro-batches, several processes, moving averages, exact state."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import MemoryLimitError
from .devices import out_of_memory
from .ranks import Ranks
from .state import State, join, part
from .torch_state import MovingAverage, load_weights, optimiser_state, restore_optimiser, weights


@dataclass(frozen=True)
class Phase:
    """One update of one network."""

    name: str
    """What it is called in the curves."""
    network: str
    """The network whose weights move."""
    tensors: Mapping[str, Tensor]
    """What the loss is made of, random numbers included; one entry per sample along the first axis."""
    loss: Callable[[Mapping[str, Tensor]], Tensor]
    """Mean loss over the samples it is given."""


class Trainee(Protocol):
    """What can be trained: networks, optimisers, and the phases of a step."""

    networks: Mapping[str, nn.Module]
    optimisers: Mapping[str, torch.optim.Optimizer]
    """One per network, by the same name."""
    averaged: Sequence[str]
    """Networks of which a moving average is kept."""
    clip: float | None
    """Largest norm of a gradient; None for no limit."""

    def phases(
        self, batch: Mapping[str, np.ndarray], generator: torch.Generator, device: torch.device
    ) -> Sequence[Phase]:
        """Return the updates of one step; all random numbers come from the generator."""

    def rate(self, step: int) -> float:
        """Return the factor on the learning rate after so many steps."""

    def half_life(self, images: int) -> float:
        """Return after how many images the moving average has forgotten half, having seen ``images``."""


class Engine:
    """Trains a `Trainee`; the `Method` of the training loop.

    The random numbers of a step depend on the seed and its number alone and are drawn for
    the whole batch, so neither the number of processes nor that of micro-batches changes
    them.

    Parameters
    ----------
    trainee : Trainee
        What is trained.
    ranks : Ranks
        The processes at work and their device.
    seed : int
        Start of the noise.
    batch : int
        Images per step, over all processes.
    precision : {"fp32", "bf16"}
        Number format of the convolutions; the weights are always fp32.
    """

    def __init__(
        self,
        trainee: Trainee,
        ranks: Ranks,
        *,
        seed: int,
        batch: int,
        precision: str = "fp32",
        threads: int = 1,
    ) -> None:
        self.trainee, self.ranks, self.seed, self.batch = trainee, ranks, seed, batch
        self.precision, self.threads = precision, threads
        for network in trainee.networks.values():
            network.to(ranks.device, memory_format=torch.channels_last).train()
        self.averages = {name: MovingAverage(trainee.networks[name], 0.0) for name in trainee.averaged}
        self.position = 0
        self.pieces = 1
        """Parts a batch is cut into so that it fits into memory."""
        self.losses: dict[str, float] = {}
        """The loss of each phase of the last step, if there are several."""
        self._rates = {name: [g["lr"] for g in o.param_groups] for name, o in trainee.optimisers.items()}

    def step(self, batch: Mapping[str, np.ndarray]) -> float:
        """Make the updates of one step and return the sum of their losses; those of one name are averaged.

        Raises
        ------
        MemoryLimitError
            If not even one sample fits into memory.
        """
        device = self.ranks.device
        generator = torch.Generator(device).manual_seed(_mixed(self.seed, self.position))
        phases = self.trainee.phases(batch, generator, device)
        self.losses, total = {}, 0.0
        names = [phase.name for phase in phases]
        for number, phase in enumerate(phases):
            loss = self._update(phase, number)
            share = loss / names.count(phase.name)
            total += share
            self.losses[phase.name] = self.losses.get(phase.name, 0.0) + share
            if not math.isfinite(loss):
                return loss
        if len(self.losses) == 1:
            self.losses = {}
        self.position += 1
        self._average()
        return total

    def _update(self, phase: Phase, number: int) -> float:
        network = self.trainee.networks[phase.network]
        before = {name: buffer.clone() for name, buffer in network.named_buffers()}
        while True:
            torch.manual_seed(_mixed(self.seed, self.position, 1 + number, self.ranks.rank))  # for dropout
            try:
                loss = self._gradients(phase)
                break
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                self._halve(phase)
            for name, buffer in network.named_buffers():
                buffer.copy_(before[name])
        if not math.isfinite(loss):
            return loss
        if self.trainee.clip is not None:
            nn.utils.clip_grad_norm_(network.parameters(), self.trainee.clip)
        optimiser = self.trainee.optimisers[phase.network]
        factor = self.trainee.rate(self.position)
        for group, rate in zip(optimiser.param_groups, self._rates[phase.network], strict=True):
            group["lr"] = rate * factor
        optimiser.step()
        return loss

    def _gradients(self, phase: Phase) -> float:
        """Leave the gradient of the mean loss over the whole batch in the weights; return that loss."""
        self.trainee.optimisers[phase.network].zero_grad(set_to_none=True)
        count = len(next(iter(phase.tensors.values())))
        own = self.ranks.share(count)
        total = torch.zeros((), device=self.ranks.device)
        for chosen in np.array_split(np.arange(own.start, own.stop), self.pieces):
            if not len(chosen):
                continue
            micro = {name: t[chosen[0] : chosen[-1] + 1] for name, t in phase.tensors.items()}
            with only_trained(self.trainee.networks, phase.network):
                with self.autocast():
                    loss = phase.loss(micro) * (len(chosen) / count)
                loss.backward()
            total = total + loss.detach()
        loss_of_all = float(self.ranks.sum([total])[0])
        if math.isfinite(loss_of_all):
            network = self.trainee.networks[phase.network]
            used = [weight for weight in network.parameters() if weight.grad is not None]
            summed = self.ranks.sum([weight.grad for weight in used if weight.grad is not None])
            for weight, gradient in zip(used, summed, strict=True):
                weight.grad = gradient
        return loss_of_all

    def fit_into(self, batch: Mapping[str, np.ndarray], memory: int) -> None:
        """Cut batches into as many parts as a memory needs; weights and random numbers stay as they are.

        Parameters
        ----------
        batch : mapping
            A batch like those to come.
        memory : int
            Bytes that may be taken.

        Raises
        ------
        MemoryLimitError
            If not even one image would fit.
        """
        device = self.ranks.device
        generator = torch.Generator(device).manual_seed(0)
        states = torch.get_rng_state()
        for phase in self.trainee.phases(batch, generator, device):
            count = len(next(iter(phase.tensors.values())))
            own = self.ranks.share(count)
            each = self._bytes_per_image(phase)
            if each > memory:
                raise MemoryLimitError(_no_room(phase, device.type))
            self.pieces = max(self.pieces, -(-(own.stop - own.start) * each // memory))
        torch.set_rng_state(states)

    def _bytes_per_image(self, phase: Phase) -> int:
        """Return what autograd keeps for one image, and half as much again for what is short-lived."""
        network, kept = self.trainee.networks[phase.network], {}
        before = {name: buffer.clone() for name, buffer in network.named_buffers()}

        def noted(tensor: Tensor) -> Tensor:
            kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
            return tensor

        two = {name: tensor[:2] for name, tensor in phase.tensors.items()}
        with (
            only_trained(self.trainee.networks, phase.network),
            torch.autograd.graph.saved_tensors_hooks(noted, lambda tensor: tensor),
            self.autocast(),
        ):
            phase.loss(two)
        for name, buffer in network.named_buffers():
            buffer.copy_(before[name])
        weights_ = {w.data_ptr() for net in self.trainee.networks.values() for w in net.parameters()}
        return int(1.5 * sum(size for place, size in kept.items() if place not in weights_) / 2)

    def _halve(self, phase: Phase) -> None:
        """Cut the batch into twice as many parts."""
        images = next(iter(phase.tensors.values()))
        own = self.ranks.share(len(images))
        if self.pieces >= own.stop - own.start:
            raise MemoryLimitError(_no_room(phase, self.ranks.device.type)) from None
        self.pieces = min(2 * self.pieces, own.stop - own.start)
        if self.ranks.device.type == "cuda":
            torch.cuda.empty_cache()

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which the networks run."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.ranks.device.type, torch.bfloat16)

    def _average(self) -> None:
        if self.averages:
            half = max(self.trainee.half_life(self.position * self.batch), 1e-9)
            keep = 0.5 ** (self.batch / half) if self.position > 1 else 0.0
            for name, average in self.averages.items():
                average.update(self.trainee.networks[name], keep)

    def final(self) -> dict[str, dict[str, np.ndarray]]:
        """Return the weights to keep of each network: the averaged ones where there is an average."""
        found = {}
        for name, network in self.trainee.networks.items():
            average = self.averages.get(name)
            found[name] = weights(network) if average is None else dict(average.state().tensors)
        return found

    def use(
        self, kept: Mapping[str, Mapping[str, np.ndarray]], networks: Mapping[str, nn.Module] | None = None
    ) -> None:
        """Put the weights of `final` into the networks after the training, or into others like them."""
        for name, network in (self.trainee.networks if networks is None else networks).items():
            network.to(self.ranks.device, memory_format=torch.channels_last)
            load_weights(network, kept[name])
            network.eval()

    def state(self) -> State:
        """Return all that the next step depends on."""
        numbers = {
            "position": self.position,
            "pieces": self.pieces,
            "precision": self.precision,
            "threads": self.threads,
        }
        parts = {"own": State(numbers=numbers)}
        for name, network in self.trainee.networks.items():
            parts[f"network.{name}"] = State(weights(network))
        for name, optimiser in self.trainee.optimisers.items():
            parts[f"optimiser.{name}"] = optimiser_state(optimiser)
        for name, average in self.averages.items():
            parts[f"average.{name}"] = average.state()
        return join(parts)

    def restore(self, state: State) -> None:
        """Go back to what `state` returned."""
        own = part(state, "own").numbers
        self.position, self.pieces = int(own["position"]), int(own["pieces"])
        self.precision, self.threads = str(own["precision"]), int(own["threads"])
        for name, network in self.trainee.networks.items():
            load_weights(network, part(state, f"network.{name}").tensors)
        for name, optimiser in self.trainee.optimisers.items():
            restore_optimiser(optimiser, part(state, f"optimiser.{name}"))
        for name, average in self.averages.items():
            average.restore(part(state, f"average.{name}"))


@contextmanager
def only_trained(networks: Mapping[str, nn.Module], trained: str) -> Iterator[None]:
    """Pass gradients through the other networks without collecting any there."""
    others = [w for name, network in networks.items() if name != trained for w in network.parameters()]
    for weight in others:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in others:
            weight.requires_grad_(True)


def _no_room(phase: Phase, device: str) -> str:
    images = next((t for t in phase.tensors.values() if t.ndim == 4), None)
    size = "" if images is None else f" ({images.shape[-2]} x {images.shape[-1]} px)"
    return (
        f"Not even one image{size} fits into the memory of the {device} for training. Take smaller patches, "
        f"a smaller profile, or another device."
    )


def _mixed(*numbers: int) -> int:
    """Return a seed made of several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
