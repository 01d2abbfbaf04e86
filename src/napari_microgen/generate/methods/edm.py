"""Conditional diffusion, the default: best on every series, samples in 10 evaluations.

Preconditioned denoising (Karras et al. 2022) on pixel-unshuffled images, vicinal training
in several conditions, and sampling that starts at the mean the conditions call for, so
that few steps are right on average.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ...errors import ModelFileError, ParameterError
from ...progress import Steps, stepwise
from ...train.engine import Phase
from ...train.muon import Muon
from ..conditioning import Encoder, Kind
from ..contract import Batch, Generator, Noise, Pairing, Sampling, Setup, normal, on
from ..first_moment import MeanModel, fit_means
from ..networks.condition_embedding import ConditionedDenoiser
from ..networks.unet import PROFILES, profile_for
from ..options import TrainingOptions
from ..relevance import descriptors, inverse_squared_lengths
from ..sampling import dpm_solver_2m, few_levels, heun, karras_levels
from ..training import Recipe, fit
from ..training_operation import training_operation
from ..training_set import TrainingSet
from ..vicinal import Vicinity, number_columns, vicinity

S_MIN, TWO_PHASE_S_MIN = 0.002, 0.1
"""Lowest noise level; in two-phase images every pixel is decided at the latter."""
TWO_PHASE_LAST = 0.3
"""Lowest level of fast sampling of two-phase images: the image expected there has each pixel on its side.
Ten evaluations err by 0.3 % in perimeter against many, and by 3 % where they must go down to 0.1."""
MIDDLE, TWO_PHASE_MIDDLE = -0.2, 0.6
"""Mean logarithm of the noise level in training at 64 px. Higher than for photographs: what is measured is
the structure, not the noise of the detector. Of two-phase images noise below 0.3 hides nothing at all: with
0.6 errors of perimeter and density fall by a third at equal steps."""
UNSAID = -1.2
"""The same where a model does not say it."""
SPREAD = 1.4
"""Standard deviation of the logarithm of the noise level in training."""
EVEN = 0.1
"""Share of a batch whose noise levels cover the whole range evenly."""
DROPPED = 0.1
"""Share of a batch that is learned without conditions."""
OTHER_RATE = 0.8
"""Step size of first and last layers, biases and norms over that of the hidden matrices."""
RISING, FALLING = 100, 500
"""Steps over which the learning rate rises, and after which it falls."""
EVALUATIONS = 10
"""Evaluations of the network per image, unless asked otherwise."""
MEASURED = 4096
"""Patches from which mean and spread are measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EdmConfig:
    """Settings of the default generator."""

    profile: str = "cpu-64"
    """Size of the network."""
    learning_rate: float = 5e-3
    vicinity: float = 0.3
    """Size of the random step of a condition over the distance to its nearest neighbour; 0 for none."""
    noise_shift: float = 0.75
    """How much the noise levels grow with the logarithm of the image size."""

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise ParameterError(f"{self.profile!r} is no profile; there are {', '.join(PROFILES)}.")
        if not 0 <= self.vicinity <= 2:
            raise ParameterError(f"vicinity is {self.vicinity:g}; it must lie between 0 and 2.")
        if not 0 < self.learning_rate <= 0.1 or not 0 <= self.noise_shift <= 2:
            raise ParameterError(
                "learning_rate must lie above 0, up to 0.1, and noise_shift between 0 and 2."
            )


class Edm(Generator[EdmConfig]):
    """The default generator."""

    name = "edm"
    config_class = EdmConfig
    averaged = ("denoiser",)
    kept = ("denoiser",)
    clip = 1.0
    half_precision = True

    def __init__(self, config: EdmConfig, setup: Setup) -> None:
        super().__init__(config, setup)
        self.networks = {"denoiser": ConditionedDenoiser(config.profile, setup.encoder.width)}
        facts = setup.facts
        try:
            self.deviation = float(facts["deviation"])
            self.s_max = float(facts["s_max"])
            self.s_min, self.middle = float(facts.get("s_min", S_MIN)), float(facts.get("middle", UNSAID))
            self.last = float(facts.get("last", self.s_min))
            self.means = MeanModel.from_dict(facts["means"])
            self.own_mean = bool(facts.get("own_mean", False))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"The measured facts of the training set are damaged: {error!r}.") from None
        if not (
            0 < self.deviation < 10
            and 0 < self.s_min <= self.last < self.s_max < 1e5
            and abs(self.middle) < 10
        ):
            raise ModelFileError("The measured facts of the training set make no sense.")

    @classmethod
    def encoding(cls, config: EdmConfig) -> Kind:
        """Return how conditions become vectors."""
        return "standard"

    @classmethod
    def multiple(cls, config: EdmConfig) -> int:
        """Return what the side of an image must be a multiple of, in px."""
        profile = PROFILES[config.profile]
        return int(profile.unshuffle * 2 ** (len(profile.channels) - 1))

    @classmethod
    def measure(cls, config: EdmConfig, data: TrainingSet, encoder: Encoder, seed: int) -> dict[str, Any]:
        """Return the mean of patches by condition, the deviation of pixels from it, and the noise range."""
        random = np.random.default_rng((seed, 0x3EA5))
        group, names = data.table.groups("condition")
        count = max(MEASURED, 16 * len(names))
        chosen = [int(random.choice(np.flatnonzero(group == n % len(names)))) for n in range(count)]
        found = np.array([descriptors(data.patch(row, random)) for row in chosen])
        encoded = encoder.encode(data.table)[chosen]
        rows = [np.flatnonzero(group == n) for n in range(len(names))]
        whole = np.array([data.mean_of(own) for own in rows])
        pieces = np.array([sum(data.patches_of(int(row)) for row in own) for own in rows])
        means = fit_means(encoded, found[:, 0], group[chosen], whole, pieces)
        squares = (found[:, 0] - means.mean(encoded)) ** 2 + found[:, 1] ** 2
        columns = number_columns(encoder.scaler)
        average = np.stack([found[group[chosen] == n].mean(0) for n in range(len(names))])
        first = np.array([encoded[group[chosen] == n][0][columns] for n in range(len(names))], float)
        metric = inverse_squared_lengths(first, average) if config.vicinity else None
        return {
            "deviation": float(np.sqrt(max(squares.mean(), 1e-8))),
            "s_max": max(80.0, 1.5 * data.size),
            "s_min": TWO_PHASE_S_MIN if data.scale.binary else S_MIN,
            "last": TWO_PHASE_LAST if data.scale.binary else S_MIN,
            "middle": TWO_PHASE_MIDDLE if data.scale.binary else MIDDLE,
            "means": means.to_dict(),
            "own_mean": True,
            "metric": None if metric is None else [float(weight) for weight in metric],
        }

    # -- training ------------------------------------------------------------------

    def prepare_training(self) -> None:
        """Make the optimiser."""
        rate = self.config.learning_rate
        matrices, others = self.networks["denoiser"].hidden_and_other_weights()
        self.optimisers = {"denoiser": Muon(matrices, others, rate=rate, other_rate=OTHER_RATE * rate)}

    def pairing(self, data: TrainingSet, batch: int) -> Pairing:
        """Return vicinal pairs of images and conditions."""
        encoder = self.setup.encoder
        encoded = encoder.encode(data.table)
        metric = (
            None if self.setup.facts.get("metric") is None else np.array(self.setup.facts["metric"], float)
        )
        around = vicinity(data, encoder.scaler, encoded, width=self.config.vicinity, metric=metric)
        return VicinalPairing(data, encoded, self.draws(batch), None, around)

    def rate(self, step: int) -> float:
        """Return the factor on the learning rate: it rises over 100 steps, and falls slowly after 500.

        Then it goes with one over the root of the steps. It does not ask when the training ends, so
        one that goes on is the same as a longer one.
        """
        return min(1.0, (step + 1) / RISING, ((step + 1) / FALLING) ** -0.5)

    def phases(self, batch: Batch, generator: torch.Generator, device: torch.device) -> Sequence[Phase]:
        """Return the one update of a step."""
        images = on(device, batch["images"]) - self.expected(batch["images.conditions"]).to(device)
        count, side = images.shape[0], self.setup.size
        middle = self.middle + self.config.noise_shift * float(np.log(side / 64))
        levels = torch.exp(middle + SPREAD * normal(generator, count))
        even = torch.rand((2, count), generator=generator, device=device)
        span = float(np.log(self.s_max / self.s_min))
        levels = torch.where(even[0] < EVEN, self.s_min * torch.exp(span * even[1]), levels)
        levels = levels.clamp(self.s_min, self.s_max)
        tensors = {
            "images": images,
            "conditions": on(device, batch["images.conditions"]),
            "noise": normal(generator, *images.shape),
            "levels": levels,
            "dropped": (torch.rand(count, generator=generator, device=device) < DROPPED).float(),
        }
        return [Phase("loss", "denoiser", tensors, self._loss)]

    def _loss(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted error of the denoised image, as the error of what the network must give."""
        levels = tensors["levels"][:, None, None, None]
        noisy = tensors["images"] + levels * tensors["noise"]
        scaled = noisy / (levels**2 + self.deviation**2).sqrt()
        found = self._network(scaled, tensors["levels"], tensors["conditions"], tensors["dropped"])
        _, size = _shares(levels, self.deviation)
        return (((self._combined(noisy, found.float(), levels) - tensors["images"]) / size) ** 2).mean()

    def _combined(self, noisy: Tensor, found: Tensor, levels: Tensor) -> Tensor:
        """Return the clean image from the noisy one and what the network gives.

        The mean of an image has a spread and a noise of its own, far below those of a pixel, by which it
        is kept. Where the noise of the mean is above its spread, so that little can be learned of it, the
        network moves it by no more than it can be off.
        """
        kept, added = _shares(levels, self.deviation)
        if not self.own_mean:
            return noisy * kept + found * added
        noise = levels / noisy.shape[-1]
        mean_kept, mean_added = _shares(noise, self.means.spread)
        lost = noise**2 / (noise**2 + self.means.spread**2)
        noisy_mean, found_mean = noisy.mean((2, 3), keepdim=True), found.mean((2, 3), keepdim=True)
        mean = (mean_kept - kept) * noisy_mean + lost * (mean_added - added) * found_mean
        return noisy * kept + found * added + mean

    def _network(
        self, scaled: Tensor, levels: Tensor, conditions: Tensor, dropped: Tensor | None = None
    ) -> Tensor:
        return self.networks["denoiser"](scaled, levels.log() / 4, conditions, dropped)

    # -- sampling ------------------------------------------------------------------

    def denoise(self, noisy: Tensor, level: float, conditions: Tensor) -> Tensor:
        """Return the expected clean image, around the mean that its conditions call for."""
        levels = torch.full((len(noisy),), level, device=noisy.device)
        found = self._network(noisy / float(np.hypot(level, self.deviation)), levels, conditions).float()
        return self._combined(noisy, found, levels[:, None, None, None])

    def expected(self, encoded: np.ndarray) -> Tensor:
        """Return the mean of images at encoded conditions, (N, 1, 1, 1); the network learns the rest."""
        return torch.from_numpy(self.means.mean(encoded).astype(np.float32))[:, None, None, None]

    def start(self, encoded: np.ndarray, noise: Noise, begin: str = "spread") -> Tensor:
        """Return where sampling starts, around the expected mean: its spread and noise of the largest level.

        ``begin`` leaves out the spread ("mean"), or starts around grey 0 ("zero"), for comparison.
        """
        side, count = self.setup.size, len(encoded)
        x = self.s_max * noise.normal(count, 1, side, side)
        if begin == "spread":
            x = x + self.means.spread * noise.normal(count, stream=1)[:, None, None, None]
        return x - self.expected(encoded) if begin == "zero" else x

    def sample(
        self,
        conditions: np.ndarray,
        noise: Noise,
        *,
        evaluations: int | None = None,
        sampler: Literal["fast", "karras", "reference"] = "fast",
        begin: Literal["spread", "mean", "zero"] = "spread",
        **_: Any,
    ) -> Sampling:
        """Make images in ``evaluations`` evaluations (10, or 35 by Heun's method as reference)."""
        given = self.conditions_of(conditions)
        x = self.start(conditions, noise, begin).to(given.device)
        count = max(2, evaluations or EVALUATIONS)
        if sampler == "reference":
            count = max(2, ((evaluations or 35) + 1) // 2)
        levels, weight = karras_levels(count, self.s_min, self.s_max), 1.0
        if sampler == "fast":
            levels, weight = few_levels(count, self.last, self.s_max, self.deviation)
            weight = 1.0 if self.last > self.s_min else weight
        with torch.inference_mode():
            clean = partial(self.denoise, conditions=given)
            steps = (
                heun(clean, x, levels) if sampler == "reference" else dpm_solver_2m(clean, x, levels, weight)
            )
            total = 2 * count - 1 if sampler == "reference" else count
            while True:
                try:
                    yield next(steps), total
                except StopIteration as end:
                    images: Tensor = end.value
                    return (images.cpu() + self.expected(conditions))[:, 0].numpy()


def _shares(levels: Tensor, spread: float) -> tuple[Tensor, Tensor]:
    """Return what is kept of a noisy value, and what a network output of size 1 adds (Karras et al. 2022)."""
    squared = levels**2 + spread**2
    return spread**2 / squared, levels * spread / squared.sqrt()


@dataclass(frozen=True, eq=False)
class VicinalPairing(Pairing):
    """Draws every distinct condition as often, with images of its neighbours too."""

    around: Vicinity | None = None

    def draw(self, number: int, random: np.random.Generator) -> Batch:
        """Return batch ``number``."""
        assert self.around is not None
        rows, targets = self.around.draw(self.draws["images"], self.encoded, random)
        return {"images": self.data.patches(rows, random), "images.conditions": targets}


GENERATOR = Edm


@stepwise
@training_operation(
    steps="8000 on a processor, 25000 on a GPU", patch_size="64", batch_size="16 on a processor, 256 on a GPU"
)
def train_edm(
    options: TrainingOptions,
    *,
    profile: Literal["auto", "cpu-64", "std-64", "big-64", "std-224", "big-224", "tiny"] = "auto",
    learning_rate: float | None = None,
    vicinity: float = 0.3,
) -> Steps[dict[str, Any]]:
    """Train the default generator, a conditional diffusion model.

    It learns images for conditions that are numbers or labels, also between the measured ones.
    The training can be stopped at any time and resumed.

    Parameters
    ----------
    profile : {"auto", "cpu-64", "std-64", "big-64", "std-224", "big-224", "tiny"}
        Size of the network, by the image size it is made for; auto chooses by image size and
        device. tiny is for trying things out.
    learning_rate : float, optional
        Largest step size. Left out: 0.005 for cpu-64, 0.002 for std, 0.001 for big.
    vicinity : float
        How far a condition may be moved at random in training, over the distance to its
        nearest neighbour; it makes the generator fill the space between. 0 switches it off.
    """

    def config(size: int, on_device: str) -> EdmConfig:
        chosen = profile_for(size, on_device) if profile == "auto" else profile
        rate = {"std": 2e-3, "big": 1e-3}.get(chosen[:3], 5e-3) if learning_rate is None else learning_rate
        return EdmConfig(profile=chosen, learning_rate=rate, vicinity=vicinity)

    recipe = Recipe(
        Edm,
        config,
        size=64,
        batch=lambda on_device: 16 if on_device == "cpu" else 256,
        steps=lambda on_device: 8000 if on_device == "cpu" else 25_000,
    )
    return (yield from fit(recipe, options))
