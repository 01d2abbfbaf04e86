"""``microgen replay``: run a recorded recipe again and compare the bytes."""

import tempfile
import typing
from pathlib import Path
from typing import Any

from ..errors import InputNotFoundError, RecipeError
from ..operations import OPERATIONS, folder_hash, result_hash, run
from ..parameters import MISSING, Parameter, describe
from ..recipe import Recipe, Source, recipe_from_json
from ..volume import Volume
from .execution import LABEL_PARAMETERS, drive
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
    result, found = Replay(said, watch, options.RECIPE.resolve().parent).run(recipe)
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


class Replay:
    """Runs recipes again; relative paths are looked for here and beside the recipe."""

    def __init__(self, said: Messages, watch: StdinWatch | None, folder: Path) -> None:
        self.said = said
        self.watch = watch
        self.folder = folder

    def run(self, recipe: Recipe) -> tuple[Any, str | None]:
        """Run one recipe; return its result and the hash of it."""
        operation = OPERATIONS.get(recipe.operation)
        if operation is None:
            raise RecipeError(
                f"The recipe names {recipe.operation!r}, an operation this version does not have."
            )
        with tempfile.TemporaryDirectory(prefix="microgen-replay-") as scratch:
            arguments: dict[str, Any] = {}
            for parameter in describe(operation.load()).parameters:
                value = self._value(parameter, recipe)
                if parameter.name == "out" and isinstance(value, Path):
                    value = Path(scratch) / value.name
                if value is not MISSING:
                    arguments[parameter.name] = value
            result = drive(run(recipe.operation, **arguments), self.said, self.watch)
            return result, result_hash(result) or folder_hash(result, arguments.get("out"))

    def _value(self, parameter: Parameter, recipe: Recipe) -> Any:
        for source in recipe.inputs:
            if parameter.is_volume and source.parameter == parameter.name:
                return self._input(source)
        value = recipe.parameters.get(parameter.name, parameter.default)
        if not isinstance(value, list):
            return self._located(value) if parameter.type is Path and value is not None else value
        inner = parameter.item_types[0] if parameter.item_types else None
        items = [self._located(item) if inner is Path else item for item in value]
        return items if typing.get_origin(parameter.type) is list else tuple(items)

    def _located(self, path: str) -> Path:
        """Return where a path of the recipe is now: as given, or beside the recipe."""
        beside = self.folder / path
        return beside if not Path(path).exists() and beside.exists() else Path(path)

    def _input(self, source: Source) -> Volume:
        from ..io.reading import read

        parts = [self._located(part) for part in source.path.split("+")] if source.path is not None else []
        if parts and all(part.exists() for part in parts):
            reading: dict[str, Any] = {
                name: tuple(v) if isinstance(v, list) else v for name, v in source.reading.items()
            }
            reading["kind"] = "labels" if source.parameter in LABEL_PARAMETERS else "image"
            volume = read("+".join(map(str, parts)), **reading)
            if volume.content_hash() != source.sha256:
                raise RecipeError(
                    f"{source.path} has changed since the recipe was recorded; replay needs the same."
                )
            return volume
        if source.recipe is None:
            where = source.path or "a layer that was not saved"
            raise RecipeError(f"The input {source.parameter!r} came from {where}, which is not there now.")
        result, found = self.run(source.recipe)
        if not isinstance(result, Volume) or found != source.sha256:
            raise RecipeError(
                f"The input {source.parameter!r} cannot be made again: {source.recipe.operation!r} differs."
            )
        return result
