"""The two ways of training a segmenter: ours, and the one of paper 002."""

from dataclasses import dataclass, field
from typing import Literal

from .unet_method import Recipe
from .unet_patches import NO_VARIATION, Variation


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """Network, data and recipe that belong together."""

    method: str
    """Network, a key of `unet_method.NETWORKS`."""
    recipe: Recipe
    context: int
    """Neighbouring planes on each side."""
    scale: Literal["plane", "range"]
    """How grey values are brought to a common scale."""
    whole: bool
    """Train on whole planes, not on patches."""
    batch_size: int
    every_nth: int
    validation: float
    steps: int | None
    """Steps; None to count in epochs."""
    epochs: int = 0
    variation: Variation = field(default_factory=Variation)


PRESETS = {
    "default": Preset(
        method="unet-default",
        recipe=Recipe(),
        context=2,
        scale="plane",
        whole=False,
        batch_size=4,
        every_nth=1,
        validation=0.2,
        steps=1500,
    ),
    "paper-002": Preset(
        method="unet-paper-002",
        recipe=Recipe(
            optimiser="rmsprop",
            learning_rate=1e-3,
            weight_decay=0.0,
            schedule="constant",
            dice=0.0,
            average=0.0,
            clip=None,
            best_by="loss",
        ),
        context=0,
        scale="range",
        whole=True,
        batch_size=1,
        every_nth=5,
        validation=0.3,
        steps=None,
        epochs=100,
        variation=NO_VARIATION,
    ),
}
"""By the name of the preset."""
