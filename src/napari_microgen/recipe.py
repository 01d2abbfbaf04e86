"""What was done, with which numbers, to which bytes; enough to do it again."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

from .errors import RecipeError

FORMAT = 1
_PACKAGES = ("napari-microgen", "numpy", "scipy", "scikit-image", "torch", "numba")


@cache
def installed_versions() -> Mapping[str, str]:
    """Return the versions of Python and of the packages that decide results."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


@dataclass(frozen=True)
class Source:
    """One input of an operation."""

    parameter: str
    """The parameter it was given to."""
    sha256: str
    """Hash of its content (see ``Volume.content_hash``)."""
    path: str | None = None
    """Where it was read from, if from a file."""
    reading: dict[str, Any] = field(default_factory=dict)
    """What was said about it when it was read (axes, voxel size, channel)."""
    recipe: "Recipe | None" = None
    """How it was itself made, if known."""


@dataclass(frozen=True)
class Recipe:
    """One operation as it was run."""

    operation: str
    """Identifier in the table of operations."""
    parameters: dict[str, Any]
    """Every parameter and its value, defaults included (plain JSON values)."""
    inputs: tuple[Source, ...] = ()
    """What it was run on."""
    output_sha256: str | None = None
    """Hash of the result's content."""
    output_path: str | None = None
    """Where the result was written, if to a file."""
    notes: tuple[str, ...] = ()
    """Deviations from the plain run, such as a hand edit or a halved tile."""
    versions: dict[str, str] = field(default_factory=lambda: dict(installed_versions()))
    """Versions of what computed it."""

    def to_json(self) -> str:
        """Return the recipe as readable JSON."""
        return json.dumps({"microgen_recipe": FORMAT} | asdict(self), indent=2, sort_keys=True) + "\n"


def recipe_from_json(text: str) -> Recipe:
    """Read a recipe written by `Recipe.to_json`.

    Raises
    ------
    RecipeError
        If the text is not such a recipe.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise RecipeError(f"This is not a recipe: it is not JSON ({error}).") from None
    if not isinstance(content, dict) or content.get("microgen_recipe") != FORMAT:
        raise RecipeError(
            f"This is not a recipe of this version: expected the entry microgen_recipe = {FORMAT}."
        )
    content.pop("microgen_recipe")
    return _recipe(content)


def _recipe(content: Any) -> Recipe:
    try:
        inputs = tuple(
            Source(**{**entry, "recipe": _recipe(entry["recipe"]) if entry.get("recipe") else None})
            for entry in content.pop("inputs", ())
        )
        notes = tuple(content.pop("notes", ()))
        return Recipe(**content, inputs=inputs, notes=notes)
    except (TypeError, KeyError, AttributeError) as error:
        raise RecipeError(f"The recipe is damaged: {error}.") from None
