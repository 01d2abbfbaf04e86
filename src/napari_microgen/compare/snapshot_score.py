"""What one snapshot of a training is worth: how far its images are off, and whether they are copies."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..generate.images import Made, make_images
from ..generate.model import GeneratorModel
from ..progress import Steps, scaled
from .choice_data import Ground
from .copies import LEAST
from .descriptors import Descriptors
from .halves import Side, draws
from .image_set import ImageSet
from .memorisation import Memorisation, many_copies, memorisation
from .series import condition_means

UNDEFINED = 3.0
"""Standard deviations that count where no image of a snapshot has a number that real images have."""
HALVES = 20
"""Random halves of the real micrographs for the floor."""


def score_snapshot(
    model: GeneratorModel,
    ground: Ground,
    *,
    device: str = "cpu",
    threads: int | None = None,
    **options: Any,
) -> Steps[dict[str, Any]]:
    """Make the images of a snapshot, measure them, and search them for copies.

    Parameters
    ----------
    model : GeneratorModel
        The snapshot.
    ground : Ground
        What it is compared with.
    device, threads, **options
        As in `make_images`.

    Returns
    -------
    dict
        ``error``, ``worst``, ``descriptors`` and ``copies``, see `choose`.
    """
    steps = make_images(
        model, ground.rows, seed=ground.wanted.seed, device=device, threads=threads, **options
    )
    made: Made = yield from scaled(steps, 0, 60, 100)
    chosen = np.flatnonzero(np.isin(ground.codes, ground.judged))
    real = ground.real
    table = real.images.table.select(np.zeros(len(chosen), int))  # only its length counts here
    images = ImageSet("generated", made.images[chosen], table, real.images.pixel_size)
    described: Descriptors = yield from scaled(ground.described(images), 60, 15, 100)
    off = gaps(ground, condition_means(described, ground.codes[chosen], len(ground.names)))
    by_name = {name: _rms(column) for name, column in zip(usable(ground)[1], off.T, strict=True)}
    copies: dict[str, Any] = yield from scaled(_copies(made.images, ground), 75, 25, 100)
    return {
        "error": _rms(off),
        "worst": max(by_name, key=lambda name: by_name[name] or 0.0, default=None),
        "descriptors": by_name,
        "copies": copies,
    }


def usable(ground: Ground) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the columns and names of the descriptors that vary among the real images."""
    columns = np.flatnonzero(ground.deviation > 0)
    return columns, tuple(ground.real.descriptors.names[k] for k in columns)


def gaps(ground: Ground, means: np.ndarray) -> np.ndarray:
    """Return how far condition means are off, in real standard deviations of images, shape (judged, K).

    Parameters
    ----------
    ground : Ground
        The real images.
    means : ndarray of float, shape (conditions, K)
        As `condition_means` gives them; undefined ones count as `UNDEFINED` where real ones are defined.
    """
    columns, _ = usable(ground)
    real = condition_means(ground.real.descriptors, ground.real.condition, len(ground.names))
    found = (means - real)[np.ix_(ground.judged, columns)] / ground.deviation[columns]
    lacking = np.isnan(means[np.ix_(ground.judged, columns)])
    known = np.isfinite(real[np.ix_(ground.judged, columns)])
    return np.where(known, np.where(lacking, UNDEFINED, found), np.nan)


def floor(ground: Ground) -> float | None:
    """Return the error that as many real images would have, from random halves of the real micrographs.

    The means of two halves differ by twice what that of all real images is off; to this comes what
    ``count`` further images scatter by. None if no condition has two micrographs.
    """
    real, random = ground.real, np.random.default_rng(ground.wanted.seed)
    columns, _ = usable(ground)
    scale = ground.deviation[columns]
    apart, scatter = [], []
    for draw in draws(real, real, HALVES, random):
        if not len(draw.rest):
            return None
        first, second = (_means(real.take(rows), ground)[:, columns] for rows in (draw.real, draw.rest))
        apart.append(_mean_square((first - second) / scale))
    splittable = np.unique(real.condition[draw.real])
    for code in splittable:
        values = real.descriptors.values[real.condition == code][:, columns]
        known = np.where(np.isfinite(values), values, np.nan)
        enough = np.isfinite(known).sum(axis=0) > 1
        variance = np.nanvar(known[:, enough], axis=0, ddof=1) / scale[enough] ** 2
        scatter.append(float(np.mean(variance)) if enough.any() else 0.0)
    return float(np.sqrt(np.mean(apart) / 4 + np.mean(scatter) / ground.wanted.count))


def vetoes(copies: Mapping[str, Any], limit: float) -> list[str]:
    """Return why a snapshot hands out its training images; nothing if it does not, or it is not known.

    Parameters
    ----------
    copies : mapping
        As `score_snapshot` gives it.
    limit : float
        AUC allowed; real images that are above it themselves raise it to their own. Of few images an AUC
        above it may be chance: its 95 % interval must lie above 0.5, too. Of 300 it always does.

    Examples
    --------
    >>> few = {"auc": 0.61, "interval": [0.46, 0.74], "floor": 0.52}
    >>> few |= {"copies": 0, "close_share": 0.0, "count": 24}
    >>> many = few | {"interval": [0.56, 0.66], "count": 300}
    >>> [vetoes(found, 0.55) for found in (many, few, many | {"floor": 0.63}, {"reason": "unknown"})]
    [['AUC 0.610, above 0.550'], [], [], []]
    """
    if "auc" not in copies:
        return []
    allowed = max(limit, copies["floor"] or 0.0)
    sure = copies["auc"] > allowed and copies["interval"][0] > 0.5
    found = [f"AUC {copies['auc']:.3f}, above {allowed:.3f}"] if sure else []
    if many_copies(copies["copies"], copies["close_share"], copies["count"]):
        number = max(copies["copies"], round(copies["close_share"] * copies["count"]))
        found.append(f"{number} of {copies['count']} images are copies")
    return found


def _copies(images: np.ndarray, ground: Ground) -> Steps[dict[str, Any]]:
    if isinstance(ground.known, str):
        return {"reason": ground.known}
    if len(ground.searched) < LEAST:
        return {"reason": f"only {len(ground.searched)} images can be searched; make more (--count)"}
    training, held_out, others = ground.known
    found: Memorisation = yield from memorisation(
        images[ground.searched], training, held_out, others=others, seed=ground.wanted.seed
    )
    return {
        "auc": found.auc,
        "interval": list(found.interval),
        "p": found.p,
        "floor": found.floor_auc,
        "copies": found.copies,
        "close_share": found.close_share,
        "count": found.count,
    }


def _means(side: Side, ground: Ground) -> np.ndarray:
    return condition_means(side.descriptors, side.condition, len(ground.names))


def _mean_square(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.mean(known**2)) if len(known) else 0.0


def _rms(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else None
