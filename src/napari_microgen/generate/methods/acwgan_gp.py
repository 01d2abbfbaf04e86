"""Wasserstein GAN with gradient penalty and auxiliary classifier: the generator of paper 001.

The critic also tells the conditions of an image, real or generated, and the generator is
rewarded for images whose conditions it tells right. Conditions are the bins of the paper
(thirds of the range of each number) or, where asked for, the numbers themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...errors import ParameterError
from ...progress import Steps, stepwise
from ...train.engine import Phase
from ..conditioning import Kind
from ..contract import Batch, Generator, Noise, Sampling, Setup, normal, on
from ..networks.acwgan import AcwganCritic, AcwganGenerator
from ..options import TrainingOptions
from ..training import Recipe, fit
from ..training_operation import training_operation


@dataclass(frozen=True, kw_only=True, slots=True)
class AcwganConfig:
    """Settings of the Wasserstein GAN (Gulrajani et al. 2017; Odena et al. 2017)."""

    labels: str = "binned"
    """``binned``: low, mid and high; ``continuous``: numbers as they are."""
    z_dim: int = 100
    critic_steps: int = 5
    """Updates of the critic per update of the generator."""
    gradient_penalty: float = 10.0
    classification: float = 5.0
    """Weight of the classification loss in the critic; 1 in the generator."""
    classify_generated: bool = True
    """Let the critic learn conditions from generated images too."""
    learning_rate: float = 1e-4
    weight_decay: float = 1e-4

    def __post_init__(self) -> None:
        if self.labels not in ("binned", "continuous"):
            raise ParameterError(f"labels is {self.labels!r}; expected binned or continuous.")
        if not 1 <= self.critic_steps <= 100 or not 1 <= self.z_dim <= 4096:
            raise ParameterError("critic_steps must lie between 1 and 100, z_dim between 1 and 4096.")
        if min(self.gradient_penalty, self.classification, self.weight_decay) < 0:
            raise ParameterError("Weights of losses must not be negative.")
        if not 0 < self.learning_rate <= 0.1:
            raise ParameterError("learning_rate must lie above 0, up to 0.1.")


class AcwganGp(Generator[AcwganConfig]):
    """The published Wasserstein GAN."""

    name = "acwgan-gp"
    config_class = AcwganConfig

    def __init__(self, config: AcwganConfig, setup: Setup) -> None:
        super().__init__(config, setup)
        groups = setup.encoder.groups
        self.networks = {
            "generator": AcwganGenerator(groups, noise=config.z_dim, size=setup.size),
            "critic": AcwganCritic(groups, size=setup.size),
        }

    @classmethod
    def encoding(cls, config: AcwganConfig) -> Kind:
        """Return how conditions become vectors."""
        return "bins" if config.labels == "binned" else "minmax"

    @classmethod
    def multiple(cls, config: AcwganConfig) -> int:
        """Return what the side of an image must be a multiple of, in px."""
        return 16

    def prepare_training(self) -> None:
        """Make the optimisers."""
        config = self.config
        self.optimisers = {
            name: torch.optim.AdamW(
                net.parameters(), config.learning_rate, betas=(0.5, 0.9), weight_decay=config.weight_decay
            )
            for name, net in self.networks.items()
        }

    def draws(self, batch: int) -> Mapping[str, int]:
        """Return a batch of images for each update of the critic."""
        return {"images": batch * self.config.critic_steps, "generator": batch}

    def phases(self, batch: Batch, generator: torch.Generator, device: torch.device) -> Sequence[Phase]:
        """Return the updates of the critic and the one of the generator."""
        count = len(batch["generator.conditions"])
        found = []
        for number in range(self.config.critic_steps):
            own = slice(number * count, (number + 1) * count)
            tensors = {
                "images": on(device, batch["images"][own]),
                "conditions": on(device, batch["images.conditions"][own]),
                "noise": normal(generator, count, self.config.z_dim),
                "mix": torch.rand((count, 1, 1, 1), generator=generator, device=device),
            }
            found.append(Phase("critic", "critic", tensors, self._critic))
        tensors = {
            "noise": normal(generator, count, self.config.z_dim),
            "conditions": on(device, batch["generator.conditions"]),
        }
        return [*found, Phase("generator", "generator", tensors, self._generator)]

    def _critic(self, tensors: Mapping[str, Tensor]) -> Tensor:
        config, critic, conditions = self.config, self.networks["critic"], tensors["conditions"]
        real = tensors["images"]
        with torch.no_grad():
            made = self.networks["generator"](tensors["noise"], conditions).float()
        score_real, told_real = critic(real)
        score_made, told_made = critic(made)
        mixed = torch.lerp(made, real, tensors["mix"]).requires_grad_(True)
        (slope,) = torch.autograd.grad(critic(mixed)[0].sum(), mixed, create_graph=True)
        penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
        classification = self.told_wrong(told_real, conditions)
        if config.classify_generated:
            classification = classification + self.told_wrong(told_made, conditions)
        distance = score_made.mean() - score_real.mean()
        return distance + config.gradient_penalty * penalty + config.classification * classification

    def _generator(self, tensors: Mapping[str, Tensor]) -> Tensor:
        images = self.networks["generator"](tensors["noise"], tensors["conditions"])
        score, told = self.networks["critic"](images)
        return self.told_wrong(told, tensors["conditions"]) - score.mean()

    def told_wrong(self, told: Sequence[Tensor], conditions: Tensor) -> Tensor:
        """Return how wrong the heads are: cross-entropy for classes, squared error for numbers."""
        encoder = self.setup.encoder
        loss = torch.zeros((), device=conditions.device)
        parts = conditions.split(encoder.groups, 1)
        for labelled, head, wanted in zip(encoder.labelled, told, parts, strict=True):
            if labelled:
                loss = loss + functional.cross_entropy(head.float(), wanted)
            else:
                loss = loss + functional.mse_loss(head.float(), wanted)
        return loss

    def sample(self, conditions: np.ndarray, noise: Noise, **_: Any) -> Sampling:
        """Make images in one evaluation."""
        given = self.conditions_of(conditions)
        drawn = noise.normal(len(conditions), self.config.z_dim).to(given.device)
        with torch.inference_mode():
            images = self.networks["generator"](drawn, given)
        yield 1, 1
        return images[:, 0].float().cpu().numpy()


GENERATOR = AcwganGp


@stepwise
@training_operation(steps="100000", patch_size="128", batch_size="64")
def train_acwgan_gp(
    options: TrainingOptions,
    *,
    preset: Literal["precipitates"] = "precipitates",
    labels: Literal["binned", "continuous"] = "binned",
    critic_steps: int = 5,
    gradient_penalty: float = 10.0,
    classification: float = 5.0,
    classify_generated: bool = True,
    learning_rate: float = 1e-4,
) -> Steps[dict[str, Any]]:
    """Train a Wasserstein GAN with classifier as published.

    Kept for comparison with the default generator: that of paper 001, 128 px with conditions in
    bins. ``labels`` = continuous gives the variant with numbers, of which the paper says that it
    did not perform well.

    Parameters
    ----------
    preset : {"precipitates"}
        Networks and recipe of which paper.
    labels : {"binned", "continuous"}
        Conditions as low, mid and high thirds of their range, or as numbers.
    critic_steps : int
        Updates of the critic per update of the generator.
    gradient_penalty : float
        Weight of the gradient penalty.
    classification : float
        Weight of the classification loss in the critic.
    classify_generated : bool
        Let the critic learn conditions from generated images too.
    learning_rate : float
        Step size of both networks.
    """
    chosen = AcwganConfig(
        labels=labels,
        critic_steps=critic_steps,
        gradient_penalty=gradient_penalty,
        classification=classification,
        classify_generated=classify_generated,
        learning_rate=learning_rate,
    )
    recipe = Recipe(
        AcwganGp,
        lambda size, on_device: chosen,
        size=128,
        batch=lambda on_device: 64,
        steps=lambda on_device: 100_000,
        preset=preset,
    )
    return (yield from fit(recipe, options))
