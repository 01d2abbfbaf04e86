"""Analyse the latent space of an autoencoder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ParameterError
from ..generate.latent_space import (
    Components,
    NormalFit,
    activation_maps,
    correlation_left_out,
    cumulated_maps,
    decoded,
    distributions,
    eigenmode_maps,
    level_maps,
    normal_fit,
    principal_components,
    probed_scores,
)
from ..io.atomic import require_writable, sweep_partials, write_text
from ..io.condition_images import read_condition_images
from ..io.table_csv import write_table
from ..io.writing import write
from ..progress import Progress, Steps, scaled, stepwise, waited
from ..volume import Volume
from . import plots

if TYPE_CHECKING:
    from ..generate.model import GeneratorModel
    from ..generate.training_set import TrainingSet

PROBED = (-2.0, -1.0, 0.0, 1.0, 2.0), (1.0, 2.0, 3.0)
"""Means and deviations of the random vectors of Fig. 7."""
LEVELS = (1.0, 2.0, 3.0, -1.0, -2.0, -3.0)
"""What all latent numbers are set to at once (Fig. 6g to i)."""
AT_ONCE = 16
"""Patches encoded at a time."""


@dataclass(frozen=True, eq=False)
class Stage:
    """The latent vectors of the patches of one condition."""

    name: str
    condition: Mapping[str, Any]
    means: np.ndarray
    """What the encoder says of each patch, shape (N, latent)."""
    variances: np.ndarray
    """How sure it is, shape (N, latent)."""
    fit: NormalFit


@stepwise
def latent(
    *,
    model: Path,
    images: Path,
    conditions: Path,
    out: Path,
    where: tuple[str, ...] = ("split=test",),
    patches: int = 500,
    components: int = 10,
    activations: int = 16,
    samples: int = 8,
    seed: int = 0,
) -> Steps[dict[str, Any]]:
    """Analyse the latent space of an autoencoder.

    Encodes patches of each condition, finds the principal components and the normal law of each
    latent number, shows what the single numbers and the components do to an image, and draws
    images from both laws of the latent vectors: independent numbers and full covariance.

    Parameters
    ----------
    model : Path
        Folder of an autoencoder (``train grain-vae`` or ``train vae``).
    images : Path
        Folder with images or stores, best such that the model was not trained on.
    conditions : Path
        CSV with one row per image: its name and the conditions of the model.
    out : Path
        Folder for the results; made when it is not there.
    where : tuple of str
        Rows to use: NAME=VALUE, NAME=LOW:HIGH or NAME!=VALUE.
    patches : int
        Patches of each condition. A full covariance needs more than there are latent numbers.
    components : int
        Principal components to keep. Published: 10.
    activations : int
        Latent numbers whose effect is shown one by one.
    samples : int
        Images to draw for each condition from each law.
    seed : int
        Start of all random numbers.

    Returns
    -------
    dict
        ``out``; ``files``: stacks of images (``baseline``, ``activations``, ``cumulated``,
        ``levels``, ``eigenmodes``, and for each condition ``independent`` and ``full`` samples),
        ``scores.csv``, plots (SVG) and ``latent.json``, which holds ``explained`` (share of the
        variance by component), ``correlation`` (root mean square of that between two latent numbers,
        which independent samples leave out), ``stages`` (``mean``, ``deviation`` and ``distance``
        to the normal law by latent number) and ``probes`` (Fig. 7); ``explained``, ``correlation``
        and ``stages`` without the arrays are returned too.

    Raises
    ------
    ModelFileError
        If the model is damaged or hostile.
    ParameterError
        If it is no autoencoder, or a number makes no sense.
    ConditionsError
        If table and images do not fit.
    """
    from ..generate.model import read_generator

    if patches < 8 or not 1 <= components <= 256 or activations < 1 or samples < 1:
        raise ParameterError("patches must be at least 8, and the other numbers at least 1.")
    source = read_generator(model)
    if source.method != "vae":
        raise ParameterError(
            f"{model} is a model of {source.method}; only autoencoders (vae) have latent vectors."
        )
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    sweep_partials(out)
    stages: list[Stage] = yield from scaled(
        encoded_stages(source, images, conditions, where, patches, seed), 0, 70, 100
    )
    everything = np.concatenate([stage.means for stage in stages])
    found = principal_components(everything, components)
    work = partial(_written_maps, source, stages, found, activations, samples, seed, out)
    files: list[str] = yield from waited(work, 70, 100, "decoding")
    yield Progress(90, 100, "writing plots")
    rows = probed_scores(found, *PROBED, 100, seed)
    files += _written_plots(stages, found, everything, rows, out)
    files.append(_written_scores(stages, found, out))
    summaries = [_summary(stage) for stage in stages]
    result: dict[str, Any] = {
        "explained": [round(float(share), 6) for share in found.explained],
        "correlation": round(float(np.mean([correlation_left_out(s.means) for s in stages])), 6),
        "stages": summaries,
        "probes": rows,
    }
    arrays = [
        {name: getattr(s.fit, name).round(6).tolist() for name in ("mean", "deviation", "distance")}
        for s in stages
    ]
    whole = result | {"stages": [a | b for a, b in zip(summaries, arrays, strict=True)]}
    write_text(out / "latent.json", json.dumps(whole, indent=1) + "\n")
    return {"out": str(out), "files": [*files, "latent.json"], **result}


def encoded_stages(
    model: "GeneratorModel",
    images: Path,
    conditions: Path,
    where: tuple[str, ...],
    patches: int,
    seed: int,
) -> Steps[list[Stage]]:
    """Return the latent vectors of random patches of each condition of a table.

    Raises
    ------
    ConditionsError
        If table and images do not fit.
    """
    from ..generate.training_set import load_training_set

    names = [str(entry["name"]) for entry in model.conditions]
    labels = [str(entry["name"]) for entry in model.conditions if entry["kind"] == "categorical"]
    found = read_condition_images(images, conditions, columns=names, categorical=labels, where=where)
    data: TrainingSet = yield from scaled(
        load_training_set(
            found.table,
            found.paths,
            patch_size=model.generator.setup.size,
            pixel_size=None if model.unit is None else model.pixel_size,
        ),
        0,
        20,
        100,
    )
    data = replace(data, scale=model.grey)
    generator: Any = model.generator
    group, _ = data.table.groups("condition")
    random = np.random.default_rng((seed, 0x1A7E))
    stages = []
    for number in range(int(group.max()) + 1):
        rows = np.flatnonzero(group == number)
        parts = []
        for start in range(0, patches, AT_ONCE):
            done = (number + start / patches) / (group.max() + 1)
            yield Progress(20 + int(80 * done), 100, "encoding patches")
            chosen = rows[random.integers(len(rows), size=min(AT_ONCE, patches - start))]
            parts.append(generator.encoded(data.patches(chosen, random)))
        means, variances = (np.concatenate([part[k] for part in parts]).astype(float) for k in (0, 1))
        condition = {
            c.name: column[rows[0]]
            for c, column in zip(data.table.conditions, data.table.columns, strict=True)
        }
        name = ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in condition.items())
        stages.append(Stage(name or "all", condition, means, variances, normal_fit(means)))
    return stages


def _written_maps(
    model: "GeneratorModel",
    stages: list[Stage],
    found: Components,
    activations: int,
    samples: int,
    seed: int,
    out: Path,
) -> list[str]:
    """Write what latent numbers, components and both laws look like; return the names of the files."""
    from ..generate.latent_prior import fit_prior

    generator: Any = model.generator
    decode, length = generator.decoded, len(found.mean)
    half = (model.grey.high - model.grey.low) / 2
    counts = [count for count in (4, 16, 64, length) if count <= length]
    numbers = list(range(min(activations, length)))
    grey = {
        "baseline": decode(np.zeros((1, length)))[0],
        "cumulated": cumulated_maps(decode, length, counts),
        "levels": level_maps(decode, length, LEVELS),
    }
    points = generator.setup.encoder.encode([stage.condition for stage in stages])
    for law in ("independent", "full"):
        prior = fit_prior(
            points, [s.means for s in stages], [s.variances for s in stages], full=law == "full"
        )
        drawn = np.random.default_rng((seed, 0x5A3)).standard_normal((samples, length))
        for number, point in enumerate(points):
            vectors = prior.vectors(np.repeat(point[None], samples, 0), drawn)
            grey[f"{law}_{number + 1}"] = decoded(decode, vectors)
    images = {name: model.grey.inverse(stack) for name, stack in grey.items()}
    images["activations"] = half * activation_maps(decode, length, numbers)
    images["eigenmodes"] = half * eigenmode_maps(decode, found)
    edges = None if model.pixel_size is None else (None, model.pixel_size, model.pixel_size)
    names = []
    for name, stack in images.items():
        shown = stack[..., : model.size, : model.size]
        axes = "YX" if shown.ndim == 2 else "ZYX"
        size = edges if edges is None or axes == "ZYX" else edges[1:]
        data = shown.astype(np.float32) if shown.dtype.kind == "f" else shown
        volume = Volume(data, axes, size, None if size is None else model.unit, name=name)
        write(volume, out / f"{name}.tif")
        names.append(f"{name}.tif")
    return names


def _written_plots(
    stages: list[Stage], found: Components, everything: np.ndarray, rows: list[dict[str, Any]], out: Path
) -> list[str]:
    fits = {stage.name: stage.fit for stage in stages}
    drawn = {
        "distributions": plots.density(*distributions(everything)),
        "components": plots.scatter({stage.name: found.scores(stage.means) for stage in stages}, found),
        "means": plots.by_dimension(fits, "mean"),
        "deviations": plots.by_dimension(fits, "deviation"),
    }
    for component in range(min(2, len(found.axes))):
        for over in ("mean", "deviation"):
            drawn[f"probes_{component + 1}_{over}"] = plots.probes(rows, component, over)
    kept = {name: svg for name, svg in drawn.items() if svg}
    for name, svg in kept.items():
        write_text(out / f"{name}.svg", svg)
    return [f"{name}.svg" for name in kept]


def _written_scores(stages: list[Stage], found: Components, out: Path) -> str:
    columns: dict[str, list[Any]] = {"stage": [s.name for s in stages for _ in s.means]}
    scores = np.concatenate([found.scores(stage.means) for stage in stages])
    for number, column in enumerate(scores.T):
        columns[f"component {number + 1}"] = [float(f"{value:.6g}") for value in column]
    write_table(out / "scores.csv", columns)
    return "scores.csv"


def _summary(stage: Stage) -> dict[str, Any]:
    fit = stage.fit
    return {
        "name": stage.name,
        "condition": {k: v if isinstance(v, str) else float(v) for k, v in stage.condition.items()},
        "patches": len(stage.means),
        "mean_size": round(float(np.sqrt((fit.mean**2).mean())), 6),
        "deviation_size": round(float(np.sqrt((fit.deviation**2).mean())), 6),
        "largest_distance_to_normal": round(float(fit.distance.max()), 6),
        "uncertainty": round(float(np.sqrt(stage.variances.mean())), 6),
    }
