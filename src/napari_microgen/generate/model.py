"""A trained generator as a folder: weights, settings, conditions, support; checked before it is believed."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..conditions import Support
from ..errors import InputNotFoundError, ModelFileError
from ..io.weights import load_model, read_card, save_model
from ..recipe import installed_versions
from . import catalogue
from .conditioning import Encoder
from .contract import Generator, Setup
from .grey import GreyScale

BUILTIN = "builtin:"
SHIPPED = Path(__file__).parent / "models"
"""Models that come with the package."""
LARGEST_SIDE = 4096


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


def model_folder(name: Path | str) -> Path:
    """Return the folder of a model: a path, or ``builtin:NAME`` for one that is shipped.

    Raises
    ------
    InputNotFoundError
        If there is no such model.
    """
    text = str(name)
    if text.startswith(BUILTIN):
        short = text.removeprefix(BUILTIN)
        known = builtin_models()
        if short not in known:
            there = f"there are {', '.join(known)}" if known else "this installation has none"
            raise InputNotFoundError(f"There is no model {text!r}; {there}. Train one, or give its folder.")
        return SHIPPED / short
    if not Path(name).exists():
        raise InputNotFoundError(f"{name} does not exist; give a model folder written by microgen train.")
    return Path(name)


def builtin_models() -> tuple[str, ...]:
    """Return the names of the models that come with the package."""
    return tuple(sorted(p.name for p in SHIPPED.glob("*") if (p / "card.json").is_file()))


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
    tensors, card = load_model(path)
    details = _details(card, path)
    kind = catalogue.load(card["method"])
    config = kind.config_from(details["settings"])
    setup = Setup(
        _whole(details["size"], "size", LARGEST_SIDE),
        Encoder.from_dict(details["encoder"]),
        _mapping(details["facts"]),
    )
    image = _mapping(details["image"])
    side = _whole(image.get("size"), "image size", setup.size)
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
        raise ModelFileError(f"The card of {path} does not describe a {card['method']}: {error!r}.") from None
    support = None if details["support"] is None else Support.from_dict(details["support"])
    pixel, unit = _pixel(image)
    return GeneratorModel(
        generator,
        side,
        GreyScale.from_dict(image.get("grey")),
        pixel,
        unit,
        _conditions(details["conditions"], setup.encoder),
        support,
        card,
        _hash(path),
    )


def describe_model(folder: Path | str) -> dict[str, Any]:
    """Return the checked card of a generator without building it, for a list or a form."""
    path = model_folder(folder)
    card = read_card(path)
    return {"method": card["method"], **_details(card, path)}


def _details(card: dict[str, Any], path: Path) -> dict[str, Any]:
    details = card["details"]
    wanted = ("settings", "size", "encoder", "facts", "image", "conditions", "support", "training")
    missing = [name for name in wanted if name not in details]
    if details.get("kind") != "generator" or missing:
        raise ModelFileError(
            f"{path} holds no generator (method {card['method']!r}). Give a model of microgen train."
        )
    return details  # type: ignore[no-any-return]


def _whole(value: Any, name: str, largest: int) -> int:
    if type(value) is not int or not 1 <= value <= largest:
        raise ModelFileError(f"The card has {name} = {str(value)[:60]!r}; expected 1 to {largest}.")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ModelFileError(f"The card has {str(value)[:60]!r} where a table of values belongs.")
    return value


def _pixel(image: Mapping[str, Any]) -> tuple[float | None, str | None]:
    from ..errors import InvalidVoxelSizeError, UnitError
    from ..units import canonical_unit, checked_voxel_size

    pixel, unit = image.get("pixel_size"), image.get("unit")
    if pixel is None:
        return None, None
    if isinstance(pixel, bool) or not isinstance(pixel, int | float) or not isinstance(unit, str):
        raise ModelFileError(f"The card has a pixel size of {str(pixel)[:60]!r} {str(unit)[:20]!r}.")
    try:
        checked_voxel_size((float(pixel),), canonical_unit(unit))
    except (InvalidVoxelSizeError, UnitError) as error:
        raise ModelFileError(f"The card has no usable pixel size: {error}") from None
    return float(pixel), canonical_unit(unit)


def _conditions(entries: Any, encoder: Encoder) -> list[dict[str, Any]]:
    names = [c.name for c in encoder.conditions] or list(encoder.scaler.names)
    if (
        not isinstance(entries, list)
        or [e.get("name") if isinstance(e, dict) else None for e in entries] != names
    ):
        raise ModelFileError("The conditions in the card are not those the networks take.")
    for entry in entries:
        if not _sound(entry):
            raise ModelFileError(f"The condition {str(entry)[:80]} in the card makes no sense.")
    return entries


def _sound(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry of the conditions has what is needed to check and show values."""
    if entry.get("unit") is not None and not isinstance(entry["unit"], str):
        return False
    if entry.get("kind") == "categorical":
        values = entry.get("values")
        return isinstance(values, list) and bool(values) and all(isinstance(v, str) for v in values)
    ends = [entry.get("low"), entry.get("high")]
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in ends)
    known = entry.get("transform") in ("identity", "log", "log1p")
    return entry.get("kind") == "continuous" and numbers and known


def _hash(folder: Path) -> str:
    digest = sha256()
    for name in ("model.safetensors", "card.json"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()
