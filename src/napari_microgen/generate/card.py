"""The card of a generator, checked, without the networks: enough for a list, a form or a map of support."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..conditions import Support
from ..errors import InputNotFoundError, ModelFileError
from ..io.weights import read_card
from .conditioning import Encoder
from .grey import GreyScale

BUILTIN = "builtin:"
SHIPPED = Path(__file__).parent / "models"
"""Models that come with the package."""
LARGEST_SIDE = 4096


@dataclass(frozen=True, eq=False)
class GeneratorCard:
    """What a model folder says of itself, checked."""

    path: Path
    """The folder."""
    method: str
    """Name of the generator."""
    size: int
    """Side of the images in px."""
    inner_size: int
    """Side of the images the networks make, in px; they are cut to `size`."""
    grey: GreyScale
    """What -1 and 1 stand for."""
    pixel_size: float | None
    """Edge of a pixel in `unit`; None if unknown."""
    unit: str | None
    conditions: list[dict[str, Any]]
    """Name, unit, kind and seen values of each condition."""
    encoder: Encoder
    """How conditions become vectors."""
    support: Support | None
    """Where the training conditions lie; None if none was complete."""
    card: dict[str, Any]
    """The whole card, for those who want to show it."""

    @property
    def details(self) -> dict[str, Any]:
        """The part of the card that the generator wrote."""
        return self.card["details"]  # type: ignore[no-any-return]

    def may_lack(self) -> frozenset[str]:
        """Return the conditions that may be unknown, because some were in the training."""
        return frozenset(part.condition.name for part in self.encoder.scaler.parts if part.indicator)

    def known_row(self, image: str = "") -> dict[str, float | str | None]:
        """Return conditions of the training: those of an image, or the most central ones.

        Numbers are given with ten digits, as they are written on a command line. A model without
        support gives the middle of each range.
        """
        if self.support is None:
            return {entry["name"]: _middle(entry) for entry in self.conditions}
        points, images = self.support.points, self.support.images
        central = np.linalg.norm(points - np.median(points, axis=0), axis=1)
        place = images.index(image) if image in images else int(np.argmin(central))
        numbers, labels = iter(points[place]), iter(self.support.labels[place])
        row: dict[str, float | str | None] = {}
        for part in self.support.scaler.parts:
            if part.categories:
                row[part.condition.name] = next(labels)
            else:
                value = part.condition.inverse(next(numbers) * part.span + part.centre)
                row[part.condition.name] = float(f"{float(value):.10g}")
        return row


def _middle(entry: Mapping[str, Any]) -> float | str:
    if entry["kind"] == "categorical":
        return str(entry["values"][0])
    return (float(entry["low"]) + float(entry["high"])) / 2


def read_generator_card(folder: Path | str) -> GeneratorCard:
    """Read what a model is from its card, without its networks.

    Raises
    ------
    ModelFileError
        If the card is damaged, or not that of a generator.
    InputNotFoundError
        If there is no such model.
    """
    path = model_folder(folder)
    return checked_card(read_card(path), path)


def checked_card(card: dict[str, Any], path: Path) -> GeneratorCard:
    """Check a card that was read.

    Raises
    ------
    ModelFileError
        If it contradicts itself, or is not that of a generator.
    """
    details = _details(card, path)
    encoder = Encoder.from_dict(details["encoder"])
    inner = _whole(details["size"], "size", LARGEST_SIDE)
    image = _mapping(details["image"])
    pixel, unit = _pixel(image)
    return GeneratorCard(
        path,
        card["method"],
        _whole(image.get("size"), "image size", inner),
        inner,
        GreyScale.from_dict(image.get("grey")),
        pixel,
        unit,
        _conditions(details["conditions"], encoder),
        encoder,
        None if details["support"] is None else Support.from_dict(details["support"]),
        card,
    )


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
