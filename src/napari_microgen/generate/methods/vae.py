"""Variational autoencoder: those of paper 000 (thin films, with a regressor) and 003 (grains).

Draws latent vectors from the law that those of the training images have at each condition.
``thin-film`` also tells conditions from images and maps latent vectors (kernel PCA).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...errors import ModelFileError, ParameterError
from ...progress import Progress, Steps, stepwise
from ...train.engine import Phase
from ..conditioning import Encoder, Kind
from ..contract import Batch, Generator, Noise, Sampling, Setup, normal, on
from ..kernel_pca import KernelMap, kernel_map
from ..latent_prior import LatentPrior, learn_prior
from ..networks.grain_vae import GrainVae
from ..networks.thin_film_vae import ThinFilmVae
from ..options import TrainingOptions
from ..training import Recipe, fit
from ..training_operation import training_operation
from ..training_set import TrainingSet

MAPPED = 2000
"""Patches on the map."""
ENCODED = 64
"""Patches of them encoded at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VaeConfig:
    """Settings of a variational autoencoder."""

    network: str = "thin-film"
    latent: int = 64
    learning_rate: float = 1.0
    dropout: float = 0.2
    kl_weight: float = 1.0
    """Weight of the divergence from the normal law."""
    regression_weight: float = 10_000.0
    """Weight of the error of the conditions told (thin-film)."""
    prior: str = "independent"
    """``independent`` as published, or ``full`` covariance of the latent numbers."""

    def __post_init__(self) -> None:
        if self.network not in ("thin-film", "grains") or self.prior not in ("independent", "full"):
            raise ParameterError("network must be thin-film or grains, and prior independent or full.")
        if not 1 <= self.latent <= 4096 or not 0 <= self.dropout < 1:
            raise ParameterError("latent must lie between 1 and 4096, dropout from 0 to below 1.")
        if min(self.kl_weight, self.regression_weight) < 0 or not 0 < self.learning_rate <= 10:
            raise ParameterError("Weights must not be negative, and learning_rate lie above 0.")


PRESETS: Mapping[str, VaeConfig] = {
    "thin-film": VaeConfig(),
    "grains": VaeConfig(network="grains", latent=256, learning_rate=1e-5, dropout=0.0),
}


class Vae(Generator[VaeConfig]):
    """The published autoencoders."""

    name = "vae"
    config_class = VaeConfig
    kept = ("autoencoder",)

    def __init__(self, config: VaeConfig, setup: Setup) -> None:
        super().__init__(config, setup)
        width, side = setup.encoder.width, setup.size
        if config.network == "thin-film":
            network = ThinFilmVae(width, latent=config.latent, size=side, dropout=config.dropout)
            self.networks = {"autoencoder": network}
        else:
            self.networks = {"autoencoder": GrainVae(latent=config.latent, size=side)}
        try:
            self.centre, self.deviation = (float(setup.facts[name]) for name in ("centre", "deviation"))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"The measured facts of the training set are damaged: {error!r}.") from None
        if not (abs(self.centre) < 10 and 0 < self.deviation < 10):
            raise ModelFileError("The measured facts of the training set make no sense.")
        self.prior: LatentPrior | None = None
        self.mapped = np.zeros((0, config.latent), np.float32)
        """Latent vectors of some training patches, for the map (thin-film)."""
        self.mapped_rows = np.zeros(0, np.int64)
        """Row of the table of each of them."""

    @classmethod
    def encoding(cls, config: VaeConfig) -> Kind:
        """Return how conditions become vectors: numbers from 0 to 1, labels one-hot."""
        return "minmax"

    @classmethod
    def multiple(cls, config: VaeConfig) -> int:
        """Return what the side of an image must be a multiple of, in px."""
        return 32 if config.network == "thin-film" else 64

    @classmethod
    def measure(cls, config: VaeConfig, data: TrainingSet, encoder: Encoder, seed: int) -> dict[str, Any]:
        """Return mean and deviation of the pixels of 1000 patches, to z-score them."""
        random = np.random.default_rng((seed, 0x3EA5))
        rows = random.integers(len(data.table), size=1000)
        moments = np.array(
            [(p.mean(), (p.astype(float) ** 2).mean()) for p in (data.patch(r, random) for r in rows)]
        )
        centre, square = moments.mean(0)
        return {"centre": float(centre), "deviation": float(np.sqrt(max(square - centre**2, 1e-8)))}

    def prepare_training(self) -> None:
        """Make the optimiser: Adadelta for thin films, Adam for grains."""
        weights, rate = self.networks["autoencoder"].parameters(), self.config.learning_rate
        thin, adam = self.config.network == "thin-film", torch.optim.Adam
        made = torch.optim.Adadelta(weights, rate, rho=0.95, eps=1e-7) if thin else adam(weights, rate)
        self.optimisers = {"autoencoder": made}

    def phases(self, batch: Batch, generator: torch.Generator, device: torch.device) -> Sequence[Phase]:
        """Return the one update of a step."""
        images = on(device, batch["images"])
        tensors = {
            "images": images,
            "conditions": on(device, batch["images.conditions"]),
            "noise": normal(generator, len(images), self.config.latent),
        }
        loss = self._thin_film if self.config.network == "thin-film" else self._grains
        return [Phase("loss", "autoencoder", tensors, loss)]

    def _thin_film(self, tensors: Mapping[str, Tensor]) -> Tensor:
        wanted = self._scaled(tensors["images"])
        logits, mean, log_variance, told = self.networks["autoencoder"](wanted, tensors["noise"])
        pixels = functional.binary_cross_entropy_with_logits(logits.float(), wanted, reduction="none")
        told_wrong = functional.mse_loss(told.float(), tensors["conditions"])
        divergence = _divergence(mean, log_variance).sum(1).mean()
        kl, regression = self.config.kl_weight, self.config.regression_weight
        return pixels.flatten(1).sum(1).mean() + kl * divergence + regression * told_wrong

    def _grains(self, tensors: Mapping[str, Tensor]) -> Tensor:
        wanted = self._scaled(tensors["images"])
        found, mean, log_variance = self.networks["autoencoder"](wanted, tensors["noise"])
        return (
            functional.mse_loss(found.float(), wanted)
            + self.config.kl_weight * _divergence(mean, log_variance).mean()
        )

    def _scaled(self, images: Tensor) -> Tensor:
        """Return images as the network takes them."""
        if self.config.network == "thin-film":
            return (images + 1) / 2
        return (images - self.centre) / self.deviation

    def after_training(self, data: TrainingSet, seed: int) -> Steps[None]:
        """Learn the law of the latent vectors at each condition, and the points of the map."""
        full = self.config.prior == "full"
        self.prior = yield from learn_prior(data, self.setup.encoder, self.encoded, seed, full=full)
        if self.config.network == "thin-film":
            random = np.random.default_rng((seed, 0x3A9))
            rows = np.sort(random.integers(len(data.table), size=MAPPED))
            parts = []
            for start in range(0, MAPPED, ENCODED):
                yield Progress(start, MAPPED, "mapping latent vectors")
                parts.append(self.encoded(data.patches(rows[start : start + ENCODED], random))[0])
            self.mapped, self.mapped_rows = np.concatenate(parts), rows.astype(np.int64)

    def encoded(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of the latent vectors of images from -1 to 1, shape (N, 1, R, C)."""
        network = self.networks["autoencoder"]
        given = on(next(network.parameters()).device, images.astype(np.float32))
        with torch.inference_mode():
            mean, log_variance = network.encode(self._scaled(given))
        return mean.cpu().numpy(), log_variance.exp().cpu().numpy()

    def told(self, images: np.ndarray) -> list[dict[str, float | str | None]]:
        """Return the conditions that the regressor tells from images (thin-film).

        Raises
        ------
        ParameterError
            If this network has no regressor.
        """
        network = self.networks["autoencoder"]
        if not isinstance(network, ThinFilmVae):
            raise ParameterError("Only the thin-film autoencoder tells conditions from images.")
        mean, _ = self.encoded(images)
        with torch.inference_mode():
            found = network.regressor(on(next(network.parameters()).device, mean)).cpu().numpy()
        return self.setup.encoder.scaler.decode(found)

    def latent_map(self) -> KernelMap:
        """Return a flat map of the latent vectors of training patches (thin-film).

        Raises
        ------
        ParameterError
            If this network has none.
        """
        if not len(self.mapped):
            raise ParameterError("Only the thin-film autoencoder has a map of its latent vectors.")
        return kernel_map(self.mapped)

    @property
    def can_sample(self) -> bool:
        """Whether the law of the latent vectors is known; it is fitted at the end of the training."""
        return self.prior is not None

    def sample(self, conditions: np.ndarray, noise: Noise, **_: Any) -> Sampling:
        """Make images from latent vectors of the law at each condition."""
        assert self.prior is not None, "see can_sample"
        drawn = noise.normal(len(conditions), self.config.latent).numpy()
        yield 1, 1
        return self.decoded(self.prior.vectors(conditions, drawn))

    def decoded(self, vectors: np.ndarray) -> np.ndarray:
        """Return images from -1 to 1 of latent vectors, shape (N, R, C)."""
        network = self.networks["autoencoder"]
        latent = on(next(network.parameters()).device, vectors.astype(np.float32))
        with torch.inference_mode():
            if isinstance(network, ThinFilmVae):
                images = 2 * network.images(latent) - 1
            else:
                images = network.decode(latent) * self.deviation + self.centre
        return images[:, 0].float().cpu().numpy()

    def tensors(self, weights: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Return weights, law of the latent vectors and map."""
        assert self.prior is not None
        found = super().tensors(weights)
        found |= {f"prior/{name}": array for name, array in self.prior.tensors().items()}
        if len(self.mapped):
            found |= {"map/points": self.mapped.astype(np.float32), "map/rows": self.mapped_rows}
        return found

    def load(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Take what `tensors` returned; the map is made from its points when it is asked for."""
        heads = {key: key.split("/")[0] for key in tensors}
        super().load({key: a for key, a in tensors.items() if heads[key] not in ("prior", "map")})
        parts = {key.removeprefix("prior/"): a for key, a in tensors.items() if heads[key] == "prior"}
        self.prior = LatentPrior.from_tensors(parts, self.setup.encoder.width, self.config.latent)
        points, rows = tensors.get("map/points"), tensors.get("map/rows")
        if points is None or rows is None:
            return
        shape = (len(rows), self.config.latent)
        if points.shape != shape or rows.dtype != np.int64 or not 2 <= len(rows) <= 5000:
            raise ModelFileError("The map of the latent vectors does not fit the network.")
        self.mapped, self.mapped_rows = points, rows


def _divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the divergence of each latent number from the normal law, shape (N, latent)."""
    mean, log_variance = mean.float(), log_variance.float()
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)


GENERATOR = Vae


@stepwise
@training_operation(
    steps="20000 for thin-film, 100000 for grains",
    patch_size="64 for thin-film, 256 for grains",
    batch_size="128 for thin-film, 8 for grains",
)
def train_vae(
    options: TrainingOptions,
    *,
    preset: Literal["thin-film", "grains"] = "thin-film",
    prior: Literal["independent", "full"] = "independent",
    kl_weight: float = 1.0,
    learning_rate: float | None = None,
) -> Steps[dict[str, Any]]:
    """Train a variational autoencoder as published.

    Kept for comparison with the default generator. ``thin-film`` is that of paper 000, 64 px, which
    also tells conditions from images; ``grains`` is that of paper 003 for distance maps, 256 px.

    Parameters
    ----------
    preset : {"thin-film", "grains"}
        Network and recipe of which paper.
    prior : {"independent", "full"}
        Law of the latent numbers at each condition: independent as published, or with their
        correlations, which keeps large grains.
    kl_weight : float
        Weight of the divergence from the normal law.
    learning_rate : float, optional
        Step size. Left out: 1 (Adadelta, thin-film) or 0.00001 (Adam, grains).
    """
    rate = PRESETS[preset].learning_rate if learning_rate is None else learning_rate
    chosen = replace(PRESETS[preset], prior=prior, kl_weight=kl_weight, learning_rate=rate)
    thin_film = preset == "thin-film"
    recipe = Recipe(
        Vae,
        lambda size, on_device: chosen,
        size=64 if thin_film else 256,
        batch=lambda on_device: 128 if thin_film else 8,
        steps=lambda on_device: 20_000 if thin_film else 100_000,
        preset=preset,
    )
    return (yield from fit(recipe, options))
