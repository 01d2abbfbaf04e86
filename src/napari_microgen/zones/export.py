"""The files of a diagram: pictures as PNG and SVG, the collage as TIFF, all numbers as JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..generate.model import GeneratorModel
from ..io.atomic import write_text
from ..io.writing import write
from ..progress import Progress, Steps
from ..volume import Volume
from .collage import Collage
from .panel_png import write_png
from .panel_svg import write_svg
from .panels import Frame, Panel

JSON = "zones.json"
TIFF = "collage.tif"


def write_diagram(
    out: Path,
    model: GeneratorModel,
    content: Mapping[str, Any],
    collage: Collage,
    panels: Sequence[tuple[Panel, Frame]],
) -> Steps[list[str]]:
    """Write all files of a diagram and return their names.

    Raises
    ------
    SaveError
        If one cannot be written.
    """
    files = []
    for number, (panel, frame) in enumerate(panels):
        yield Progress(number, len(panels) + 2, f"writing {panel.name}")
        write_png(out / f"{panel.name}.png", panel, frame)
        write_svg(out / f"{panel.name}.svg", panel, frame)
        files += [f"{panel.name}.png", f"{panel.name}.svg"]
    yield Progress(len(panels), len(panels) + 2, f"writing {TIFF}")
    write(collage_volume(model, collage), out / TIFF)
    write_text(out / JSON, json.dumps(content, indent=1, sort_keys=True) + "\n")
    return [*files, TIFF, JSON]


def collage_volume(model: GeneratorModel, collage: Collage) -> Volume:
    """Return a collage with the pixel size of its images, so that lengths within an image can be read."""
    edge = None if model.pixel_size is None else model.pixel_size / collage.zoom
    return Volume(
        collage.image, "YX", voxel_size=(edge, edge), unit=model.unit, name="structure zone diagram"
    )


def collage_record(model: GeneratorModel, collage: Collage, style: str) -> dict[str, Any]:
    """Return how the pixels of a collage lie, as plain JSON values."""
    return {
        "style": style,
        "file": TIFF,
        "shape": list(collage.image.shape),
        "cell_pixels": round(model.size * collage.zoom),
        "pixel_size": None if model.pixel_size is None else model.pixel_size / collage.zoom,
        "unit": model.unit,
        "first_row": "high end of y",
        "bare": round(collage.bare, 6),
    }
