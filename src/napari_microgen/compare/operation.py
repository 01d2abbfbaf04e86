"""Compare real with synthetic images: the operation behind ``microgen compare`` and the Compare dock."""

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

from ..errors import ParameterError
from ..io.atomic import require_writable
from ..progress import Progress, Steps, scaled, stepwise
from .beside_papers import beside_papers
from .by_condition import by_condition, by_support
from .content import content_of, rounded_values
from .copies import Search, search_copies
from .frame import Evaluation, evaluate
from .grey_kinds import two_valued_note
from .mode_collapse import collapse_alarm
from .preparation import Choices, Prepared, Source, prepared_sides
from .report import write_report
from .significance import Significance, significance
from .space import Space
from .targets import judged, read_further
from .verdict import verdict

_STEPS = 1000


@stepwise
def compare(
    real: Path,
    synthetic: Path,
    *,
    out: Path,
    conditions: Path | None = None,
    synthetic_conditions: Path | None = None,
    training: Path | None = None,
    training_conditions: Path | None = None,
    where: tuple[str, ...] = (),
    held_out: tuple[str, ...] = (),
    paper: Path | None = None,
    paper_conditions: Path | None = None,
    columns: tuple[str, ...] = (),
    log: tuple[str, ...] = (),
    categorical: tuple[str, ...] = (),
    group: Literal["micrograph", "library"] = "micrograph",
    planes: Literal["one", "each"] = "one",
    grains: Literal["none", "distance", "labels"] = "none",
    phase: Literal["bright", "dark"] = "bright",
    particles: Literal["phase", "image", "paper-000"] = "phase",
    threshold: float | None = None,
    patch: int | None = None,
    count: int = 1000,
    copies: int = 500,
    repeats: int = 20,
    real_pictures: bool = True,
    further: Path | None = None,
    remarks: tuple[str, ...] = (),
    seed: int = 0,
) -> Steps[dict[str, Any]]:
    """Compare synthetic with real images and say whether the generator may be trusted, and for what.

    Every number stands beside the same number for real against real images (its floor) and for what one
    would do without a generator (copies of the nearest condition, linear interpolation). Writes
    report.html, which needs nothing else to be shown or printed, and report.json.

    Parameters
    ----------
    real : Path
        Folder of real images, or a stack. Best those the generator has never seen.
    synthetic : Path
        Folder of synthetic images, or a stack, of the same pixel size.
    out : Path
        Folder for the report.
    conditions : Path or None
        CSV with the conditions of the real images, one row per image; may state micrograph and library.
    synthetic_conditions : Path or None
        The same for the synthetic images.
    training : Path or None
        Folder or stack of the images the generator was trained on, for the search for copies and for the
        baselines. If left out, neither copies nor support can be judged.
    training_conditions : Path or None
        CSV with their conditions.
    where : tuple of str
        Rows of the real table to use: NAME=VALUE, NAME=LOW:HIGH or NAME!=VALUE, such as one pixel size.
    held_out : tuple of str
        Rows of the real table that the generator has not seen, such as ``part=test``; the other rows are
        the training images. In place of training.
    paper : Path or None
        Folder or stack of images of another model, shown as one more baseline.
    paper_conditions : Path or None
        CSV with their conditions.
    columns : tuple of str
        Conditions to compare by; all that are stated for every side if left out.
    log : tuple of str
        Conditions on a logarithmic scale, such as a time.
    categorical : tuple of str
        Conditions whose numbers are labels.
    group : {"micrograph", "library"}
        What is never torn apart when halves and folds are drawn.
    planes : {"one", "each"}
        Planes of a stack of real images: one micrograph, as neighbouring slices of a volume are, unless the
        table names micrographs or gives different conditions; or each a micrograph of its own.
    grains : {"none", "distance", "labels"}
        Images of grains: as distances to the boundaries in pixels, or as the numbers of the grains. Their
        number, sizes, neighbours and slope of radius over neighbours are then measured, too.
    phase : {"bright", "dark"}
        Phase whose geometry is measured.
    particles : {"phase", "image", "paper-000"}
        Measure the particles of the phase, or find them in the grey image by contrast, blur, threshold and
        watershed, or so and in tiles of 64 pixels with cut particles, as Banko et al. (2020) did.
    threshold : float or None
        Share of white above which a pixel is bright, on all sides. If left out, Otsu's threshold of the
        real images.
    patch : int or None
        Edge of the patches that larger images are cut into, in pixels. If left out, the smallest edge.
    count : int
        Most images of each side. 1000 as in the published comparison of area fractions.
    copies : int
        Most images searched for copies; the search takes as long as all else together.
    repeats : int
        Random halves of the real micrographs, for floors and intervals.
    real_pictures : bool
        Show real images in the report. Without them it can be passed on where the images may not.
    further : Path or None
        JSON of numbers that images alone cannot tell, to be judged with the targets: ``value`` and ``how``
        it was measured by name (``evaluations``, ``class_points``, ``coverage_of_intervals``,
        ``reconstruction``).
    remarks : tuple of str
        Lines above the verdict, such as that all images are simulated.
    seed : int
        Of all that is random; the same seed gives the same report.

    Returns
    -------
    dict
        ``trust``, ``verdict``, ``metrics`` with value, floor and baseline, and all else in report.json.

    Raises
    ------
    ShapeMismatchError
        If the pixel sizes of the two sides differ.
    TableError
        If tables and images do not fit, or there is no condition in common.
    """
    if count < 8 or copies < 8 or repeats < 2:
        raise ParameterError(
            f"count is {count}, copies {copies} and repeats {repeats}; expected at least 8, 8 and 2."
        )
    measured = {} if further is None else read_further(further)
    yield Progress(0, _STEPS, "looking for the images")
    out = Path(out)
    fresh = not out.exists()
    require_writable(out)
    if fresh:
        out.rmdir()  # what is refused or stopped leaves nothing behind
    sources = {
        "real": Source(path=real, conditions=conditions),
        "synthetic": Source(path=synthetic, conditions=synthetic_conditions),
    }
    if training is not None:
        sources["training"] = Source(path=training, conditions=training_conditions)
    if paper is not None:
        sources["paper"] = Source(path=paper, conditions=paper_conditions)
    choices = Choices(
        columns=columns,
        log=log,
        categorical=categorical,
        where=where,
        held_out=held_out,
        group=group,
        planes=planes,
        grains=grains,
        phase=phase,
        particles=particles,
        threshold=threshold,
        patch=patch,
        count=count,
        seed=seed,
    )
    prepared: Prepared = yield from scaled(prepared_sides(sources, choices), 10, 400, _STEPS)
    prepared = replace(prepared, notes=prepared.notes + two_valued_note(prepared.sides))
    content, shown = yield from _judge(prepared, measured, repeats=repeats, copies=copies, seed=seed)
    content["remarks"] = list(remarks)
    yield Progress(950, _STEPS, "writing the report")
    out.mkdir(parents=True, exist_ok=True)
    content |= {"choices": asdict(choices) | {"copies": copies, "repeats": repeats}}
    content["files"] = write_report(out, content, prepared, shown | {"real": real_pictures})
    yield Progress(_STEPS, _STEPS, "done")
    return content


def _judge(
    prepared: Prepared, further: dict[str, dict[str, Any]], *, repeats: int, copies: int, seed: int
) -> Steps[tuple[dict[str, Any], dict[str, Any]]]:
    """Compute all numbers; return the content of the report and what only its pictures need."""
    sides = prepared.sides
    space = Space.fit(sides.real.descriptors)
    evaluated: Evaluation = yield from scaled(
        evaluate(sides, space, repeats=repeats, seed=seed), 410, 200, _STEPS
    )
    metrics, runs = evaluated
    p: Significance = yield from scaled(significance(sides, space, seed=seed), 610, 40, _STEPS)
    yield Progress(650, _STEPS, "condition by condition")
    flags = sides.conditions.flags(None if sides.training is None else sides.training.images.table)
    rows = by_condition(sides, space, flags, seed=seed)
    supports = by_support(rows, space)
    found: Search = yield from scaled(search_copies(sides, count=copies, seed=seed), 660, 285, _STEPS)
    memory, generated, known = found
    alarm = collapse_alarm(_signs(runs["value"]), _signs(runs["floor"]))
    judgement = verdict(metrics, p.adjusted, memory, alarm, supports)
    content = content_of(prepared, metrics, p, judgement, memory, alarm, rows, supports)
    targets = judged(metrics, rows, memory, further)
    papers = beside_papers(content["metrics"], content["conditions"])
    content |= rounded_values({"targets": targets, "beside_papers": papers})
    return content, {"space": space, "memory": memory, "generated": generated, "known": known}


def _signs(runs: list[dict[str, float]]) -> dict[str, list[float]]:
    names = ("diversity", "nearest_spacing")
    return {name: [run.get(name, math.nan) for run in runs] for name in names}
