"""Denoising diffusion with 1000 steps: the diffusion model of paper 002 (porous solids).

Noise prediction with the mean squared error, linear variances from 1e-4 to 0.02, labels
embedded and added to the embedded step (Ho et al. 2020).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
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
from ..sampling import ancestral, deterministic
from ..training import Recipe, fit

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
def train_ddpm(
    *,
    images: Path,
    conditions: Path,
    out: Path,
    preset: Literal["porous"] = "porous",
    steps: int | None = None,
    minutes: float | None = None,
    patch_size: int | None = None,
    crop_size: int | None = None,
    pixel_size: float | None = None,
    augment: Literal["none", "flips", "isotropic"] = "none",
    batch_size: int | None = None,
    width: int = 64,
    noise_steps: int = 1000,
    learning_rate: float = 1e-4,
    columns: tuple[str, ...] | None = None,
    categorical: tuple[str, ...] = (),
    log: tuple[str, ...] = (),
    log1p: tuple[str, ...] = (),
    where: tuple[str, ...] = (),
    extra_images: Literal["refuse", "leave out"] = "refuse",
    magnification: str | None = None,
    pixel_at_1x: float | None = None,
    seed: int = 0,
    resume: bool = False,
    save_every: int = 500,
    preview_seconds: float = 10.0,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    threads: int | None = None,
    licence: str = "",
) -> Steps[dict[str, Any]]:
    """Train a diffusion model with 1000 steps as published.

    Kept for comparison with the default generator: that of paper 002, 224 px with labels.

    Parameters
    ----------
    images : Path
        Folder with the micrographs; patches are cut from them at random during the training.
    conditions : Path
        CSV with one row per image: its name and the processing conditions, units in the head.
    out : Path
        Folder for the model; it must not exist yet, except with ``resume``. Checkpoints lie
        beside it, in ``OUT.training``.
    preset : {"porous"}
        Networks and recipe of which paper.
    steps : int, optional
        Updates to make. Left out: 200000.
    minutes : float, optional
        Time limit. A run under a time limit cannot be repeated bit for bit.
    patch_size : int, optional
        Side of the generated images, in px. Left out: 224.
    crop_size : int, optional
        Side of the piece of a micrograph that becomes one patch, in px; twice the patch size
        halves the resolution. Left out: the patch size.
    pixel_size : float, optional
        Pixel edge that all micrographs are brought to first, in um; needed where they were
        taken at different magnifications.
    augment : {"none", "flips", "isotropic"}
        Whether mirrored (flips) and turned (isotropic) patches count as real ones too; only
        where the structure has no preferred direction.
    batch_size : int, optional
        Images per step. Left out: 16.
    width : int
        Channels of the finest level; 64 as published, less for a trial.
    noise_steps : int
        Steps from noise to image.
    learning_rate : float
        Step size.
    columns : tuple of str, optional
        Columns that are conditions. Left out: all that are nothing else.
    categorical : tuple of str
        Columns whose numbers are labels.
    log : tuple of str
        Conditions on a logarithmic scale, such as a time.
    log1p : tuple of str
        Conditions on the scale log(1 + x), such as an energy that may be 0.
    where : tuple of str
        Rows to use: NAME=VALUE, NAME=LOW:HIGH or NAME!=VALUE; those left out can judge the
        model later.
    extra_images : {"refuse", "leave out"}
        What to do with images that no row names.
    magnification : str, optional
        Column with the magnification, for rows without a pixel size.
    pixel_at_1x : float, optional
        Pixel size at a magnification of 1, in um.
    seed : int
        Start of all random numbers.
    resume : bool
        Go on with the training that was interrupted in ``OUT.training``.
    save_every : int
        Steps between checkpoints; at most this much, or 5 minutes, is lost when the machine stops.
    preview_seconds : float
        Time between two pictures of generated patches, in s; 0 for none.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one. Several processes are started
        by ``torchrun``.
    precision : {"auto", "fp32", "bf16"}
        Number format of the networks; auto takes bf16 on a GPU where that is safe.
    threads : int, optional
        Processor threads. Left out: all cores or one, whichever is faster.
    licence : str
        Terms under which model and images may be used, for the card.

    Returns
    -------
    dict
        ``model``, ``steps``, ``seconds``, ``images_per_second``, ``parameters`` (by network),
        ``images``, ``conditions`` (how many different ones), ``patch_size``, ``pixel_size``,
        ``unit``, ``device``, ``processes``, ``precision``, ``threads``, ``notes``.

    Raises
    ------
    ConditionsError
        If table and images do not fit; everything that does not is listed.
    ShapeMismatchError, UnknownVoxelSizeError, AxesError, NonFiniteError
        If images are too small, of different magnifications, not grey or not finite.
    CheckpointError
        If there is nothing to resume, or ``out`` is in use.
    DivergedError
        If a loss is no longer finite; the last good checkpoint is kept.
    SaveError
        If nothing can be written there.
    """
    arguments = dict(locals())
    chosen = DdpmConfig(width=width, steps=noise_steps, learning_rate=learning_rate)
    recipe = Recipe(
        Ddpm,
        lambda size, on_device: chosen,
        size=224,
        batch=lambda on_device: 16,
        steps=lambda on_device: 200_000,
        preset=preset,
    )
    return (yield from fit(recipe, arguments))
