"""Volume to napari layer and back; every layer the plugin adds gets its place and unit here.

A layer left in ``pixel`` among layers in nm switches units off for the whole viewer,
so results never enter the viewer with defaults: they inherit by `like`.
"""

import json
from collections.abc import Sequence
from math import isclose
from typing import Any

import numpy as np

from ..errors import AxesError, ShapeMismatchError
from ..io.limits import allocate
from ..recipe import Recipe, recipe_from_json
from ..units import METRES, canonical_unit, convert_length
from ..volume import SPATIAL, Volume

KEY = "microgen"
"""The entry of ``layer.metadata`` that holds what this package knows of the layer."""

SAMPLE = "sample"
"""Label of an axis along which images follow each other that are no planes of one body."""

LayerTuple = tuple[Any, dict[str, Any], str]


def like(
    source: Any,
    data: Any = None,
    *,
    start: Sequence[float] | None = None,
    step: Sequence[float] | None = None,
    drop: Sequence[int] = (),
    **changes: Any,
) -> dict[str, Any]:
    """Return the keywords that put a new layer where ``source`` is.

    Parameters
    ----------
    source : napari layer
        The layer the new data was made from.
    data : array, optional
        The new data; its shape is checked against what is said of it.
    start : sequence of float, optional
        First voxel of the new data, in voxels of the source (a crop). 0 by default.
    step : sequence of float, optional
        Edge of a new voxel, in voxels of the source (a resampled grid). 1 by default.
        The outer faces of the first voxels coincide, so the centre moves by half a step.
    drop : sequence of int
        Axes of the source that the new data lacks (a 2D slice of a 3D layer).
    **changes
        Keywords that replace what is inherited, such as ``name``.

    Returns
    -------
    dict
        Keywords for ``viewer.add_image`` and its like: scale, translate, rotate, shear,
        affine, units, axis_labels, metadata.

    Raises
    ------
    ShapeMismatchError
        If ``data`` does not fit the source and neither start, step nor drop explains it.
    """
    n = source.ndim
    begin = np.zeros(n) if start is None else np.asarray(start, float)
    factor = np.ones(n) if step is None else np.asarray(step, float)
    keep = [axis for axis in range(n) if axis not in {a % n for a in drop}]
    if data is not None:
        _check_shape(source, np.shape(data), keep, moved=start is not None or step is not None)
    linear, shear, rotate = linear_parts(source)
    first_centre = linear @ (begin + (factor - 1) / 2)
    affine = np.asarray(source.affine.affine_matrix)
    square = np.ix_(keep, keep)
    with_last = [*keep, n]
    return {
        "scale": (np.asarray(source.scale) * factor)[keep],
        "translate": (np.asarray(source.translate) + first_centre)[keep],
        "rotate": rotate[square],
        "shear": shear[square],
        "affine": affine[np.ix_(with_last, with_last)],
        "units": tuple(source.units[axis] for axis in keep),
        "axis_labels": tuple(source.axis_labels[axis] for axis in keep),
        "metadata": dict(source.metadata),
    } | changes


def linear_parts(layer: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the matrix from voxel to world without shift, and its shear and rotation."""
    n = layer.ndim
    rotate, shear = np.eye(n), np.eye(n)
    given = np.asarray(layer.rotate, float)
    if given.ndim == 2:
        rotate[-len(given) :, -len(given) :] = given
    slant = np.asarray(layer.shear, float)
    if slant.ndim == 2:
        shear[-len(slant) :, -len(slant) :] = slant
    else:
        shear[np.triu_indices(n, 1)] = slant
    return rotate @ shear @ np.diag(layer.scale), shear, rotate


def _check_shape(source: Any, shape: tuple[int, ...], keep: list[int], *, moved: bool) -> None:
    whole = level_zero(source).shape
    expected = tuple(whole[axis] for axis in keep)
    fits = len(shape) == len(expected) if moved else tuple(shape[: len(expected)]) == expected
    if not fits:
        raise ShapeMismatchError(
            f"The result has shape {tuple(shape)} and the layer {source.name!r} has {tuple(whole)}; say "
            "where the result begins (start), how it was resampled (step), or which axes were dropped."
        )


def level_zero(layer: Any) -> Any:
    """Return the data of a layer at full resolution."""
    return layer.data[0] if getattr(layer, "multiscale", False) else layer.data


def volume_of(layer: Any, *, snapshot: bool = True) -> Volume:
    """Return what a layer shows as a `Volume`.

    Parameters
    ----------
    layer : napari Image or Labels
        The layer.
    snapshot : bool
        Copy data that could be edited meanwhile (numpy arrays, in memory or on disk).

    Returns
    -------
    Volume
        Axes from the axis labels, else plane, row, column as napari draws them. A length is
        known only where the layer's unit is one: ``pixel`` means unknown.
    """
    data = level_zero(layer)
    if snapshot and isinstance(data, np.ndarray):
        held = allocate(data.shape, data.dtype)
        np.copyto(held, data)
        data = held
    known = layer.metadata.get(KEY) or {}
    axes = axes_of(layer)
    voxel_size, unit = voxel_size_of(layer)
    recipe = known.get("recipe")
    return Volume(
        data,
        axes,
        voxel_size,
        unit,
        name=layer.name,
        source=known.get("source"),
        kind="labels" if _is_labels(layer) else "image",
        metadata=dict(known.get("file") or {}),
        recipe=recipe_from_json(json.dumps(recipe)) if recipe else None,
    )


def _is_labels(layer: Any) -> bool:
    return layer.__class__.__name__ == "Labels"  # the class of what a proxy stands for


def axes_of(layer: Any) -> str:
    """Return the axes of a layer's data: by its axis labels, else plane, row, column as napari draws them."""
    colour = "S" if getattr(layer, "rgb", False) else ""
    names = {"z": "Z", "plane": "Z", "y": "Y", "row": "Y", "x": "X", "column": "X", "t": "T", "c": "C"}
    named = "".join(names.get(label.lower(), "?") for label in layer.axis_labels)
    if "?" not in named and len(set(named)) == len(named):
        return named + colour
    if layer.ndim in (2, 3):
        return "ZYX"[-layer.ndim :] + colour
    raise AxesError(
        f"The layer {layer.name!r} has {layer.ndim} dimensions named {', '.join(layer.axis_labels)}. "
        "Name its axes (layer.axis_labels, for example t, z, y, x), or split it so that planes, rows and "
        "columns remain."
    )


def voxel_size_of(layer: Any) -> tuple[tuple[float | None, ...] | None, str | None]:
    """Return the voxel edges along the spatial axes of a layer and their unit; None where unknown.

    The layer's own scale and unit decide. Where it is left in pixels and unscaled, edges
    that its file stated for some axes only are used.
    """
    axes = axes_of(layer)
    spatial = [i for i, letter in enumerate(axes[: layer.ndim]) if letter in SPATIAL]
    units = [None if layer.axis_labels[i] == SAMPLE else length_unit(layer.units[i]) for i in spatial]
    known = [unit for unit in units if unit is not None]
    if known:
        edges = np.linalg.norm(layer.affine.linear_matrix @ linear_parts(layer)[0], axis=0)
        to = known[-1]
        return tuple(
            None if unit is None else convert_length(float(edges[i]), unit, to)
            for i, unit in zip(spatial, units, strict=True)
        ), to
    stated = layer.metadata.get(KEY) or {}
    sizes = stated.get("voxel_size")
    if sizes and len(sizes) == len(spatial) and all(isclose(layer.scale[i], 1.0) for i in spatial):
        return tuple(sizes), stated.get("unit")
    return None, None


def length_unit(unit: Any) -> str | None:
    """Return the canonical name of a napari unit if it is a length, else None.

    Examples
    --------
    >>> length_unit("nanometer"), length_unit("pixel")
    ('nm', None)
    """
    try:
        return canonical_unit(str(unit))
    except ValueError:
        return None


def set_voxel_size(layer: Any, voxel_size: Sequence[float], unit: str) -> None:
    """Give a layer its voxel edges (plane, row, column order of its spatial axes) and their unit.

    A shift that was given in voxels goes with the scale.
    """
    axes = axes_of(layer)
    spatial = [i for i, letter in enumerate(axes[: layer.ndim]) if letter in SPATIAL]
    scale, units, translate = (
        np.array(layer.scale, float),
        list(layer.units),
        np.array(layer.translate, float),
    )
    for i, edge in zip(spatial, voxel_size, strict=True):
        translate[i] *= edge / scale[i]
        scale[i], units[i] = edge, pint_name(unit)
    layer.scale, layer.units, layer.translate = scale, tuple(units), translate
    entry = dict(layer.metadata.get(KEY) or {})
    layer.metadata[KEY] = entry | {"voxel_size": [float(e) for e in voxel_size], "unit": canonical_unit(unit)}


def pint_name(unit: str | None) -> str:
    """Return the name napari knows a length unit by; ``pixel`` if it is not known."""
    return canonical_unit(unit) if unit else "pixel"


def metadata_of(volume: Volume) -> dict[str, Any]:
    """Return the entry of ``layer.metadata`` for a volume (plain JSON values)."""
    recipe = volume.recipe
    return {
        "recipe": json.loads(recipe.to_json()) if isinstance(recipe, Recipe) else None,
        "source": volume.source,
        "voxel_size": list(volume.voxel_size) if volume.voxel_size else None,
        "unit": volume.unit,
        "facts": dict(volume.facts),
        "notes": list(volume.notes),
        "file": dict(volume.metadata),
    }


def layers_of(volume: Volume) -> list[LayerTuple]:
    """Return a volume that was read or made from nothing as napari layers; one per detector channel."""
    if "C" not in volume.axes:
        return [layer_of(volume)]
    where = volume.axes.index("C")
    axes = volume.axes.replace("C", "")
    names = volume.metadata.get("channels") or range(volume.shape[where])
    tuples = []
    for index, channel in enumerate(names):
        data = volume.data[(slice(None),) * where + (index,)]
        metadata = dict(volume.metadata) | {"channel": index}
        part = volume.with_data(
            data, axes=axes, name=f"{volume.name} [{channel}]", source=volume.source, metadata=metadata
        )
        tuples.append(layer_of(part))
    return tuples


def layer_of(volume: Volume) -> LayerTuple:
    """Return a volume that has no source layer as ``(data, keywords, type)``.

    Its voxel edges become the scale only where all of them are known; else the layer stays
    in pixels and the known ones wait in its metadata.
    """
    kind = "labels" if volume.kind == "labels" else "image"
    axes = volume.axes.replace("S", "")
    sizes = dict(zip(volume.spatial_axes, volume.voxel_size or (), strict=False))
    whole = bool(sizes) and None not in sizes.values()
    keywords: dict[str, Any] = {
        "name": volume.name or kind,
        "scale": [sizes.get(a, 1.0) if whole else 1.0 for a in axes],
        "units": [pint_name(volume.unit) if whole and a in SPATIAL else "pixel" for a in axes],
        "axis_labels": tuple(axes.lower()),
        "metadata": {KEY: metadata_of(volume)},
    }
    data = volume.data
    if "S" in volume.axes:
        keywords["rgb"] = True
    elif kind == "labels" and data.dtype.kind == "f":
        raise AxesError(f"{volume.name!r} holds decimal numbers, which napari does not take as labels.")
    return data, keywords, kind


def result_layer(source: Any, volume: Volume, name: str, **changes: Any) -> LayerTuple:
    """Return an operation's result as a layer that lies where its source lies.

    The crop and the new voxel size of the result are taken from the volume: its
    ``facts["origin"]`` (first voxel, in voxels of the source) and its voxel size.
    """
    start = volume.facts.get("origin")
    step = _step(source, volume)
    drop = (0,) if volume.data.ndim == source.ndim - 1 else ()
    metadata = dict(source.metadata) | {KEY: metadata_of(volume)}
    if start is not None:  # plane, row, column; a 2D image lacks the first
        start = [0.0] * (source.ndim - len(start)) + list(start)[-source.ndim :]
    placed = like(
        source, volume.data, start=start, step=step, drop=drop, name=name, metadata=metadata, **changes
    )
    return volume.data, placed, "labels" if volume.kind == "labels" else "image"


def _step(source: Any, volume: Volume) -> list[float] | None:
    before, unit = voxel_size_of(source)
    after = volume.voxel_size
    if before is None or after is None or unit is None or volume.unit is None or len(before) != len(after):
        return None
    step = [
        1.0 if old is None or new is None else convert_length(new, volume.unit, unit) / old
        for old, new in zip(before, after, strict=True)
    ]
    return None if np.allclose(step, 1.0, rtol=1e-9) else step


def same_place(one: Any, other: Any) -> bool:
    """Return whether two layers have the same shape, scale and shift."""
    return (
        level_zero(one).shape == level_zero(other).shape
        and np.allclose(one.scale, other.scale, rtol=1e-6)
        and np.allclose(one.translate, other.translate, rtol=1e-6, atol=1e-9)
    )


LENGTH_UNITS = tuple(METRES)
"""Length units to choose from."""
