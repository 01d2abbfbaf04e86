"""A trained generator as a folder: weights, settings, conditions, support; checked before it is believed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..conditions import Support
from ..errors import ModelFileError
from ..io.weights import load_model, save_model
from ..recipe import installed_versions
from . import catalogue
from .card import BUILTIN, SHIPPED, builtin_models, checked_card, describe_model, model_folder
from .contract import Generator, Setup
from .grey import GreyScale

__all__ = [
    "BUILTIN",
    "SHIPPED",
    "GeneratorModel",
    "builtin_models",
    "describe_model",
    "model_folder",
    "read_generator",
    "write_model",
]


@dataclass(frozen=True, eq=False)
class GeneratorModel:
    """A generator with all that must be known to use it."""

    generator: Generator[Any]
    size: int
    """Side of the images in px."""
    grey: GreyScale
    """What -1 and 1 stand for."""
    pixel_size: float | None
    """Edge of a pixel in `unit`; None if unknown."""
    unit: str | None
    conditions: list[dict[str, Any]]
    """Name, unit, kind and seen values of each condition."""
    support: Support | None
    """Where the training conditions lie; None if none was complete."""
    card: dict[str, Any]
    """The whole card, for those who want to show it."""
    sha256: str
    """Hash of weights and card."""

    @property
    def method(self) -> str:
        """Name of the generator."""
        return self.generator.name


def write_model(
    folder: Path,
    generator: Generator[Any],
    weights: Mapping[str, Mapping[str, np.ndarray]],
    card: Mapping[str, Any],
) -> None:
    """Write a model folder.

    Parameters
    ----------
    folder : Path
        Where.
    generator : Generator
        What was trained.
    weights : mapping
        The weights to keep, by network.
    card : mapping
        ``image``, ``conditions``, ``support``, ``training``, ``licence``, ``scores``, ``notes``.
    """
    details = {
        "kind": "generator",
        "settings": asdict(generator.config),
        "size": generator.setup.size,
        "encoder": generator.setup.encoder.to_dict(),
        "facts": dict(generator.setup.facts),
        "versions": dict(installed_versions()),
        **card,
    }
    save_model(folder, generator.tensors(weights), {"method": generator.name, "details": details})


def read_generator(folder: Path | str) -> GeneratorModel:
    """Read a generator from its folder.

    Raises
    ------
    ModelFileError
        If it is damaged, hostile, or not a generator.
    InputNotFoundError
        If it is not there.
    """
    path = model_folder(folder)
    tensors, content = load_model(path)
    card = checked_card(content, path)
    kind = catalogue.load(card.method)
    config = kind.config_from(card.details["settings"])
    facts = card.details["facts"]
    if not isinstance(facts, dict):
        raise ModelFileError(f"The card has {str(facts)[:60]!r} where a table of values belongs.")
    setup = Setup(card.inner_size, card.encoder, facts)
    try:
        generator = kind.rebuilt(config, setup, tensors)
    except (
        KeyError,
        TypeError,
        IndexError,
        ZeroDivisionError,
        OverflowError,
        RuntimeError,
        ValueError,
    ) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"The card of {path} does not describe a {card.method}: {error!r}.") from None
    return GeneratorModel(
        generator,
        card.size,
        card.grey,
        card.pixel_size,
        card.unit,
        card.conditions,
        card.support,
        content,
        _hash(path),
    )


def _hash(folder: Path) -> str:
    digest = sha256()
    for name in ("model.safetensors", "card.json"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()
