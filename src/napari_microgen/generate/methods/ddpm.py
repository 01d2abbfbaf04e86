"""Denoising diffusion with 1000 steps: the diffusion model of paper 002 (porous solids).

Noise prediction with the mean squared error, linear variances from 1e-4 to 0.02, labels
embedded and added to the embedded step (Ho et al. 2020).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ...errors import ParameterError
from ...progress import Steps, stepwise
from ...train.engine import Phase
from ..conditioning import Kind
from ..contract import Batch, Generator, Noise, Sampling, Setup, normal, on
from ..networks.unet_ddpm import WideUNet
from ..options import TrainingOptions
from ..sampling import ancestral, deterministic
from ..training import Recipe, fit
from ..training_operation import training_operation

FACTORS = (1, 2, 4, 8)


@dataclass(frozen=True, kw_only=True, slots=True)
class DdpmConfig:
    """Settings of the diffusion model."""

    width: int = 64
    """Channels of the finest level; 64 gives about 35.7 million weights."""
    steps: int = 1000
    """Steps of the forward process."""
    beta_first: float = 1e-4
    beta_last: float = 0.02
    learning_rate: float = 1e-4
    decay: float = 0.9999
    """Of the moving average, per step with 16 images."""

    def __post_init__(self) -> None:
        if not 8 <= self.width <= 256 or self.width % 8:
            raise ParameterError(f"width is {self.width}; it must be a multiple of 8 from 8 to 256.")
        if not 2 <= self.steps <= 10_000 or not 0 < self.beta_first <= self.beta_last < 1:
            raise ParameterError("There must be 2 to 10000 steps with variances rising between 0 and 1.")
        if not 0 < self.learning_rate <= 0.1 or not 0 <= self.decay < 1:
            raise ParameterError("learning_rate must lie above 0, up to 0.1, and decay between 0 and 1.")


class Ddpm(Generator[DdpmConfig]):
    """The published diffusion model."""

    name = "ddpm"
    config_class = DdpmConfig
    averaged = ("denoiser",)
    kept = ("denoiser",)
    half_precision = True

    def __init__(self, config: DdpmConfig, setup: Setup) -> None:
        super().__init__(config, setup)
        self.networks = {"denoiser": WideUNet(setup.encoder.width, width=config.width, factors=FACTORS)}

    @classmethod
    def encoding(cls, config: DdpmConfig) -> Kind:
        """Return how conditions become vectors: a label per value."""
        return "levels"

    @classmethod
    def multiple(cls, config: DdpmConfig) -> int:
        """Return what the side of an image must be a multiple of, in px."""
        return int(2 ** (len(FACTORS) - 1))

    @property
    def betas(self) -> Tensor:
        """Variances of the forward steps, shape (steps,), in double precision."""
        config = self.config
        return torch.linspace(config.beta_first, config.beta_last, config.steps, dtype=torch.float64)

    def prepare_training(self) -> None:
        """Make the optimiser."""
        network = self.networks["denoiser"]
        self.optimisers = {"denoiser": torch.optim.Adam(network.parameters(), self.config.learning_rate)}

    def half_life(self, images: int) -> float:
        """Return the published average, shorter while there are few images."""
        published = 16 * float(np.log(0.5) / np.log(max(self.config.decay, 1e-9)))
        return min(published, 0.1 * images)

    def phases(self, batch: Batch, generator: torch.Generator, device: torch.device) -> Sequence[Phase]:
        """Return the one update of a step."""
        images = on(device, batch["images"])
        tensors = {
            "images": images,
            "conditions": on(device, batch["images.conditions"]),
            "noise": normal(generator, *images.shape),
            "steps": torch.randint(self.config.steps, (len(images),), generator=generator, device=device),
        }
        return [Phase("loss", "denoiser", tensors, self._loss)]

    def _loss(self, tensors: Mapping[str, Tensor]) -> Tensor:
        products = torch.cumprod(1 - self.betas, 0).to(tensors["images"].device)
        kept = products[tensors["steps"]].float()[:, None, None, None]
        noisy = kept.sqrt() * tensors["images"] + (1 - kept).sqrt() * tensors["noise"]
        found = self.networks["denoiser"](noisy, tensors["steps"], tensors["conditions"])
        return ((found.float() - tensors["noise"]) ** 2).mean()

    def sample(
        self,
        conditions: np.ndarray,
        noise: Noise,
        *,
        evaluations: int | None = None,
        sampler: str = "fast",
        **_: Any,
    ) -> Sampling:
        """Make images by all random steps as published, or by ``evaluations`` deterministic ones."""
        given, side = self.conditions_of(conditions), self.setup.size
        x = noise.normal(len(conditions), 1, side, side).to(given.device)
        betas = self.betas

        def predicted(noisy: Tensor, step: int) -> Tensor:
            number = torch.full((len(noisy),), step, device=noisy.device)
            return self.networks["denoiser"](noisy, number, given).float()

        def fresh(step: int) -> Tensor:
            return noise.normal(len(conditions), 1, side, side, stream=step).to(given.device)

        with torch.inference_mode():
            if sampler == "reference" or evaluations is None or evaluations >= self.config.steps:
                steps, total = ancestral(predicted, x, betas.float(), fresh), self.config.steps
            else:
                total = max(2, evaluations)
                steps = deterministic(predicted, x, torch.cumprod(1 - betas, 0).float(), total)
            while True:
                try:
                    yield next(steps), total
                except StopIteration as end:
                    images: Tensor = end.value
                    return images[:, 0].cpu().numpy()


GENERATOR = Ddpm


@stepwise
@training_operation(steps="200000", patch_size="224", batch_size="16")
def train_ddpm(
    options: TrainingOptions,
    *,
    preset: Literal["porous"] = "porous",
    width: int = 64,
    noise_steps: int = 1000,
    learning_rate: float = 1e-4,
) -> Steps[dict[str, Any]]:
    """Train a diffusion model with 1000 steps as published.

    Kept for comparison with the default generator: that of paper 002, 224 px with labels.

    Parameters
    ----------
    preset : {"porous"}
        Networks and recipe of which paper.
    width : int
        Channels of the finest level; 64 as published, less for a trial.
    noise_steps : int
        Steps from noise to image.
    learning_rate : float
        Step size.
    """
    chosen = DdpmConfig(width=width, steps=noise_steps, learning_rate=learning_rate)
    recipe = Recipe(
        Ddpm,
        lambda size, on_device: chosen,
        size=224,
        batch=lambda on_device: 16,
        steps=lambda on_device: 200_000,
        preset=preset,
    )
    return (yield from fit(recipe, options))
