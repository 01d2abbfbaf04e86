"""Simulated micrographs of sputtered films over a table of deposition conditions, with exact truth."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..conditions import ConditionTable
from ..errors import ParameterError, TableError
from ..features import Feature
from ..io.conditions import Reading, conditions_of
from ..io.header_units import known_unit
from ..io.table_csv import CsvTable, read_table
from ..progress import Steps, scaled, stepwise, waited
from .film_design import film_design
from .film_image import ElectronOptics, electron_image
from .film_rule import UNITS, FilmConditions, FilmLaw, film_law
from .film_surface import LEAST_WIDTH, FilmSurface, film_surface
from .series import Made, write_series

__all__ = ["ElectronOptics", "FilmConditions", "FilmSample", "film_law", "film_sample", "simulate_thin_film"]

NAMES = {
    "temperature": ("temperature", "substrate temperature", "deposition temperature", "t"),
    "aluminium": ("aluminium", "aluminum", "al", "al-concentration", "al content"),
    "oxygen": ("oxygen", "o", "o-concentration", "o content"),
    "ionisation": ("ionisation", "ionization", "ionization degree", "ionisation degree"),
    "ion energy": ("ion energy", "average ion energy", "energy"),
    "pressure": ("pressure", "p", "deposition pressure"),
}
"""Heads under which a table may hold each condition; case and ``_`` do not matter."""


@dataclass(frozen=True, eq=False)
class FilmSample:
    """One simulated micrograph of a film."""

    image: np.ndarray
    """Grey values, uint8, shape (R, C)."""
    cells: np.ndarray
    """Crystallite of each pixel, from 1, uint32 or smaller, shape (R, C)."""
    surface: FilmSurface
    """The periodic surface it shows, or of which it shows a part."""
    law: FilmLaw
    """What the conditions ask for."""

    @property
    def periodic(self) -> bool:
        """True if the image shows the whole surface, so that its edges join."""
        return self.image.shape == self.surface.height.shape

    def truth(self) -> tuple[Feature, ...]:
        """Return what is known of the surface, expected and counted."""
        law, surface = self.law, self.surface
        counted = "counted on the periodic surface"
        area = surface.height.size * surface.pixel**2
        rows = (
            ("mean_feret_expected", law.feret, "nm", "law of size"),
            ("mean_feret", surface.ferets.mean(), "nm", "largest caliper of each crystallite as drawn, mean"),
            ("feret_deviation", surface.ferets.std(), "nm", "the same, standard deviation"),
            ("crystallites", len(surface.ferets), "1", counted),
            ("number_density", len(surface.ferets) / area * 1e6, "1/um^2", counted),
            ("facet_slope_expected", law.slope, "degree", "law of slope"),
            (
                "facet_slope",
                surface.slope.mean(),
                "degree",
                f"mean over the surface before rounding, {counted}",
            ),
            ("azimuth_order_expected", law.order, "1", "law of orientation"),
            ("azimuth_order", surface.azimuth_order, "1", "mean over the crystallites"),
            ("rms_height", surface.height.std(), "nm", counted),
        )
        return tuple(Feature(name=n, value=float(v), unit=u, method=m) for n, v, u, m in rows)


def film_sample(
    conditions: FilmConditions,
    shape: tuple[int, int] = (480, 640),
    pixel_size: float = 3.7,
    seed: int | list[int] = 0,
    optics: ElectronOptics | None = None,
) -> Steps[FilmSample]:
    """Simulate one micrograph of a film.

    Parameters
    ----------
    conditions : FilmConditions
        How it was deposited.
    shape : (int, int)
        Rows and columns. If that is narrower than four features, a larger surface is grown and a part
        of it is shown.
    pixel_size : float
        Edge of a pixel, in nm.
    seed : int or list of int
        The same seed gives the same bytes.
    optics : ElectronOptics, optional
        Contrast and noise; usual ones if left out.

    Returns
    -------
    FilmSample
        Image and exact truth.
    """
    law = film_law(conditions)
    least = int(np.ceil(LEAST_WIDTH * law.feret / pixel_size))
    grown = (max(shape[0], least), max(shape[1], least))
    seeds = [seed] if isinstance(seed, int) else list(seed)
    surface: FilmSurface = yield from film_surface(law, grown, pixel_size, [*seeds, 0])
    image: np.ndarray = yield from waited(
        lambda: electron_image(surface, law.feret, [*seeds, 1], optics)[: shape[0], : shape[1]],
        1,
        1,
        "imaging",
    )
    cells = surface.cells[: shape[0], : shape[1]]
    small = np.uint16 if len(surface.seeds) < 2**16 else np.uint32
    return FilmSample(np.ascontiguousarray(image), cells.astype(small), surface, law)


@stepwise
def simulate_thin_film(
    out: Path,
    *,
    conditions: Path | None = None,
    images: int = 1,
    shape: tuple[int, int] = (480, 640),
    pixel_size: float = 3.7,
    labels: bool = True,
    seed: int = 0,
) -> Steps[dict[str, Any]]:
    """Simulate micrographs of sputtered films over a table of conditions.

    Surfaces of Cr-Al-O-N films as a secondary-electron image shows them: size, slope and orientation
    of the facets follow the trends printed for real films (Banko et al. 2020); the numbers are ours, and
    the result is a simulated series, no statement on real films. A run that was stopped goes on
    when it is started again with the same parameters.

    Parameters
    ----------
    out : Path
        Folder for the files; made when it is not there.
    conditions : Path, optional
        CSV with temperature, aluminium, oxygen, ionisation, ion energy and pressure of each film, units
        in the head. Left out, a built-in design of 123 films on nine libraries, of which 13 are
        marked as held out.
    images : int
        Micrographs of each film.
    shape : (int, int)
        Rows and columns of a micrograph.
    pixel_size : float
        Edge of a pixel, in nm; 3.7 as in the published patches of 64 pixels.
    labels : bool
        Write the crystallite of each pixel, too.
    seed : int
        The same seed gives the same bytes.

    Returns
    -------
    dict
        ``out``; ``files``: ``images/*.tif``, ``labels/*.tif`` (crystallites from 1),
        ``conditions.csv`` (one row per image, with the structure class that follows from the laws) and
        ``truth.csv`` (sizes, slopes, orientation: expected and counted); ``count``; ``resumed``;
        ``structures`` (images of each class).

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    TableError
        If the table lacks a condition or a value.
    SaveError
        If the folder holds something else, or cannot be written.
    """
    if images < 1 or len(shape) != 2 or min(shape) < 16 or not 0.1 <= pixel_size <= 100:
        raise ParameterError(
            f"images is {images}, shape {tuple(shape)} and pixel_size {pixel_size:g} nm; expected at least "
            f"1, two edges of at least 16, and 0.1 to 100 nm."
        )
    films = film_design() if conditions is None else read_films(conditions)
    plan = _plan(films, images, pixel_size)
    asked = [_film(plan.row(index)) for index in range(len(plan))]
    card = {"kind": "thin-film", "images": images, "shape": list(shape), "pixel_size": pixel_size}
    card |= {"labels": labels, "seed": seed, "conditions": plan.content_hash()}

    def make(index: int) -> Steps[Made]:
        size = (int(shape[0]), int(shape[1]))
        row, copy = divmod(index, images)
        sample: FilmSample = yield from film_sample(asked[index], size, pixel_size, [seed, row, copy])
        truth = yield from waited(sample.truth, 1, 1, "measuring the truth")
        return Made(sample.image, sample.cells if labels else None, truth)

    result: dict[str, Any] = yield from scaled(write_series(out, card, plan, make), 0, len(plan), len(plan))
    names, counts = np.unique(plan["structure"], return_counts=True)
    return result | {"structures": dict(zip(names.tolist(), counts.tolist(), strict=True))}


def read_films(path: Path) -> ConditionTable:
    """Return the six conditions of a table of films, named and with units as the laws take them.

    Raises
    ------
    TableError
        If a condition is not there or a value is missing.
    """
    csv = read_table(path)
    columns = {name: _column(csv, name) for name in UNITS}
    absent = [name for name, column in columns.items() if column is None]
    if absent:
        raise TableError(
            f"{csv.source} lacks {', '.join(absent)}; its columns are {', '.join(csv.names)}. "
            f"Needed are {', '.join(f'{n} [{u}]' for n, u in UNITS.items())}."
        )
    chosen = {name: column for name, column in columns.items() if column is not None}
    wanted = {c: UNITS[n] for n, c in chosen.items() if _convertible(csv[c].unit, UNITS[n])}
    extra = [name for name in csv.names if name.lower() == "split"]
    table = conditions_of(csv, Reading(columns=[*chosen.values(), *extra], units=wanted))
    if not table.complete.all():
        line = csv.lines[int(np.argmin(table.complete))]
        raise TableError(f"{csv.source}, line {line} lacks a condition; the laws need all six.")
    renamed = [
        replace(condition, name=name, unit=UNITS.get(name))
        for condition, name in zip(table.conditions, [*chosen, *(["split"] * len(extra))], strict=True)
    ]
    return replace(table, conditions=tuple(renamed))


def _column(csv: CsvTable, name: str) -> str | None:
    plain = {column.lower().replace("_", " "): column for column in csv.names}
    return next((plain[head] for head in NAMES[name] if head in plain), None)


def _convertible(unit: str | None, wanted: str) -> bool:
    return unit is not None and unit != wanted and wanted in ("C", "Pa", "eV") and known_unit(unit)


def _plan(films: ConditionTable, images: int, pixel_size: float) -> ConditionTable:
    """Return one row per image, with the class of its film."""
    structure = [film_law(_film(row)).structure for row in films.rows()]
    rows = np.repeat(np.arange(len(films)), images)
    columns = {name: films[name][rows] for name in films.names}
    names = [
        f"film_{row + 1:03d}" + (f"_{copy + 1}" if images > 1 else "")
        for row in range(len(films))
        for copy in range(images)
    ]
    return ConditionTable.from_columns(
        columns | {"structure": np.array(structure)[rows]},
        images=[f"{name}.tif" for name in names],
        units=UNITS,
        libraries=[films.libraries[row] for row in rows] if films.libraries else (),
        pixel_sizes=np.full(len(rows), float(pixel_size)),
        pixel_unit="nm",
    )


def _film(row: dict[str, float | str | None]) -> FilmConditions:
    return FilmConditions(**{name.replace(" ", "_"): float(row[name] or 0.0) for name in UNITS})
