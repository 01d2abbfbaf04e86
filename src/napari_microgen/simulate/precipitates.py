"""Simulated micrographs of bright precipitates in a grey matrix, with exact truth."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..conditions import ConditionTable
from ..errors import ParameterError, TableError
from ..features import Feature
from ..io.conditions import read_conditions
from ..io.limits import require_memory
from ..io.table_csv import format_table
from ..progress import Steps, stepwise, waited
from .precipitate_kernels import draw
from .precipitate_rule import LARGE, STRENGTH, UNITS, WAVES, PrecipitateLaw, precipitate_law, specimens
from .series import Made, write_series

__all__ = [
    "PrecipitateLaw",
    "PrecipitateSample",
    "precipitate_law",
    "precipitate_sample",
    "simulate_precipitates",
]

MATRIX, NOISE, BEAM = 0.25, 0.056, 0.6
"""Grey of the matrix, standard deviation of its noise (smoothed by 1 px), and of the beam in px."""
VARIETY = (0.03, 0.10)
"""Standard deviation from image to image of the grey offset, and of the logarithm of the contrast."""
THRESHOLDS = tuple(round(k / 10, 1) for k in range(7))
"""Grey above the matrix at which the area fraction is counted."""


@dataclass(frozen=True, eq=False)
class PrecipitateSample:
    """One simulated micrograph of precipitates; periodic."""

    image: np.ndarray
    """Grey values, uint8, shape (R, C)."""
    labels: np.ndarray
    """Salient particle seen at each pixel, from 1; 0 for matrix and blanket."""
    value: np.ndarray
    """Grey above the matrix without beam and noise, float32."""
    particles: np.ndarray
    """Row, column and radius of the salient particles in px, ratio of axes, angle, brightness; (n, 6)."""
    irregular: np.ndarray
    """Which of them have a wavy outline, shape (n,)."""
    law: PrecipitateLaw
    """What they were drawn from."""
    offset: float
    """Grey added to this image."""
    contrast: float
    """Factor on the brightness of its particles."""
    pixel_size: float
    """Edge of a pixel, in um."""

    def truth(self) -> tuple[Feature, ...]:
        """Return what is known of the micrograph, expected and counted."""
        area = self.value.size * self.pixel_size**2
        radii = self.particles[:, 2] * self.pixel_size
        rows = [
            ("particles", len(radii), "1", "drawn"),
            ("number_density_expected", self.law.density, "1/um^2", "law"),
            ("number_density", len(radii) / area, "1/um^2", "drawn"),
            ("median_radius_expected", self.law.radius, "um", "law, plain particles"),
            ("irregular_share", float(self.irregular.mean()) if len(radii) else 0.0, "1", "drawn"),
            ("fine_density_expected", self.law.fine_density, "1/um^2", "law"),
            ("grey_offset", self.offset, "1", "drawn"),
            ("contrast_factor", self.contrast, "1", "drawn"),
        ]
        for level in THRESHOLDS:
            counted = float(np.count_nonzero(self.value > level) / self.value.size)
            rows.append(
                (f"area_fraction_above_{level:g}_expected", self.law.area_fraction(level), "1", "closed form")
            )
            rows.append((f"area_fraction_above_{level:g}", counted, "1", "counted without beam and noise"))
        found = [Feature(name=n, value=float(v), unit=u, method=m) for n, v, u, m in rows]
        if len(radii):
            found.append(Feature(name="mean_radius", value=float(radii.mean()), unit="um", method="drawn"))
        else:
            found.append(Feature(name="mean_radius", value=None, unit="um", reason="there are no particles"))
        return tuple(found)

    def particle_csv(self) -> str:
        """Return the salient particles as the text of a CSV file; places in um from the upper left corner."""
        row, column, radius, ratio, angle, bright = self.particles.T
        lengths = {"row": row, "column": column, "radius": radius}
        columns: dict[str, Any] = {"label": np.arange(1, len(row) + 1)}
        columns |= {name: (pixels * self.pixel_size).round(6) for name, pixels in lengths.items()}
        columns |= {"axis ratio": ratio.round(4), "angle": angle.round(4), "brightness": bright.round(4)}
        columns |= {"irregular": self.irregular.astype(int)}
        return format_table(
            {n: c.tolist() for n, c in columns.items()}, dict.fromkeys(lengths, "um") | {"angle": "rad"}
        )


def precipitate_sample(
    law: PrecipitateLaw,
    shape: tuple[int, int] = (960, 1280),
    pixel_size: float = 0.1,
    seed: int | list[int] = 0,
    *,
    variety: bool = True,
) -> PrecipitateSample:
    """Simulate one micrograph of precipitates.

    Parameters
    ----------
    law : PrecipitateLaw
        Particles to draw.
    shape : (int, int)
        Rows and columns; periodic along both.
    pixel_size : float
        Edge of a pixel, in um.
    seed : int or list of int
        The same seed gives the same bytes.
    variety : bool
        Let brightness and contrast vary from image to image, as in real series.

    Returns
    -------
    PrecipitateSample
        Image and exact truth.
    """
    from scipy.ndimage import gaussian_filter

    require_memory(60 * shape[0] * shape[1], f"Precipitates on {shape} pixels", "Ask for a smaller shape.")
    rng = np.random.default_rng(seed)
    value, owner = np.zeros(shape, np.float32), np.zeros(shape, np.int32)
    fine = _drawn(
        law.fine_density, law.fine_radius, law.fine_spread, law.fine_brightness, 1.3, shape, pixel_size, rng
    )
    none = np.full((len(fine), len(WAVES)), np.nan)
    draw(fine, np.array(WAVES), none, value, owner, 0, len(fine), 0)
    salient = _drawn(
        law.density, law.radius, law.spread, law.brightness, law.elongation, shape, pixel_size, rng
    )
    irregular = rng.random(len(salient)) < law.irregular
    salient[irregular, 2] *= LARGE
    salient[irregular, 3] = 1.0
    phases = np.where(irregular[:, None], rng.random((len(salient), len(WAVES))) * 2 * np.pi, np.nan)
    draw(salient, np.array(WAVES), phases, value, owner, 0, len(salient), 1)
    offset, contrast = (VARIETY[0] * rng.standard_normal(), float(np.exp(VARIETY[1] * rng.standard_normal())))
    offset, contrast = (float(offset), contrast) if variety else (0.0, 1.0)
    grain = gaussian_filter(rng.standard_normal(shape, np.float32), 1.0, mode="wrap") * np.float32(
        NOISE * np.sqrt(4 * np.pi)
    )
    grey = MATRIX + offset + contrast * gaussian_filter(value, BEAM, mode="wrap") + grain
    image = np.rint(255 * np.clip(grey, 0, 1)).astype(np.uint8)
    labels = owner.astype(np.uint16) if len(salient) < 2**16 else owner
    return PrecipitateSample(image, labels, value, salient, irregular, law, offset, contrast, pixel_size)


def _drawn(
    density: float,
    radius: float,
    spread: float,
    brightness: tuple[float, float],
    elongation: float,
    shape: tuple[int, int],
    pixel: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return a Poisson number of particles: row, column, radius (px), axis ratio, angle, brightness."""
    count = int(rng.poisson(density * shape[0] * shape[1] * pixel**2))
    places = rng.random((count, 2)) * shape
    radii = radius / pixel * np.exp(spread * rng.standard_normal(count))
    ratio = rng.uniform(1, elongation, count)
    return np.column_stack(
        [places, radii, ratio, rng.uniform(0, np.pi, count), rng.uniform(*brightness, count)]
    )


@stepwise
def simulate_precipitates(
    out: Path,
    *,
    conditions: Path | None = None,
    images: int = 1,
    shape: tuple[int, int] = (960, 1280),
    pixel_size: float = 0.1,
    labels: bool = True,
    seed: int = 0,
) -> Steps[dict[str, Any]]:
    """Simulate micrographs of precipitates over a table of specimens.

    Bright particles in a grey matrix, as in back-scatter images of an extruded aluminium alloy: T5
    dense and varied, T6 sparse on a blanket of fine ones. Number and size follow feed rate and strength
    smoothly; the numbers are ours, and the result is a simulated series, no statement on a real alloy.
    A run that was stopped goes on when it is started again with the same parameters.

    Parameters
    ----------
    out : Path
        Folder for the files; made when it is not there.
    conditions : Path, optional
        CSV with temper (T5, T6 or as-extruded), feed rate in mm/s (4 to 16) and strength in MPa (420 to
        600, may be missing). Left out, a built-in table of 55 specimens of 32 tubes, as unbalanced as
        the published one.
    images : int
        Micrographs of each specimen.
    shape : (int, int)
        Rows and columns of a micrograph.
    pixel_size : float
        Edge of a pixel, in um.
    labels : bool
        Write the particle of each pixel and a list of particles, too.
    seed : int
        The same seed gives the same bytes.

    Returns
    -------
    dict
        ``out``; ``files``: ``images/*.tif``, ``labels/*.tif`` (salient particles from 1),
        ``particles/*.csv`` (centre, radius, brightness of each), ``conditions.csv`` and ``truth.csv``
        (density, radius and area fraction: expected and counted); ``count``; ``resumed``.

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    TableError
        If the table lacks a condition.
    SaveError
        If the folder holds something else, or cannot be written.
    """
    if images < 1 or len(shape) != 2 or min(shape) < 16 or not 0.005 <= pixel_size <= 10:
        raise ParameterError(
            f"images is {images}, shape {tuple(shape)} and pixel_size {pixel_size:g} um; expected at least "
            f"1, two edges of at least 16, and 0.005 to 10 um."
        )
    table = specimens() if conditions is None else read_specimens(conditions)
    laws = [_law(table, row, seed) for row in range(len(table))]
    plan = _plan(table, images, pixel_size)
    card = {"kind": "precipitates", "images": images, "shape": list(shape), "pixel_size": pixel_size}
    card |= {"labels": labels, "seed": seed, "conditions": plan.content_hash()}

    def make(index: int) -> Steps[Made]:
        row, copy = divmod(index, images)
        law, strength = laws[row]
        size = (int(shape[0]), int(shape[1]))
        sample: PrecipitateSample = yield from waited(
            lambda: precipitate_sample(law, size, pixel_size, [seed, 1, row, copy]), 0, 1, "drawing particles"
        )
        known = Feature(name="strength", value=strength, unit="MPa", method="of the law, stated or drawn")
        extra = {f"particles/{Path(plan.images[index]).stem}.csv": sample.particle_csv()} if labels else {}
        return Made(sample.image, sample.labels if labels else None, (*sample.truth(), known), extra)

    result: dict[str, Any] = yield from write_series(out, card, plan, make)
    return result


def read_specimens(path: Path) -> ConditionTable:
    """Return temper, feed rate and strength of a table of specimens.

    Raises
    ------
    TableError
        If one of the columns is not there, or temper or feed rate of a row is missing.
    """
    from ..io.table_csv import read_table

    names = {name.lower().replace("_", " "): name for name in read_table(path).names}
    wanted = ("temper", "feed rate", "strength")
    absent = [name for name in wanted if name not in names]
    if absent:
        raise TableError(
            f"{Path(path).name} lacks {', '.join(absent)}; its columns are {', '.join(names.values())}."
        )
    columns = [names[name] for name in wanted]
    units = {names[name]: unit for name, unit in UNITS.items()}
    given = read_conditions(path, columns=columns)
    stated = {c.name: units[c.name] for c in given.conditions if c.name in units and c.unit is not None}
    table = read_conditions(path, columns=columns, units=stated)
    known = table.select(names=columns[:2]).complete
    if not known.all():
        raise TableError(f"{table.images[int(np.argmin(known))]} lacks its temper or feed rate.")
    renamed = tuple(
        replace(c, name=n, unit=UNITS.get(n)) for c, n in zip(table.conditions, wanted, strict=True)
    )
    return replace(table, conditions=renamed)


def _law(table: ConditionTable, row: int, seed: int) -> tuple[PrecipitateLaw, float]:
    """Return the particles of a specimen and its strength, drawn from the range where it is not stated."""
    values = table.row(row)
    strength = values["strength"]
    if strength is None:
        strength = np.random.default_rng([seed, 0, row]).uniform(*STRENGTH)
    return precipitate_law(str(values["temper"]), float(values["feed rate"] or 0), float(strength)), float(
        strength
    )


def _plan(table: ConditionTable, images: int, pixel_size: float) -> ConditionTable:
    rows = np.repeat(np.arange(len(table)), images)
    names = [
        f"specimen_{row + 1:02d}" + (f"_{copy + 1}" if images > 1 else "")
        for row in range(len(table))
        for copy in range(images)
    ]
    return ConditionTable.from_columns(
        {name: table[name][rows] for name in table.names},
        images=[f"{name}.tif" for name in names],
        units=UNITS,
        categorical=["temper"],
        libraries=[table.libraries[row] for row in rows]
        if table.libraries
        else [f"specimen {row + 1}" for row in rows],
        pixel_sizes=np.full(len(rows), float(pixel_size)),
    )
