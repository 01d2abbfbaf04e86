"""An operation in a child process, on layers: write what it needs, run it, read what it gives."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import RecipeError
from ..features import FeatureTable, table_of_dict
from ..io.limits import allocate
from ..io.reading import read
from ..io.writing import recipe_path, write
from ..progress import Progress, Steps
from ..recipe import Recipe, recipe_from_json
from ..volume import Volume
from .child import BRIEF, LOWEST, run_child
from .settings import cache_folder, job_environment

IMAGE, LABELS = "image", "labels"


def run_on_layers(
    identifier: str,
    inputs: Mapping[str, Volume],
    words: Sequence[str],
    *,
    kind: str = LABELS,
    niceness: int = LOWEST,
) -> Steps[Volume]:
    """Run an operation that returns a volume in a child process.

    Parameters
    ----------
    identifier : str
        The operation, such as ``segment``.
    inputs : mapping of str to Volume
        Its positional inputs, in order.
    words : sequence of str
        Its options as the command line takes them.
    kind : {"labels", "image"}
        What comes back.
    niceness : int
        See `run_child`.

    Returns
    -------
    Volume
        In memory (or on an unnamed disk file if too large), with the recipe of the child
        completed by what is known of the inputs.
    """
    with _job_folder() as folder:
        paths = yield from _written(inputs, folder)
        out = folder / f"{next(iter(inputs))}-{identifier.replace(' ', '-')}.tif"
        facts = yield from run_child(
            [*identifier.split(), *map(str, paths), str(out), *words],
            environment=job_environment(),
            niceness=niceness,
        )
        result = yield from _read_whole(out, kind)
        first = next(iter(inputs.values()))
        return replace(
            result,
            voxel_size=result.voxel_size or (first.voxel_size if result.axes == first.axes else None),
            unit=result.unit or first.unit,
            source=None,
            name=first.name,
            facts={k: v for k, v in facts.items() if k not in ("out", "notes", "warnings")},
            notes=tuple(facts.get("notes") or ()),
            recipe=_recipe(out, inputs),
        )


def volume_of_command(
    identifier: str, inputs: Sequence[str], words: Sequence[str], *, niceness: int = BRIEF
) -> Steps[Volume]:
    """Run an operation that makes a volume from no layer in a child process.

    Parameters
    ----------
    identifier : str
        The operation, such as ``generate``.
    inputs : sequence of str
        What stands before the output on the command line, such as a model.
    words : sequence of str
        Its options as the command line takes them.
    niceness : int
        See `run_child`.

    Returns
    -------
    Volume
        In memory (or on an unnamed disk file if too large), with the recipe of the child.
    """
    with _job_folder() as folder:
        out = folder / "made.tif"
        arguments = [*identifier.split(), *inputs, "--out", str(out), *words]
        facts = yield from run_child(arguments, environment=job_environment(), niceness=niceness)
        result = yield from _read_whole(out, IMAGE)
        known = {k: v for k, v in facts.items() if k not in ("out", "notes", "warnings")}
        notes = tuple(facts.get("notes") or ())
        return replace(result, source=None, facts=known, notes=notes, recipe=_recipe(out, {}))


def table_on_layers(
    identifier: str, inputs: Mapping[str, Volume], words: Sequence[str]
) -> Steps[FeatureTable]:
    """Run an operation that returns a table in a child process.

    Parameters
    ----------
    identifier : str
        The operation, such as ``quantify``.
    inputs : mapping of str to Volume
        Its positional inputs, in order.
    words : sequence of str
        Its options as the command line takes them.

    Returns
    -------
    FeatureTable
        With the recipe of the child, completed by what is known of the inputs.
    """
    with _job_folder() as folder:
        paths = yield from _written(inputs, folder)
        out = folder / "table.csv"
        arguments = [*identifier.split(), *map(str, paths), "--out", str(out), *words]
        content = yield from run_child(arguments, environment=job_environment(), niceness=BRIEF)
        beside = ("features", "out", "seconds", "notes", "warnings")
        facts = {key: value for key, value in content.items() if key not in beside}
        return replace(table_of_dict(content["features"], facts), recipe=_recipe(out, inputs))


def files_on_layers(
    identifier: str,
    inputs: Mapping[str, Volume],
    words: Sequence[str],
    load: Callable[[Path], Any],
) -> Steps[tuple[Any, dict[str, Any], Recipe | None]]:
    """Run an operation that writes files into a folder in a child process, and load what it wrote.

    Parameters
    ----------
    identifier : str
        The operation, such as ``surface``.
    inputs : mapping of str to Volume
        Its positional inputs, in order.
    words : sequence of str
        Its options as the command line takes them, but for ``--out``.
    load : callable
        Reads what is needed from the folder; the folder is gone afterwards.

    Returns
    -------
    content
        What ``load`` returned.
    facts : dict
        What the operation reported.
    recipe : Recipe or None
        Of the child, completed by what is known of the inputs.
    """
    with _job_folder() as folder:
        paths = yield from _written(inputs, folder)
        out = folder / identifier.replace(" ", "-")
        arguments = [*identifier.split(), *map(str, paths), "--out", str(out), *words]
        facts = yield from run_child(arguments, environment=job_environment(), niceness=BRIEF)
        yield Progress(0, None, "reading the result")
        return load(out), facts, _completed(out / "recipe.json", inputs)


def train_on_layers(
    detectors: Sequence[Volume], labels: Sequence[Volume], out: Path, words: Sequence[str]
) -> Steps[dict[str, Any]]:
    """Train a U-Net in a child process on one scene.

    Parameters
    ----------
    detectors : sequence of Volume
        The scene as one or more detectors saw it.
    labels : sequence of Volume
        One or more label maps of it; each is drawn from as often as the others.
    out : Path
        The model folder.
    words : sequence of str
        Options as the command line takes them.

    Returns
    -------
    dict
        What ``microgen train unet`` reports.
    """
    with _job_folder() as folder:
        seen = {f"{IMAGE}{index}": volume for index, volume in enumerate(detectors)}
        painted = {f"{LABELS}{index}": volume for index, volume in enumerate(labels)}
        paths = yield from _written({**seen, **painted}, folder)
        scene = "+".join(str(path) for path in paths[: len(detectors)])
        maps = [str(path) for path in paths[len(detectors) :]]
        arguments = ["train", "unet", "--images", *[scene] * len(maps), "--labels", *maps, "--out", str(out)]
        return (yield from run_child([*arguments, *words], environment=job_environment()))


@contextlib.contextmanager
def _job_folder() -> Any:
    folder = Path(tempfile.mkdtemp(prefix="job-", dir=cache_folder()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _written(volumes: Mapping[str, Volume], folder: Path) -> Steps[list[Path]]:
    paths = []
    for index, (name, volume) in enumerate(volumes.items()):
        yield Progress(0, None, f"handing over {volume.name or name}")
        if volume.dtype.kind == "b":
            volume = volume.with_data(np.asarray(volume.data).astype(np.uint8))
        paths.append(write(volume, folder / f"{index}-{name}.tif", recipe=False))
    return paths


def _read_whole(path: Path, kind: str) -> Steps[Volume]:
    """Read a result for good: its file is gone afterwards."""
    volume = read(path, kind="labels" if kind == LABELS else "image")
    whole = allocate(volume.shape, volume.dtype)
    for index in range(volume.n_planes):
        yield Progress(index, volume.n_planes, "reading the result")
        whole[index if volume.is_stack else ...] = volume.plane(index)
    return replace(volume, data=whole)


def _recipe(out: Path, inputs: Mapping[str, Volume]) -> Recipe | None:
    return _completed(recipe_path(out), inputs)


def _completed(path: Path, inputs: Mapping[str, Volume]) -> Recipe | None:
    try:
        recipe = recipe_from_json(path.read_text(encoding="utf-8"))
    except (OSError, RecipeError):
        return None
    known = tuple(
        replace(source, path=inputs[source.parameter].source, recipe=inputs[source.parameter].recipe)
        if source.parameter in inputs
        else source
        for source in recipe.inputs
    )
    return replace(recipe, inputs=known, output_path=None)
