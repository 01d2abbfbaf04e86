"""The one table of operations: what this package does, and where.

Command line, docks and recipes are derived from this table and from the signature of
each function: its annotations, defaults and numpydoc text stand nowhere else.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass, replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from .errors import ParameterError
from .features import FeatureTable
from .generate import catalogue
from .io.atomic import write_text
from .progress import Progress, Steps, Stepwise
from .recipe import Recipe, Source
from .volume import Volume


@dataclass(frozen=True)
class Operation:
    """One thing a user can do."""

    id: str
    """Identifier; also the words of the command, such as ``train unet``."""
    function: str
    """Where it lives, as ``module:function``."""
    title: str
    """A line for menus and ``--help``."""
    group: str
    """The dock it belongs to."""
    heavy: bool = False
    """True if the window must run it in a child process."""

    def load(self) -> Callable[..., Any]:
        """Import the module and return the function."""
        module, _, name = self.function.partition(":")
        return getattr(import_module(f"napari_microgen.{module}"), name)  # type: ignore[no-any-return]


_TABLE = (
    Operation("info", "io.info:info", "Say what is in a file", "Load"),
    Operation("prepare", "prepare.pipeline:prepare", "Crop, register and clean an image or stack", "Prepare"),
    Operation("segment", "segment.phase_map:segment", "Turn grey values into a phase map", "Segment"),
    Operation("annotate", "segment.annotation:annotate", "Label solid, pore and shine-through", "Segment"),
    Operation("train unet", "segment.unet_training:train_unet", "Train a segmenter", "Segment", heavy=True),
    Operation("score", "segment.scores:score", "Compare a segmentation with the truth", "Segment"),
    Operation("quantify", "quantify.table:quantify", "Measure a phase", "Measure"),
    Operation("field", "quantify.fields:field", "Compute a field of a phase", "Measure"),
    Operation("surface", "quantify.surface:surface", "Mesh the surface of a phase", "Measure"),
    Operation("skeleton", "quantify.skeleton_lines:skeleton_lines", "Find the struts of a phase", "Measure"),
    Operation("grains", "grains:measure_grains", "Measure the grains of a structure", "Measure"),
    Operation("regress", "regress.operation:regress", "Relate a property to measured features", "Property"),
    Operation("predict", "regress.prediction:predict", "Predict a property of measured samples", "Property"),
    Operation("simulate porous", "simulate.porous:simulate_porous", "Simulate a sintered solid", "Simulate"),
    Operation("simulate fibsem", "simulate.fibsem:simulate_fibsem", "Simulate FIB-SEM images", "Simulate"),
    *(
        Operation(
            f"train {name}",
            catalogue.operation_function(name),
            f"Train a generator: {title}",
            "Generate",
            heavy=True,
        )
        for name, title in catalogue.titles().items()
    ),
    Operation(
        "train grain-vae",
        "generate.grain_vae:train_grain_vae",
        "Train the autoencoder of grains",
        "Generate",
        heavy=True,
    ),
    Operation(
        "generate",
        "generate.operation:generate",
        "Generate images for chosen conditions",
        "Generate",
        heavy=True,
    ),
    Operation(
        "latent",
        "latent.operation:latent",
        "Analyse the latent space of an autoencoder",
        "Generate",
        heavy=True,
    ),
    Operation(
        "simulate thin-film", "simulate.thin_film:simulate_thin_film", "Simulate sputtered films", "Simulate"
    ),
    Operation(
        "simulate precipitates",
        "simulate.precipitates:simulate_precipitates",
        "Simulate precipitates in an alloy",
        "Simulate",
    ),
    Operation("simulate grains", "simulate.grains:simulate_grains", "Simulate grain growth", "Simulate"),
    Operation(
        "grain-patches", "grain_data:grain_patches", "Make training data of grain structures", "Simulate"
    ),
    Operation(
        "train classifier",
        "zones.classifier_training:train_classifier",
        "Train a classifier of structures",
        "Zones",
        heavy=True,
    ),
    Operation(
        "validate",
        "zones.validation:validate",
        "Measure how far a generator is off at conditions it has not seen",
        "Zones",
        heavy=True,
    ),
    Operation("find", "zones.inverse:find", "Find the conditions of a microstructure", "Zones", heavy=True),
    Operation(
        "compare", "compare.operation:compare", "Compare real with synthetic images", "Compare", heavy=True
    ),
    Operation(
        "choose",
        "compare.choice:choose",
        "Choose the best moment of a training by its images",
        "Compare",
        heavy=True,
    ),
    Operation("zones", "zones.operation:zones", "Draw a structure zone diagram", "Zones", heavy=True),
    Operation("sweep", "zones.sweep:sweep", "Change one condition at a time", "Zones", heavy=True),
    Operation("demo", "demo:demo", "Run the main job on built-in samples", "Demo", heavy=True),
)

OPERATIONS: Mapping[str, Operation] = {operation.id: operation for operation in _TABLE}
"""Every operation by its identifier."""


def run(identifier: str, /, **arguments: Any) -> Steps[Any]:
    """Run an operation and give its result a `Recipe`.

    Parameters
    ----------
    identifier : str
        A key of `OPERATIONS`.
    **arguments
        The parameters of its function; missing ones take their defaults.

    Yields
    ------
    Progress
        Ticks; closing the generator stops the work.

    Returns
    -------
    Volume, FeatureTable, or dict
        What the function returns; the first two carry the recipe.
    """
    operation = OPERATIONS.get(identifier)
    if operation is None:
        raise ParameterError(f"{identifier!r} is not an operation; there are {', '.join(OPERATIONS)}.")
    function = operation.load()
    signature = inspect.signature(function.steps if isinstance(function, Stepwise) else function)
    try:
        bound = signature.bind(**arguments)
    except TypeError as error:
        raise ParameterError(f"{identifier}: {error}.") from None
    bound.apply_defaults()
    if isinstance(function, Stepwise):
        result = yield from function.steps(**bound.arguments)
    else:
        yield Progress(0, 1, operation.title)
        result = function(**bound.arguments)
    recipe = _recipe_of(identifier, bound.arguments, result)
    if isinstance(result, Volume | FeatureTable):
        return replace(result, recipe=recipe)
    if recipe.output_sha256 is not None:
        write_text(Path(bound.arguments["out"]) / "recipe.json", recipe.to_json())
    return result


def _recipe_of(identifier: str, arguments: Mapping[str, Any], result: Any) -> Recipe:
    inputs = tuple(
        Source(
            name, value.content_hash(), value.source, dict(value.metadata.get("reading", {})), value.recipe
        )
        for name, value in arguments.items()
        if isinstance(value, Volume)
    )
    parameters = {k: plain(v) for k, v in arguments.items() if not isinstance(v, Volume)}
    notes = tuple(result.notes) if isinstance(result, Volume) else ()
    output = result_hash(result) or folder_hash(result, arguments.get("out"))
    return Recipe(identifier, parameters, inputs, output, notes=notes)


def result_hash(result: Any) -> str | None:
    """Return the sha256 of what an operation returned: bytes of a volume, JSON of a table or dictionary."""
    if isinstance(result, Volume):
        return result.content_hash()
    if isinstance(result, FeatureTable):
        text = json.dumps([asdict(feature) for feature in result], sort_keys=True, default=plain)
        return sha256(text.encode()).hexdigest()
    return None


def folder_hash(result: Any, out: Path | None) -> str | None:
    """Return the sha256 over the files an operation wrote, if its result names them under ``files``."""
    files = result.get("files") if isinstance(result, dict) else None
    if not files or out is None or not Path(out).is_dir():
        return None
    digest = sha256()
    for name in sorted(files):
        inside = (Path(out) / name).is_file() and not Path(name).is_absolute()
        file = Path(name).as_posix() if inside else Path(name).name
        if not file.endswith("recipe.json"):
            path = Path(out) / file
            for part in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
                digest.update(f"{file}{part.relative_to(path).as_posix() if part != path else ''}".encode())
                digest.update(part.read_bytes())
    return digest.hexdigest()


def plain(value: Any) -> Any:
    """Return a parameter as plain JSON data."""
    if is_dataclass(value) and not isinstance(value, type):
        return {k: plain(v) for k, v in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        return value.item()
    return value
