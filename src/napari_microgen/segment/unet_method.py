"""Training a segmentation network: loss, optimiser, moving average, validation."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..errors import MemoryLimitError, ModelFileError
from ..progress import Progress, Steps
from ..train.budget import Budget
from ..train.devices import out_of_memory
from ..train.state import State, join, part
from ..train.torch_state import MovingAverage, load_weights, optimiser_state, restore_optimiser, weights
from .unet_data import IGNORE
from .unet_default import ResidualUNet
from .unet_paper import PaperUNet
from .unet_patches import Sample

NETWORKS: Mapping[str, type[ResidualUNet] | type[PaperUNet]] = {
    "unet-default": ResidualUNet,
    "unet-paper-002": PaperUNet,
}
"""Networks by the method name of their model card."""


def build_network(method: str, options: Mapping[str, Any]) -> torch.nn.Module:
    """Return an untrained network.

    Parameters
    ----------
    method : str
        Key of `NETWORKS`.
    options : mapping
        ``channels``, ``classes``, ``normalisation`` and, for the default network, ``base``.

    Raises
    ------
    ModelFileError
        If the method is unknown or an option is out of its range.
    """
    kind = NETWORKS.get(method)
    if kind is None:
        raise ModelFileError(f"{method!r} is not a segmentation network; known are {', '.join(NETWORKS)}.")
    limits = {"channels": (1, 512), "classes": (2, IGNORE - 1)}
    limits |= {"base": (4, 256)} if kind is ResidualUNet else {}
    if options.keys() != limits.keys() | {"normalisation"}:
        raise ModelFileError(f"The network options are {sorted(options)}; expected {sorted(limits)}.")
    for name, (low, high) in limits.items():
        if type(options[name]) is not int or not low <= options[name] <= high:
            raise ModelFileError(f"The network has {name} = {options[name]!r}; expected {low} to {high}.")
    if options["normalisation"] not in ("batch", "group"):
        raise ModelFileError(f"The network has normalisation {options['normalisation']!r}, which is unknown.")
    return kind(**options)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a network is trained."""

    optimiser: Literal["adamw", "rmsprop"] = "adamw"
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    schedule: Literal["cooldown", "constant"] = "cooldown"
    dice: float = 1.0
    """Weight of the Dice term beside the cross-entropy."""
    average: float = 0.99
    """Decay of the moving average of the weights; 0 for none."""
    clip: float | None = 1.0
    """Largest norm of the gradient; None for no limit."""
    best_by: Literal["jaccard", "loss"] = "jaccard"
    """What decides which validated weights are kept."""


class Segmenter:
    """A network being trained; the `Method` of the training loop."""

    def __init__(
        self,
        network: torch.nn.Module,
        recipe: Recipe,
        budget: Budget,
        *,
        device: str = "cpu",
        precision: str = "fp32",
        threads: int = 1,
    ) -> None:
        self.network = network.to(device, memory_format=torch.channels_last).train()
        self.recipe, self.budget, self.device = recipe, budget, device
        self.precision, self.threads = precision, threads
        self.optimiser = _optimiser(self.network, recipe)
        self.average = MovingAverage(self.network, recipe.average)
        self.judged = copy.deepcopy(self.network).eval()
        """Network that holds the averaged weights when something is to be predicted."""
        self.best: dict[str, np.ndarray] = {}
        self.best_score: float | None = None
        self.since_best = 0
        """Validations since the best one."""
        self.pieces = 1
        """Parts a batch is cut into so that it fits into memory."""

    def step(self, batch: Sequence[Sample]) -> float:
        """Make one update; a batch that does not fit into memory is cut into halves and tried again.

        Raises
        ------
        MemoryLimitError
            If not even one sample fits.
        """
        before = {name: buffer.clone() for name, buffer in self.network.named_buffers()}
        while True:
            try:
                loss = self._gradients(batch)
                break
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                if self.pieces >= len(batch):
                    raise MemoryLimitError(_no_room(batch, self.device)) from None
                self.pieces = min(2 * self.pieces, len(batch))
                self._put_back(before)
        if not np.isfinite(loss):
            self._put_back(before)
            return loss
        if self.recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        rate = self.recipe.learning_rate
        rate *= self.budget.rate() if self.recipe.schedule == "cooldown" else 1.0
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        self.average.update(self.network)
        return loss

    def _put_back(self, before: Mapping[str, Tensor]) -> None:
        """Undo what an update that failed did to the statistics of the normalisation layers."""
        for name, buffer in self.network.named_buffers():
            buffer.copy_(before[name])

    def _gradients(self, batch: Sequence[Sample]) -> float:
        self.optimiser.zero_grad(set_to_none=True)
        total = 0.0
        for chosen in np.array_split(np.arange(len(batch)), self.pieces):
            images, labels = self._tensors([batch[i] for i in chosen])
            with self._autocast():
                logits = self.network(images)
            loss = segmentation_loss(logits.float(), labels, self.recipe.dice) * (len(chosen) / len(batch))
            if not torch.isfinite(loss):
                return float(loss.detach())
            loss.backward()
            total += float(loss.detach())
        return total

    def _tensors(self, samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
        images = torch.from_numpy(np.stack([image for image, _ in samples]))
        labels = torch.from_numpy(np.stack([labels for _, labels in samples]))
        on_device = images.to(self.device, memory_format=torch.channels_last)
        return on_device, labels.to(self.device, torch.long)

    def _autocast(self) -> AbstractContextManager:
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(torch.device(self.device).type, torch.bfloat16)

    def logits(self, image: np.ndarray) -> Tensor:
        """Return the logits of the averaged network for one image, shape (classes, R, C)."""
        with torch.inference_mode(), self._autocast():
            planes = torch.from_numpy(image[None]).to(self.device, memory_format=torch.channels_last)
            return self.judged(planes)[0].float()

    def use_average(self) -> None:
        """Put the averaged weights into the network that predicts."""
        self.judged.load_state_dict(self.average.values)

    def validate(self, planes: Callable[[], Iterator[Sample]]) -> Steps[dict[str, float]]:
        """Judge the averaged weights on held-back planes and keep them if they are the best so far."""
        self.use_average()
        loss, count, pairs = 0.0, 0, np.zeros(0)
        for number, (image, labels) in enumerate(planes()):
            logits = self.logits(image)
            truth = torch.from_numpy(labels).to(self.device, torch.long)
            loss += float(segmentation_loss(logits[None], truth[None], self.recipe.dice))
            found = confusion(labels, logits.argmax(0).cpu().numpy(), logits.shape[0])
            pairs = found if not pairs.size else pairs + found
            count = number + 1
            yield Progress(self.budget.step, self.budget.total, "validating")
        values = {"validation_loss": loss / count, "validation_jaccard": mean_jaccard(pairs)}
        score = (
            values["validation_jaccard"] if self.recipe.best_by == "jaccard" else -values["validation_loss"]
        )
        self.since_best += 1
        if self.best_score is None or score >= self.best_score:
            self.best_score, self.since_best, self.best = score, 0, weights(self.judged)
        return values

    def final(self) -> dict[str, np.ndarray]:
        """Return the weights to keep: the best validated ones, else the averaged ones."""
        if self.best:
            return self.best
        self.use_average()
        return weights(self.judged)

    def use_final(self) -> None:
        """Put the weights to keep into the network that predicts."""
        load_weights(self.judged, self.final())

    def state(self) -> State:
        """Return all that the next step depends on."""
        numbers = {
            "best_score": self.best_score,
            "since_best": self.since_best,
            "pieces": self.pieces,
            "precision": self.precision,
            "threads": self.threads,
        }
        return join(
            {
                "network": State(weights(self.network)),
                "optimiser": optimiser_state(self.optimiser),
                "average": self.average.state(),
                "best": State(self.best),
                "own": State(numbers=numbers),
            }
        )

    def restore(self, state: State) -> None:
        """Go back to what `state` returned, number of threads and precision included."""
        load_weights(self.network, part(state, "network").tensors)
        restore_optimiser(self.optimiser, part(state, "optimiser"))
        self.average.restore(part(state, "average"))
        self.best = dict(part(state, "best").tensors)
        own = part(state, "own").numbers
        self.best_score, self.since_best = own["best_score"], int(own["since_best"])
        self.pieces, self.precision = int(own["pieces"]), str(own["precision"])
        self.threads = int(own["threads"])
        torch.set_num_threads(self.threads)


def segmentation_loss(logits: Tensor, labels: Tensor, dice: float) -> Tensor:
    """Cross-entropy plus ``dice`` times the soft Dice loss; pixels without a label count in neither.

    Parameters
    ----------
    logits : Tensor of float, shape (N, classes, R, C)
        What the network says.
    labels : Tensor of int64, shape (N, R, C)
        Class numbers, 255 where there is no label.
    dice : float
        Weight of the Dice term.

    Returns
    -------
    Tensor
        The loss, 0 if no pixel has a label.
    """
    known = labels != IGNORE
    count = known.sum().clamp(min=1)
    truth = torch.where(known, labels, torch.zeros_like(labels))
    log_chance = functional.log_softmax(logits, 1)
    entropy = (functional.nll_loss(log_chance, truth, reduction="none") * known).sum() / count
    if dice == 0:
        return entropy
    chance = log_chance.exp() * known[:, None]
    exact = functional.one_hot(truth, logits.shape[1]).movedim(-1, 1) * known[:, None]
    shared = (chance * exact).sum((0, 2, 3))
    there = exact.sum((0, 2, 3))
    overlap = (2 * shared + 1) / (chance.sum((0, 2, 3)) + there + 1)
    present = (there > 0).float()
    return entropy + dice * ((1 - overlap) * present).sum() / present.sum().clamp(min=1)


def confusion(truth: np.ndarray, found: np.ndarray, classes: int) -> np.ndarray:
    """Count pixels by true class (rows) and found class (columns); unlabelled ones are left out."""
    known = truth != IGNORE
    pairs = truth[known].astype(np.int64) * classes + found[known]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def mean_jaccard(pairs: np.ndarray) -> float:
    """Return the mean Jaccard index of the classes that occur, from a `confusion` table."""
    hits = np.diag(pairs).astype(float)
    union = pairs.sum(0) + pairs.sum(1) - hits
    return float((hits[union > 0] / union[union > 0]).mean()) if union.any() else 0.0


def _optimiser(network: torch.nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimiser == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), recipe.learning_rate, alpha=0.9, eps=1e-7)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, recipe.learning_rate)


def _no_room(batch: Sequence[Sample], device: str) -> str:
    shape = batch[0][0].shape
    return (
        f"Not even one sample of {shape[-2]} x {shape[-1]} px fits into the memory of the {device} for "
        f"training. "
        f"Take smaller patches, a smaller base, or another device."
    )
