"""Draw a structure zone diagram: the operation behind ``microgen zones`` and the Zones dock."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import ParameterError
from ..io.atomic import require_writable
from ..progress import Progress, Steps, scaled, stepwise
from .cells import require_numbers
from .collage import Collage, grid_collage, shrunk
from .diagram import Diagram
from .diagram_panels import panels_of
from .export import collage_record, write_diagram
from .grid_work import judged_grid, painted_scatter
from .request import Request, checked_request

_STEPS = 1000
MOST_PATCHES = 100_000


@stepwise
def zones(
    model: Path,
    *,
    x: str,
    y: str,
    out: Path,
    set: list[str] | None = None,
    style: Literal["grid", "random"] = "grid",
    count: int | None = None,
    patches: int = 3000,
    zoom: float = 0.5,
    same_noise: bool = False,
    classifier: Path | None = None,
    descriptor: tuple[str, ...] = (),
    particles: Literal["phase", "image", "paper-000"] = "image",
    dark: bool = False,
    threshold: float | None = None,
    ensemble: tuple[Path, ...] = (),
    residuals: Path | None = None,
    where: tuple[str, ...] = (),
    class_: str | None = None,
    probability: float = 0.5,
    spreads: float = 1.0,
    direction: tuple[str, ...] = (),
    extrapolate: bool = False,
    images: Path | None = None,
    conditions: Path | None = None,
    cache: Path | None = None,
    seed: int = 0,
    evaluations: int | None = None,
    sampler: Literal["fast", "karras", "reference"] = "fast",
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Steps[dict[str, Any]]:
    """Draw a structure zone diagram: the microstructures that two conditions give, and how far that is known.

    Two conditions vary, the others are fixed. Every cell says whether its condition was seen in the
    training, lies between training conditions, in a gap among them, or outside. Writes the collage, and
    on request maps of structure classes and descriptors, as PNG, SVG and TIFF, and zones.json.

    Parameters
    ----------
    model : Path
        Folder written by ``train``, or ``builtin:NAME`` for a model that is shipped.
    x : str
        Condition across as NAME:LO:HI:N, N cells from LO to HI, on the scale the model learned it on.
    y : str
        Condition upwards, likewise.
    out : Path
        Folder for the diagram.
    set : list of str, optional
        NAME=VALUE for the conditions that are fixed. What is not given is taken from the
        training condition that leaves most of the diagram among the training, and the result says so.
    style : {"grid", "random"}
        Collage of one image per cell, or of patches painted at random places one over the other, as
        Banko et al. (2020) did.
    count : int, optional
        Images of each cell. Left out: 100 if classes or descriptors are asked for, else 1.
    patches : int
        Patches of a random collage.
    zoom : float
        Size of a patch on a random collage: 1, 0.5, 0.25.
    same_noise : bool
        Give all cells the same random numbers, so that neighbours change smoothly; independent ones
        otherwise, as statistics need.
    classifier : Path, optional
        Folder written by ``train classifier``: probabilities of structure classes are then given.
    descriptor : tuple of str
        What to measure on the images of each cell, such as mean_feret, relative_density.
    particles : {"phase", "image", "paper-000"}
        Particles of the phase; or those found in the grey image, as a whole or as published.
    dark : bool
        Measure the dark phase instead of the bright one.
    threshold : float, optional
        Share of white above which a pixel is bright. Left out: that of the residuals, or Otsu's of images
        spread over the diagram.
    ensemble : tuple of Path
        Further models of the same training with other seeds: gives the spread between models.
    residuals : Path, optional
        File of ``validate``: gives conformal widths of the descriptors.
    where : tuple of str
        Process window: conditions and descriptors it is bound to, such as ``temperature<450``.
    class_ : str, optional
        Process window: structure class that is wanted.
    probability : float
        Process window: probability that class must have.
    spreads : float
        Process window: standard deviations over the images taken off that probability first.
    direction : tuple of str
        Process window: which of its cells is best, such as ``max aluminium,max temperature``. Left out: the
        one farthest from its border.
    extrapolate : bool
        Process window: let extrapolated cells belong to it.
    images : Path, optional
        Folder of real images; the nearest one to each cell is named. Left out: training conditions only.
    conditions : Path, optional
        CSV with their conditions.
    cache : Path, optional
        Folder to keep generated cells in, so that none is made twice. Left out: none is kept.
    seed : int
        Of all that is random; the same seed gives the same diagram.
    evaluations : int, optional
        Evaluations of the network per image, for methods that have a choice.
    sampler : {"fast", "karras", "reference"}
        How edm goes from noise to image.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one.

    Returns
    -------
    dict
        ``axes``, ``fixed``, ``cells`` (conditions, support, class, probabilities, sd, descriptors, nearest
        image of each), ``support`` (cells of each flag), ``window``, ``notes``, ``files``.

    Raises
    ------
    ParameterError
        If an axis, a condition, a constraint or a class is unknown or makes no sense.
    ModelFileError
        If a model is damaged, hostile, or of another kind.
    """
    start = time.monotonic()
    yield Progress(0, _STEPS, "reading the model")
    request = checked_request(
        model,
        x=x,
        y=y,
        words=set or (),
        count=count,
        classifier=classifier,
        descriptors=descriptor,
        particles=particles,
        dark=dark,
        threshold=threshold,
        ensemble=ensemble,
        residuals=residuals,
        where=where,
        structure=class_,
        least=probability,
        spreads=spreads,
        direction=direction,
        extrapolate=extrapolate,
        images=images,
        conditions=conditions,
    )
    _require(request, style=style, patches=patches, zoom=zoom, seed=seed, evaluations=evaluations)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    how: dict[str, Any] = {
        "seed": seed,
        "same_noise": same_noise,
        "evaluations": evaluations,
        "sampler": sampler,
    }
    how |= {"device": device, "cache": cache}
    share = 900 if style == "grid" else 300
    diagram: Diagram = yield from scaled(judged_grid(request, **how), 10, share - 10, _STEPS)
    if request.window is not None:
        diagram = diagram.with_window(request.window.window(diagram))
    flags: np.ndarray | None = None
    collage = _grid(diagram)
    if style == "random":
        painted = painted_scatter(request, patches, zoom, **how)
        flags, collage = yield from scaled(painted, share, 900 - share, _STEPS)
    panels = panels_of(
        diagram, collage, (request.model.grey.low, request.model.grey.high), flags=flags, structure=class_
    )
    content = diagram.content() | {"collage": collage_record(request.model, collage, style)}
    content |= _of_model(request, how)
    files: list[str] = yield from scaled(
        write_diagram(out, request.model, content, collage, panels), 900, 99, _STEPS
    )
    return content | {"out": str(out), "files": files, "seconds": round(time.monotonic() - start, 3)}


def _grid(diagram: Diagram) -> Collage:
    images = {(cell.column, cell.row): cell.image for cell in diagram.cells}
    return grid_collage(images, diagram.x.count, diagram.y.count)


def _require(
    request: Request, *, style: str, patches: int, zoom: float, seed: int, evaluations: int | None
) -> None:
    cells = request.x.count * request.y.count
    require_numbers(count=request.count, seed=seed, evaluations=evaluations, cells=cells)
    if style == "random":
        if not 1 <= patches <= MOST_PATCHES:
            raise ParameterError(f"patches is {patches}; it must lie between 1 and {MOST_PATCHES}.")
        shrunk(np.zeros((request.model.size,) * 2, np.uint8), zoom)


def _of_model(request: Request, how: Mapping[str, Any]) -> dict[str, Any]:
    """Return with what the diagram was made."""
    made = {key: how[key] for key in ("seed", "same_noise", "evaluations", "sampler")}
    found: dict[str, Any] = {
        "model": {"method": request.model.method, "sha256": request.model.sha256},
        "made": made | {"count": request.count},
    }
    if request.ensemble:
        found["ensemble"] = [model.sha256 for model in request.ensemble]
    if request.classifier is not None:
        found["classifier"] = {"sha256": request.classifier.sha256}
    return found
