"""``microgen replay``: run a recorded recipe again and compare the bytes."""

import tempfile
from pathlib import Path
from typing import Any

from ..errors import InputNotFoundError, RecipeError
from ..operations import OPERATIONS, folder_hash, result_hash, run
from ..parameters import MISSING, Parameter, describe
from ..recipe import Recipe, Source, recipe_from_json
from ..volume import Volume
from .execution import drive
from .messages import Messages, StdinWatch
from .parser import Parser, add_common

_LARGEST_RECIPE = 4 * 1024**2


def replay_command(words: list[str], said: Messages) -> tuple[dict[str, Any], bool]:
    """Run ``microgen replay RECIPE``; return the JSON object and whether it was asked for."""
    parser = Parser(prog="microgen replay", allow_abbrev=False)
    parser.description = "Run a recorded recipe again and say whether the result has the same bytes."
    parser.add_argument("RECIPE", type=Path, help="a .recipe.json that was written beside a result")
    parser.add_argument(
        "--out", type=Path, help="where to write the new result; without it, it is only compared"
    )
    add_common(parser)
    options = parser.parse_args(words)
    recipe = load_recipe(options.RECIPE)
    watch = StdinWatch() if options.watch_stdin else None
    result, found = again(recipe, said, watch)
    if options.out is not None and isinstance(result, Volume):
        from ..io.writing import write

        write(result, options.out)
    content = {
        "operation": recipe.operation,
        "identical": found is not None and found == recipe.output_sha256,
        "sha256": found,
        "expected_sha256": recipe.output_sha256,
        "versions_then": recipe.versions,
    }
    return content, options.json


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    RecipeError
        If it is not a recipe.
    """
    if not path.is_file():
        raise InputNotFoundError(f"{path} is not a file; give a .recipe.json written beside a result.")
    if path.stat().st_size > _LARGEST_RECIPE:
        raise RecipeError(f"{path} has {path.stat().st_size} bytes; a recipe has at most {_LARGEST_RECIPE}.")
    try:
        return recipe_from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise RecipeError(f"{path} is not a recipe: it is not text.") from None


def again(recipe: Recipe, said: Messages, watch: StdinWatch | None) -> tuple[Any, str | None]:
    """Run the recipe and return its result and the hash of it."""
    operation = OPERATIONS.get(recipe.operation)
    if operation is None:
        raise RecipeError(
            f"The recipe names the operation {recipe.operation!r}, which this version does not have."
        )
    sources = {source.parameter: source for source in recipe.inputs}
    with tempfile.TemporaryDirectory(prefix="microgen-replay-") as scratch:
        arguments: dict[str, Any] = {}
        for parameter in describe(operation.load()).parameters:
            value = _value(parameter, recipe, sources, said, watch)
            if parameter.name == "out" and value is not None:
                value = Path(scratch) / Path(recipe.parameters["out"]).name
            if value is not MISSING:
                arguments[parameter.name] = value
        result = drive(run(recipe.operation, **arguments), said, watch)
        found = result_hash(result) or folder_hash(result, arguments.get("out"))
    return result, found


def _value(
    parameter: Parameter, recipe: Recipe, sources: dict[str, Source], said: Messages, watch: StdinWatch | None
) -> Any:
    if parameter.is_volume and parameter.name in sources:
        return _input(sources[parameter.name], parameter, said, watch)
    if parameter.name not in recipe.parameters:
        return parameter.default
    return _typed(parameter, recipe.parameters[parameter.name])


def _typed(parameter: Parameter, value: Any) -> Any:
    """Return a JSON value as the type the parameter has."""
    if value is None:
        return None
    if isinstance(value, list):
        inner = parameter.item_types[0] if parameter.item_types else None
        items = [Path(item) if inner is Path else item for item in value]
        return items if getattr(parameter.type, "__origin__", None) is list else tuple(items)
    return Path(value) if parameter.type is Path else value


def _input(source: Source, parameter: Parameter, said: Messages, watch: StdinWatch | None) -> Volume:
    from ..io.reading import read

    if source.path is not None and all(Path(part).exists() for part in source.path.split("+")):
        kind = "labels" if parameter.name in ("labels", "prediction", "truth") else "image"
        reading = dict(source.reading)
        if reading.get("voxel_size") is not None:
            reading["voxel_size"] = tuple(reading["voxel_size"])
        volume = read(source.path, **({"kind": kind} | reading))
        if volume.content_hash() != source.sha256:
            raise RecipeError(
                f"{source.path} has changed since the recipe was recorded; the input must be the same."
            )
        return volume
    if source.recipe is None:
        where = source.path or "a layer that was not saved"
        raise RecipeError(f"The input {parameter.name!r} came from {where}, which is not there now.")
    result, found = again(source.recipe, said, watch)
    if not isinstance(result, Volume) or found != source.sha256:
        raise RecipeError(
            f"The input {parameter.name!r} was made by {source.recipe.operation!r}; it now gives other bytes."
        )
    return result
