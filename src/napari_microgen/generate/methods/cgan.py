"""Conditional GAN: the generators of papers 000 (thin films) and 002 (porous solids).

Binary cross-entropy for both networks, one image vector and one condition vector in, one
image out. In one step the discriminator learns from half a batch of real images, then
from half a batch of generated ones, and the generator learns from a whole batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...conditions import ConditionTable
from ...errors import ParameterError
from ...progress import Steps, stepwise
from ...train.engine import Phase
from ..conditioning import Kind
from ..contract import Batch, Generator, Noise, Pairing, Sampling, Setup, normal, on
from ..networks.porous_gan import PorousDiscriminator, PorousGenerator
from ..networks.thin_film_gan import ThinFilmDiscriminator, ThinFilmGenerator
from ..options import TrainingOptions
from ..training import Recipe, fit
from ..training_operation import training_operation
from ..training_set import TrainingSet

BINS = 6
"""Bins per condition whose filling gives the weights of the samples."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CganConfig:
    """Settings of a conditional GAN."""

    network: str = "thin-film"
    """Networks of ``thin-film`` (64 px) or ``porous`` (224 px)."""
    z_dim: int = 16
    """Length of the noise vector; 16 in the text of paper 000, 32 in its code."""
    final_kernel: int = 7
    """Side of the last convolution (thin-film)."""
    learning_rate: float = 2e-4
    reweight: str = "inverse-density"
    """``inverse-density``: rare conditions weigh more in the losses; ``none``: all the same."""

    def __post_init__(self) -> None:
        if self.network not in ("thin-film", "porous"):
            raise ParameterError(f"{self.network!r} is no network of cgan; there are thin-film and porous.")
        if self.reweight not in ("inverse-density", "none"):
            raise ParameterError(f"reweight is {self.reweight!r}; expected inverse-density or none.")
        if not 1 <= self.z_dim <= 4096 or self.final_kernel not in (1, 3, 5, 7, 9):
            raise ParameterError("z_dim must lie between 1 and 4096 and final_kernel be odd, up to 9.")
        if not 0 < self.learning_rate <= 0.1:
            raise ParameterError("learning_rate must lie above 0, up to 0.1.")


PRESETS: Mapping[str, CganConfig] = {
    "thin-film": CganConfig(),
    "porous": CganConfig(network="porous", z_dim=100, reweight="none"),
}


class Cgan(Generator[CganConfig]):
    """The published conditional GANs."""

    name = "cgan"
    config_class = CganConfig

    def __init__(self, config: CganConfig, setup: Setup) -> None:
        super().__init__(config, setup)
        width, side = setup.encoder.width, setup.size
        if config.network == "thin-film":
            options = {"z_dim": config.z_dim, "final_kernel": config.final_kernel}
            self.networks = {
                "generator": ThinFilmGenerator(width, size=side, **options),
                "discriminator": ThinFilmDiscriminator(width, size=side),
            }
        else:
            self.networks = {
                "generator": PorousGenerator(width, z_dim=config.z_dim, size=side),
                "discriminator": PorousDiscriminator(width, size=side),
            }

    @classmethod
    def encoding(cls, config: CganConfig) -> Kind:
        """Return how conditions become vectors: numbers from 0 to 1, or a label per value."""
        return "minmax" if config.network == "thin-film" else "levels"

    @classmethod
    def multiple(cls, config: CganConfig) -> int:
        """Return what the side of an image must be a multiple of, in px."""
        return 4 if config.network == "thin-film" else 32

    def prepare_training(self) -> None:
        """Make the optimisers."""
        rate = self.config.learning_rate
        self.optimisers = {
            name: torch.optim.Adam(net.parameters(), rate, betas=(0.5, 0.999), eps=1e-7)
            for name, net in self.networks.items()
        }

    def draws(self, batch: int) -> Mapping[str, int]:
        """Return half a batch of images, and conditions for generated images."""
        return {"images": max(1, batch // 2), "fake": max(1, batch // 2), "generator": batch}

    def pairing(self, data: TrainingSet, batch: int) -> Pairing:
        """Return pairs in which every image is as likely, weighted by how rare its conditions are."""
        pairing = super().pairing(data, batch)
        if self.config.reweight == "none":
            return pairing
        return replace(pairing, weights=inverse_density(data.table))

    def phases(self, batch: Batch, generator: torch.Generator, device: torch.device) -> Sequence[Phase]:
        """Return the three updates of a step."""

        def part(name: str) -> dict[str, Tensor]:
            found = {key: on(device, batch[f"{name}.{key}"]) for key in ("conditions", "weights")}
            if name == "images":
                return {"images": on(device, batch["images"])} | found
            return {"noise": normal(generator, len(found["weights"]), self.config.z_dim)} | found

        return [
            Phase("discriminator_real", "discriminator", part("images"), self._real),
            Phase("discriminator_fake", "discriminator", part("fake"), self._fake),
            Phase("generator", "generator", part("generator"), self._generator),
        ]

    def _judged(self, tensors: Mapping[str, Tensor], images: Tensor, target: float) -> Tensor:
        logits = self.networks["discriminator"](images, tensors["conditions"]).float()
        targets = torch.full_like(logits, target)
        losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return (losses * tensors["weights"]).mean()

    def _real(self, tensors: Mapping[str, Tensor]) -> Tensor:
        return self._judged(tensors, tensors["images"], 1.0)

    def _fake(self, tensors: Mapping[str, Tensor]) -> Tensor:
        with torch.no_grad():
            images = self.networks["generator"](tensors["noise"], tensors["conditions"])
        return self._judged(tensors, images, 0.0)

    def _generator(self, tensors: Mapping[str, Tensor]) -> Tensor:
        images = self.networks["generator"](tensors["noise"], tensors["conditions"])
        return self._judged(tensors, images, 1.0)

    def sample(self, conditions: np.ndarray, noise: Noise, **_: Any) -> Sampling:
        """Make images in one evaluation."""
        given = self.conditions_of(conditions)
        drawn = noise.normal(len(conditions), self.config.z_dim).to(given.device)
        with torch.inference_mode():
            images = self.networks["generator"](drawn, given)
        yield 1, 1
        return images[:, 0].float().cpu().numpy()


def inverse_density(table: ConditionTable) -> np.ndarray:
    """Return the weight of each row: images in the fullest cell of conditions over those in its own.

    A cell is one of 6 equal parts of the range of every number, for each combination of
    labels.

    Examples
    --------
    >>> table = ConditionTable.from_columns({"T": [0, 0, 0, 60]})
    >>> inverse_density(table).tolist()
    [1.0, 1.0, 1.0, 3.0]
    """
    cells = []
    for condition, column in zip(table.conditions, table.columns, strict=True):
        if condition.kind == "categorical":
            cells.append(np.unique(column, return_inverse=True)[1])
            continue
        values = condition.forward(column)
        low, high = np.nanmin(values), np.nanmax(values)
        place = np.floor((values - low) / max(high - low, 1e-12) * BINS)
        cells.append(np.where(np.isnan(place), BINS, np.minimum(place, BINS - 1)).astype(int))
    _, own, counts = np.unique(np.stack(cells, 1), axis=0, return_inverse=True, return_counts=True)
    return counts.max() / counts[own.reshape(-1)].astype(float)


GENERATOR = Cgan


@stepwise
@training_operation(
    steps="225280 for thin-film, 100000 for porous",
    patch_size="64 for thin-film, 224 for porous",
    batch_size="32",
)
def train_cgan(
    options: TrainingOptions,
    *,
    preset: Literal["thin-film", "porous"] = "thin-film",
    z_dim: int | None = None,
    final_kernel: int = 7,
    reweight: Literal["preset", "inverse-density", "none"] = "preset",
    learning_rate: float = 2e-4,
) -> Steps[dict[str, Any]]:
    """Train a conditional GAN as published.

    Kept for comparison with the default generator. ``thin-film`` is that of paper 000, 64 px with
    numbers as conditions; ``porous`` is that of paper 002, 224 px with labels.

    Parameters
    ----------
    preset : {"thin-film", "porous"}
        Networks and recipe of which paper.
    z_dim : int, optional
        Length of the noise vector. Left out: 16 (thin-film; the published code has 32) or 100.
    final_kernel : int
        Side of the last convolution of the thin-film network, in px.
    reweight : {"preset", "inverse-density", "none"}
        Whether rare conditions weigh more in the losses; they do in thin-film.
    learning_rate : float
        Step size of both networks.
    """
    chosen = replace(PRESETS[preset], final_kernel=final_kernel, learning_rate=learning_rate)
    chosen = replace(
        chosen,
        z_dim=chosen.z_dim if z_dim is None else z_dim,
        reweight=chosen.reweight if reweight == "preset" else reweight,
    )
    recipe = Recipe(
        Cgan,
        lambda size, on_device: chosen,
        size=64 if preset == "thin-film" else 224,
        batch=lambda on_device: 32,
        steps=lambda on_device: 225_280 if preset == "thin-film" else 100_000,
        preset=preset,
    )
    return (yield from fit(recipe, options))
