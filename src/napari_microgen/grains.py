"""Measure grain structures from label maps, distance maps or etched micrographs."""

from pathlib import Path
from typing import Literal

import numpy as np

from .errors import NothingToSegmentError, ParameterError, UnknownVoxelSizeError
from .features import Feature, FeatureTable
from .io.atomic import write_text
from .io.writing import write
from .progress import Progress, Steps, scaled, stepwise, waited
from .quantify.grain_contacts import grain_contacts, triple_points
from .quantify.grain_laws import aboav_weaire, lewis, radius_by_neighbours, size_distributions
from .quantify.grain_table import EdgeRule, GrainTable, grain_table, joined
from .volume import Volume, require_grey, require_labels

Source = Literal["auto", "labels", "distance", "etched"]


@stepwise
def measure_grains(
    image: Volume,
    *,
    source: Literal["auto", "labels", "distance", "etched"] = "auto",
    background: int | None = 0,
    periodic: bool = False,
    edge: Literal["corrected", "excluded", "included"] = "corrected",
    contact: int = 0,
    trimming: Literal["saddles", "peaks"] = "saddles",
    depth: float = 0.5,
    smoothing: float = 0.0,
    line_width: float = 3.0,
    lines: Literal["dark", "bright"] = "dark",
    grain_list: Path | None = None,
    grain_map: Path | None = None,
) -> Steps[FeatureTable]:
    """Find and measure the grains of an image or of every plane of a stack.

    The planes of a stack are samples of one structure and are measured together. Lengths are in
    micrometre if the pixel size is known, else in px.

    Parameters
    ----------
    image : Volume
        Grain numbers (as from EBSD), a map of distances to the boundaries, or an etched
        micrograph; axes YX or ZYX.
    source : {"auto", "labels", "distance", "etched"}
        What the image is. ``auto``: whole numbers are grain numbers, others distances. An etched
        micrograph must be named as such.
    background : int, optional
        Number that is no grain, such as pixels without an orientation; none if left empty.
    periodic : bool
        Grains go on through the edges, as in simulated domains.
    edge : {"corrected", "excluded", "included"}
        What grains at the edge count for in radius, neighbours and slope. ``corrected``: nothing,
        and large ones inside count more to make up for it (Miles and Lantuejoul). ``excluded``:
        nothing. ``included``: as if they were whole, which makes them too small.
    contact : int
        Pixel edges two grains must share to be neighbours. At 0, where four grains meet at a corner,
        the two with the sharper corners are neighbours, too: a boundary shorter than a pixel.
    trimming : {"saddles", "peaks"}
        How peaks of a distance map are sorted out: by the saddles between them, or as published
        (Ji et al. 2024).
    depth : float
        Height of a saddle over the lower peak beside it above which both are one grain, 0 to 1.
    smoothing : float
        Standard deviation in px by which a distance map is smoothed first. Published: 0.4.
    line_width : float
        Width of the boundaries of an etched micrograph, in px.
    lines : {"dark", "bright"}
        How the boundaries of an etched micrograph look.
    grain_list : Path, optional
        CSV file for the single grains: number, area, radius, neighbours, place, weight.
    grain_map : Path, optional
        Image file for the grain at each pixel, with the numbers of the list; of distance maps and etched
        micrographs these are found here.

    Returns
    -------
    FeatureTable
        Count, mean radius and neighbours, slope of radius over neighbours, distribution of
        sizes, laws of Lewis and of Aboav and Weaire.

    Raises
    ------
    AxesError
        If the image is not a grey plane or stack.
    LabelTypeError
        If grain numbers are not whole.
    NothingToSegmentError
        If there are no boundaries, or no grains.
    ParameterError
        If a parameter is out of range.
    """
    require_grey(image, "measuring grains")
    if contact < 0:
        raise ParameterError(f"contact is {contact}; expected a number of pixel edges, 0 or more.")
    kind = kind_of(image) if source == "auto" else source
    if kind == "labels":
        image = require_labels(image, "measuring grains")
    spacing, unit = _spacing(image)
    tables: list[GrainTable] = []
    points, laws, maps = 0, list[dict[str, float]](), list[np.ndarray]()
    for number in range(image.n_planes):
        work = find_grains(
            image.plane(number), kind, periodic, trimming, depth, smoothing, line_width, dark=lines == "dark"
        )
        first = 900 * number // image.n_planes
        labels: np.ndarray = yield from scaled(work, first, 900 // image.n_planes, 1000)
        maps += [] if grain_map is None else [labels]
        none = background if kind == "labels" else None
        table, corners, law = yield from waited(
            lambda labels=labels, none=none: _plane(labels, spacing, periodic, edge, contact, none),  # type: ignore[misc]
            900 * (number + 1) // image.n_planes,
            1000,
            "measuring grains",
        )
        tables.append(table)
        points += corners
        laws += [law] if law is not None else []
    grains = joined(tables)
    if not len(grains):
        raise NothingToSegmentError(
            f"{image.name or 'The image'} holds no grains: every pixel is {background}. Give the label map "
            f"of the grains, or name another background."
        )
    yield Progress(950, 1000, "fitting laws")
    features = _features(grains, points, laws, unit)
    if grain_list is not None:
        write_text(grain_list, listed(grains))
    if grain_map is not None:
        found = np.stack(maps) if image.is_stack else maps[0]
        write(image.with_data(found, kind="labels"), grain_map, recipe=False)
    by_name = {feature.name: feature.value for feature in features}
    facts = {
        "source": kind,
        "count": len(grains),
        "mean_neighbours": by_name["mean_neighbours"],
        "slope": by_name["slope"],
        "mean_radius": by_name["mean_radius"],
        "unit": unit,
        "samples": image.n_planes,
    }
    return FeatureTable(tuple(features), facts=facts)


def kind_of(image: Volume) -> Source:
    """Return what an image must be by its values: grain numbers if they are whole, else distances."""
    if image.dtype.kind in "biu":
        return "labels"
    whole = all(np.array_equal(plane, np.rint(plane)) for plane in image.planes())
    return "labels" if whole else "distance"


def find_grains(
    plane: np.ndarray,
    kind: Source,
    periodic: bool,
    trimming: Literal["saddles", "peaks"],
    depth: float,
    smoothing: float,
    line_width: float,
    *,
    dark: bool,
) -> Steps[np.ndarray]:
    """Return the grain of each pixel of a plane; see `measure_grains`."""
    if kind == "labels":
        return plane
    from .segment.watershed_grains import watershed_steps

    if kind == "etched":
        from .segment.etched_grains import etched_distance

        plane = yield from waited(
            lambda: etched_distance(plane, width=line_width, dark=dark), 0, 100, "lines"
        )
        periodic = False
    return (
        yield from watershed_steps(
            plane, trimming=trimming, depth=depth, smoothing=smoothing, periodic=periodic
        )
    )


def listed(grains: GrainTable) -> str:
    """Return the single grains as CSV."""
    columns = grains.columns()
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    lines = [",".join(f"{v:.9g}" if isinstance(v, float) else str(v) for v in row) for row in rows]
    return "\n".join([",".join(columns), *lines]) + "\n"


def _spacing(image: Volume) -> tuple[tuple[float, float], str]:
    try:
        edges = image.spacing("um")[-2:]
    except UnknownVoxelSizeError:
        down, across = image.voxel_size_zyx[1:]
        if down is None or across is None or image.unit is None:
            return (1.0, 1.0), "px"
        from .units import convert_length

        edges = convert_length(down, image.unit, "um"), convert_length(across, image.unit, "um")
    return (edges[0], edges[1]), "um"


def _plane(
    labels: np.ndarray,
    spacing: tuple[float, float],
    periodic: bool,
    edge: EdgeRule,
    contact: int,
    background: int | None,
) -> tuple[GrainTable, int, dict[str, float] | None]:
    table = grain_table(labels, spacing, periodic=periodic, edge=edge, contact=contact, background=background)
    pairs, lengths = grain_contacts(labels, periodic=periodic, background=background)
    corners = triple_points(labels, periodic=periodic, background=background)[1]
    return table, len(corners), aboav_weaire(table, pairs[lengths >= contact])


def _features(grains: GrainTable, points: int, laws: list[dict[str, float]], unit: str) -> list[Feature]:
    counted = grains.measured()
    cut = int(np.count_nonzero(grains.touches_edge))
    features = [
        Feature(name="count", value=len(grains), method="all grains", reason=f"{cut} of them at the edge"),
        Feature(name="triple_points", value=points, method="corners of pixels with three or four grains"),
    ]
    few = f"only {len(counted)} of {len(grains)} grains are whole"
    weight = counted.weight / max(float(counted.weight.sum()), 1e-300)
    for name, column, kind in (
        ("mean_radius", counted.radius, unit),
        ("mean_area", counted.area, f"{unit}^2"),
        ("mean_neighbours", counted.neighbours, "1"),
    ):
        value = float((weight * column).sum()) if len(counted) else None
        features.append(
            Feature(
                name=name,
                value=value,
                unit=kind,
                method="mean over grains",
                reason=None if len(counted) else few,
            )
        )
    features += _slopes(grains, unit, few)
    sizes = size_distributions(grains)
    for name, key, method in _SIZES:
        features.append(
            Feature(
                name=name, value=sizes[key] if sizes else None, method=method, reason=None if sizes else few
            )
        )
    for name, key in (("aboav_weaire_a", "a"), ("variance_of_neighbours", "variance_of_sides")):
        value = float(np.mean([law[key] for law in laws])) if laws else None
        reason = None if laws else "too few grains whose neighbours are all whole"
        features.append(Feature(name=name, value=value, method="n m(n) over n, line", reason=reason))
    return features


_SIZES = (
    ("radius_variation", "variation", "standard deviation over mean"),
    ("largest_radius", "largest", "largest over mean"),
    ("log_normal_mean", "log_mean", "mean of ln(R / mean R)"),
    ("log_normal_deviation", "log_deviation", "standard deviation of ln(R / mean R)"),
    ("log_normal_distance", "log_normal_distance", "largest difference of cumulated shares"),
    ("hillert_distance", "hillert_distance", "largest difference of cumulated shares"),
)


def _slopes(grains: GrainTable, unit: str, few: str) -> list[Feature]:
    line, law = radius_by_neighbours(grains), lewis(grains)
    reason = f"{few}, or all have as many neighbours"
    if line is None:
        first = [Feature(name=name, value=None, unit=unit, reason=reason) for name in ("slope", "offset")]
    else:
        first = [
            Feature(
                name="slope",
                value=line.slope,
                unit=unit,
                low=line.low,
                high=line.high,
                method="radius over number of neighbours, least squares",
                details={"r2": line.r2},
            ),
            Feature(name="offset", value=line.offset, unit=unit, method="radius at no neighbours"),
        ]
    if law is None:
        return [*first, Feature(name="lewis_slope", value=None, reason=reason)]
    return [
        *first,
        Feature(
            name="lewis_slope", value=law.slope, low=law.low, high=law.high, method="A / <A> over n - 6, line"
        ),
    ]
