"""Simulated grain structures: growth from a Voronoi start, maps of each stage, patches for training."""

from pathlib import Path
from typing import Any, Literal

from ..errors import ParameterError
from ..features import Feature, FeatureTable
from ..io.atomic import require_writable, sweep_partials
from ..io.writing import write_table
from ..progress import Steps, scaled, stepwise
from .grain_files import GrainFiles
from .grain_growth import History, require_stages
from .grain_phase_field import EPSILON, PLACES, TIME_STEP, TRIPLE_WEIGHT


@stepwise
def simulate_grains(
    out: Path,
    *,
    method: Literal["potts", "phase-field"] = "potts",
    shape: tuple[int, int] = (1024, 1024),
    grains: int = 4000,
    stages: tuple[float, ...] = (14.0, 20.0, 28.0),
    model: Literal["pairs-and-triples", "plain"] = "pairs-and-triples",
    epsilon: float = EPSILON,
    time_step: float = TIME_STEP,
    triple_weight: float = TRIPLE_WEIGHT,
    places: int = PLACES,
    patches: int = 0,
    test_patches: int = 0,
    patch_size: int = 256,
    rotate: bool = True,
    pixel_size: float | None = None,
    checkpoint_every: float = 300.0,
    continued: bool = False,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    seed: int = 0,
) -> Steps[dict[str, Any]]:
    """Simulate grain growth and keep the structure at chosen mean sizes.

    Grains start as Voronoi cells on a periodic domain and grow by the curvature of their
    boundaries. The structures are simulated and say nothing of a real alloy.

    Parameters
    ----------
    out : Path
        Folder for the files; made when it is not there.
    method : {"potts", "phase-field"}
        ``potts``: random flips of single cells, fast. ``phase-field``: the multi-phase field
        of Ji et al. 2024, with smooth boundaries that obey the curvature law.
    shape : (int, int)
        Rows and columns of the domain, in cells.
    grains : int
        Grains at the start; 260 cells for each as in the paper leave the start behind soon.
    stages : tuple of float
        Mean radii in cells at which the structure is kept; rising.
    model : {"pairs-and-triples", "plain"}
        Energy of the phase field: that of the paper, or the plain obstacle potential.
    epsilon : float
        Width of the boundaries of the phase field, as 0.4 of it in cells.
    time_step : float
        Time step of the phase field, in cells^2 times kinetic factor over boundary energy.
    triple_weight : float
        Weight of the term against third grains in a boundary, over the boundary energy.
    places : int
        Grains that one cell of the phase field can hold.
    patches : int
        Random patches of each stage to cut for training a generator; 0 for none.
    test_patches : int
        The same for testing, from a second domain that is grown for them.
    patch_size : int
        Side of a patch in px.
    rotate : bool
        Turn every patch by a random angle.
    pixel_size : float, optional
        Edge of a cell in nm, to be written into the files; unknown if left out.
    checkpoint_every : float
        Seconds between two times of writing the whole state.
    continued : bool
        Go on from the state an earlier run left in the folder.
    device : {"auto", "cpu", "cuda"}
        Where the phase field is computed; auto takes a GPU if there is one. The Potts model always
        runs on the processor.
    seed : int
        The same seed gives the same bytes; on a GPU shares are rounded otherwise.

    Returns
    -------
    dict
        ``out``; ``files``: for each stage ``grains_1.tif`` (labels from 1), ``distances_1.tif``
        (distance to the next boundary in px) and, if asked for, ``patches_1.zarr`` (distance
        maps); ``truth.csv``; ``growth.csv`` (number of grains over time); ``stages`` with
        ``count``, ``mean_radius`` and ``time`` of each.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or too few grains would be left.
    TooManyPhasesError
        If a cell of the phase field has no room for all the grains that meet in it.
    CheckpointError
        If there is nothing to continue, or it was started with other parameters.
    MemoryLimitError
        If the domain is too large for the memory.
    """
    domain = require_domain(shape)
    wanted = require_stages(stages, domain)
    _require_patches(patches, test_patches, patch_size, domain)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    sweep_partials(out)
    options = {
        "model": model,
        "epsilon": epsilon,
        "time_step": time_step,
        "triple_weight": triple_weight,
        "places": places,
    }
    work = GrainFiles(
        out,
        method,
        domain,
        grains,
        wanted,
        options,
        pixel_size,
        checkpoint_every,
        rotate,
        patch_size,
        seed,
        device,
    )
    work.begin(continued=continued)
    files: list[str] = []
    features: list[Feature] = []
    cuts = [patches, test_patches] if test_patches else [patches]
    for which, cut in enumerate(cuts):
        first, share = 1000 * which // len(cuts), 1000 // len(cuts)
        history: History = yield from scaled(work.grow(which), first, share * 8 // 10, 1000)
        rest = work.finish(which, history, cut)
        found: tuple[list[str], list[Feature]] = yield from scaled(
            rest, first + share * 8 // 10, share * 2 // 10, 1000
        )
        files, features = files + found[0], features + found[1]
    write_table(FeatureTable(tuple(features)), out / "truth.csv")
    work.end()
    names = dict.fromkeys(feature.sample for feature in features)
    summary = [{f.name: f.value for f in features if f.sample == name} | {"stage": name} for name in names]
    return {"out": str(out), "files": [*files, "truth.csv"], "stages": summary}


def require_domain(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns.

    Raises
    ------
    ParameterError
        If there are not two, or one is under 16.
    """
    if len(shape) != 2 or min(shape) < 16:
        raise ParameterError(f"The shape is {tuple(shape)}; give rows and columns, each at least 16.")
    return int(shape[0]), int(shape[1])


def _require_patches(patches: int, test_patches: int, size: int, domain: tuple[int, int]) -> None:
    if patches < 0 or test_patches < 0:
        raise ParameterError(
            f"patches is {patches} and test_patches {test_patches}; neither can be negative."
        )
    if (patches or test_patches) and not 1 <= size * 1.415 + 2 <= min(domain):
        raise ParameterError(
            f"Turned patches of {size} x {size} px need a domain of at least {int(size * 1.415) + 3} cells a "
            f"side; this one has {domain[0]} x {domain[1]}. Ask for smaller patches or a larger domain."
        )
