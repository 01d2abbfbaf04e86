"""What a generator is: how it is built, trained, sampled, saved and built again.

A file under ``methods`` holds one class of this kind, named ``GENERATOR``, and the
operation that trains it. Everything else (command, dock, checkpoints, model folder,
support) follows from that.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator as PythonGenerator
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import ModelFileError
from ..train.engine import Phase
from ..train.timing import available_cores
from .conditioning import Encoder, Kind
from .training_set import TrainingSet

C = TypeVar("C")
Batch = Mapping[str, np.ndarray]
MUCH = 500_000
"""Random numbers from which several threads draw them."""
Sampling = PythonGenerator[tuple[int, int], None, np.ndarray]
"""Yields (evaluations done, evaluations in all) and returns images from -1 to 1, shape (N, R, C)."""


@dataclass(frozen=True)
class Setup:
    """What a generator is built for; the same when it is trained and when it is read from its folder."""

    size: int
    """Side of the images in px."""
    encoder: Encoder
    """How conditions become vectors."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the method measured on the training set, as plain JSON values."""


class Generator(ABC, Generic[C]):
    """One way to make images for chosen conditions.

    Parameters
    ----------
    config : C
        Its settings, a frozen dataclass of plain values.
    setup : Setup
        What it is built for.
    """

    name: ClassVar[str]
    """Name in the catalogue."""
    config_class: ClassVar[type[Any]]
    """Class of its settings."""
    averaged: Sequence[str] = ()
    """Networks of which a moving average is kept and used."""
    clip: float | None = None
    """Largest norm of a gradient."""
    half_precision: ClassVar[bool] = False
    """True if the networks may run in bf16 on a GPU."""
    kept: Sequence[str] = ("generator",)
    """Networks that sampling needs; only these go into the model folder."""

    def __init__(self, config: C, setup: Setup) -> None:
        self.config, self.setup = config, setup
        self.networks: Mapping[str, nn.Module] = {}
        self.optimisers: Mapping[str, torch.optim.Optimizer] = {}

    # -- building ------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def encoding(cls, config: C) -> Kind:
        """Return how this method takes conditions."""

    @classmethod
    def measure(cls, config: C, data: TrainingSet, encoder: Encoder, seed: int) -> dict[str, Any]:
        """Return what must be known of the training set, as plain JSON values for the card."""
        return {}

    @classmethod
    def multiple(cls, config: C) -> int:
        """Return what the side of an image must be a multiple of, in px."""
        return 1

    # -- training ------------------------------------------------------------------

    @abstractmethod
    def prepare_training(self) -> None:
        """Make the optimisers."""

    def pairing(self, data: TrainingSet, batch: int) -> "Pairing":
        """Return how images and conditions of a step with ``batch`` images are drawn."""
        return Pairing(data, self.setup.encoder.encode(data.table), self.draws(batch))

    def draws(self, batch: int) -> Mapping[str, int]:
        """Return how many of what a step needs: ``images``, and conditions without images by other names."""
        return {"images": batch}

    @abstractmethod
    def phases(self, batch: Batch, generator: torch.Generator, device: torch.device) -> Sequence[Phase]:
        """Return the updates of one step; all random numbers come from ``generator``."""

    def rate(self, step: int) -> float:
        """Return the factor on the learning rate after so many steps."""
        return 1.0

    def half_life(self, images: int) -> float:
        """Return after how many images the moving average has forgotten half."""
        return min(500_000.0, 0.05 * images)

    def after_training(self, data: TrainingSet, seed: int) -> PythonGenerator[Any, None, None]:
        """Learn what is learned once the networks are trained, such as the law of latent vectors."""
        return
        yield

    # -- sampling ------------------------------------------------------------------

    @property
    def can_sample(self) -> bool:
        """Whether images can be made yet; some methods learn how at the end of the training only."""
        return True

    @abstractmethod
    def sample(self, conditions: np.ndarray, noise: "Noise", **options: Any) -> Sampling:
        """Make images.

        Parameters
        ----------
        conditions : ndarray, shape (N, width)
            Encoded conditions.
        noise : Noise
            Where the random numbers of each image come from.
        **options
            ``evaluations`` and ``sampler``, where the method has a choice.
        """

    def conditions_of(self, encoded: np.ndarray) -> Tensor:
        """Return encoded conditions on the device of the networks."""
        device = next(next(iter(self.networks.values())).parameters()).device
        return torch.from_numpy(np.ascontiguousarray(encoded, np.float32)).to(device)

    # -- keeping -------------------------------------------------------------------

    def tensors(self, weights: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Return what goes into the model folder, from the final weights of each network."""
        return {f"{net}/{name}": a for net in self.kept for name, a in weights[net].items()}

    def load(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take what `tensors` returned.

        Raises
        ------
        ModelFileError
            If names, shapes or types are not those of the networks.
        """
        for net in self.kept:
            head = f"{net}/"
            own = {key.removeprefix(head): a for key, a in tensors.items() if key.startswith(head)}
            fill(self.networks[net], own)
        odd = [key for key in tensors if key.split("/")[0] not in self.kept]
        if odd:
            raise ModelFileError(
                f"The model holds weights that {self.name} does not have, first {odd[0][:60]!r}."
            )

    @classmethod
    def config_from(cls, content: Any) -> C:
        """Return settings from a card.

        Raises
        ------
        ModelFileError
            If an entry is unknown, missing or of the wrong kind.
        """
        known = {f.name: f for f in fields(cls.config_class)}
        if not isinstance(content, dict) or content.keys() - known.keys():
            raise ModelFileError(f"The settings in the card are not those of {cls.name}.")
        values = {}
        for name, f in known.items():
            example = f.default if f.default is not MISSING else None
            value = content.get(name, example)
            allowed = (int, float) if type(example) is float else type(example)
            if example is not None and (
                not isinstance(value, allowed) or isinstance(value, bool) != isinstance(example, bool)
            ):
                raise ModelFileError(
                    f"The card has {name} = {str(value)[:60]!r}, which {cls.name} cannot use."
                )
            values[name] = value
        try:
            return cls.config_class(**values)  # type: ignore[no-any-return]
        except (TypeError, ValueError) as error:
            raise ModelFileError(f"The settings in the card make no sense: {error}") from None

    @classmethod
    def rebuilt(cls, config: Any, setup: Setup, tensors: Mapping[str, np.ndarray]) -> Self:
        """Return a generator read from a folder, after comparing its size with the weights."""
        with torch.device("meta"):
            planned = cls(config, setup)
        for net in planned.kept:
            head, own = f"{net}/", planned.networks[net].state_dict()
            found = {k.removeprefix(head): a.shape for k, a in tensors.items() if k.startswith(head)}
            wanted = {name: tuple(t.shape) for name, t in own.items()}
            if found != wanted:
                odd = sorted(n for n in found.keys() | wanted.keys() if found.get(n) != wanted.get(n))
                raise ModelFileError(
                    f"The weights do not fit the {net} of the card: {len(odd)} differ, first {odd[0][:60]!r} "
                    f"({found.get(odd[0])}, expected {wanted.get(odd[0])})."
                )
        generator = cls(config, setup)
        generator.load(tensors)
        for network in generator.networks.values():
            network.eval()
        return generator


@dataclass(frozen=True, eq=False)
class Pairing:
    """Draws the images and conditions of a batch: every image of the table is as likely."""

    data: TrainingSet
    encoded: np.ndarray
    """Encoded conditions of the table, shape (rows, width)."""
    draws: Mapping[str, int]
    """How many of what; see `Generator.draws`."""
    weights: np.ndarray | None = None
    """Weight of each row in the losses; None for 1."""

    def draw(self, number: int, random: np.random.Generator) -> Batch:
        """Return batch ``number``."""
        batch: dict[str, np.ndarray] = {}
        for name, count in self.draws.items():
            rows = random.integers(len(self.encoded), size=count)
            targets = self.encoded[rows]
            if name == "images":
                batch["images"] = self.data.patches(rows, random)
            batch[f"{name}.conditions"] = targets
            batch[f"{name}.weights"] = (
                np.ones(count, np.float32) if self.weights is None else self.weights[rows].astype(np.float32)
            )
        return batch


@dataclass(frozen=True)
class Noise:
    """The random numbers of each image; they do not depend on how many are made at once."""

    seed: int
    """Seed of the whole set."""
    first: int = 0
    """Number of the first image of this batch."""
    shared: bool = False
    """True if all images take the numbers of the first one."""
    numbers: Sequence[int] | None = None
    """Number of each image of this batch, where it is not its place."""

    def normal(self, count: int, *shape: int, stream: int = 0) -> Tensor:
        """Return normal numbers for ``count`` images, each of the given shape."""
        drawn = np.empty((count, *shape), np.float32)

        def draw(image: int) -> None:
            place = 0 if self.shared else image
            number = self.first + place if self.numbers is None else self.numbers[place]
            random = np.random.default_rng((self.seed, number, stream))
            random.standard_normal(out=drawn[image : image + 1], dtype=np.float32)

        if drawn.size > MUCH and available_cores() > 1:
            with ThreadPoolExecutor(min(8, available_cores())) as pool:
                list(pool.map(draw, range(count)))
        else:
            for image in range(count):
                draw(image)
        return torch.from_numpy(drawn)


def fill(network: nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
    """Put weights from a model folder into a network; half precision is how shipped models are kept.

    Raises
    ------
    ModelFileError
        If they are not those of this network.
    """
    from ..train.torch_state import load_weights

    whole = {name: a.astype(np.float32) if a.dtype == np.float16 else a for name, a in arrays.items()}
    try:
        load_weights(network, whole)
    except ValueError as error:
        raise ModelFileError(str(error)) from None


def on(device: torch.device, array: np.ndarray) -> Tensor:
    """Return an array as a tensor on a device."""
    return torch.from_numpy(np.ascontiguousarray(array)).to(device, non_blocking=True)


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Return normal numbers on the device of a generator."""
    return torch.randn(shape, generator=generator, device=generator.device)
