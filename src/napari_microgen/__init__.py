"""Microstructures in napari: clean, segment, measure and generate micrographs.

Everything here is also the command ``microgen`` and a set of napari docks.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Volume": "volume",
    "FeatureTable": "features",
    "Recipe": "recipe",
    "read": "io.reading",
    "write": "io.writing",
    "info": "io.info",
    "annotate": "segment.annotation",
    "train_unet": "segment.unet_training",
    "score": "segment.scores",
    "field": "quantify.fields",
    "surface": "quantify.surface",
    "skeleton_lines": "quantify.skeleton_lines",
    "predict": "regress.prediction",
    "simulate_porous": "simulate.porous",
    "simulate_fibsem": "simulate.fibsem",
    "simulate_thin_film": "simulate.thin_film",
    "simulate_precipitates": "simulate.precipitates",
    "simulate_grains": "simulate.grains",
    "measure_grains": "grains",
    "grain_patches": "grain_data",
    "train_grain_vae": "generate.grain_vae",
    "sweep": "zones.sweep",
    "train_classifier": "zones.classifier_training",
    "validate": "zones.validation",
    "find": "zones.inverse",
}

_ROOMS = ("compare", "latent", "prepare", "quantify", "regress", "segment", "zones")
"""Subpackages that are also operations: ``segment(image)``."""

__all__ = [*_PUBLIC, *_ROOMS, "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that importing the package costs nothing."""
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__])
