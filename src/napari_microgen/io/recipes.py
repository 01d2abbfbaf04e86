"""The recipe that lies beside each written file."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import RecipeError
from ..recipe import Recipe, recipe_from_json
from ..volume import Volume
from .atomic import write_text

LARGEST_RECIPE = 64 * 1024**2


def recipe_path(path: Path | str) -> Path:
    """Return where the recipe of a written file lies: ``NAME.recipe.json`` beside it.

    Examples
    --------
    >>> recipe_path("out/phase.tif").as_posix()
    'out/phase.tif.recipe.json'
    """
    path = Path(path)
    return path.with_name(path.name + ".recipe.json")


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write how ``path`` was made beside it.

    Raises
    ------
    SaveError
        If it cannot be written.
    """
    write_text(recipe_path(path), replace(recipe, output_path=str(path)).to_json())


def with_recipe(volume: Volume) -> Volume:
    """Return the volume with the recipe that lies beside its file, if it is still true of the content.

    A recipe is left out, with a note, if the file was changed after it was written: by
    hash for what is in memory, by the time of change for what is not.
    """
    path = Path(volume.source or "")
    side = recipe_path(path)
    try:
        if not volume.source or not side.is_file() or side.stat().st_size > LARGEST_RECIPE:
            return volume
        recipe = recipe_from_json(side.read_text("utf-8"))
        later = path.stat().st_mtime_ns > side.stat().st_mtime_ns
    except (OSError, UnicodeDecodeError, RecipeError):
        return volume
    if "reading" in volume.metadata:
        return volume  # what was said on reading changes axes or size, so the hash is another
    changed = volume.content_hash() != recipe.output_sha256 if isinstance(volume.data, np.ndarray) else later
    if changed:
        note = f"{path.name} is not what its recipe made; the recipe beside it is left out"
        return replace(volume, notes=(*volume.notes, note))
    return replace(volume, recipe=recipe)
