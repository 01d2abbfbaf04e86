"""Cell page: the condition that was clicked, closely; beside it what is real, and sweeps from it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Signal

from ..errors import MicrogenError
from ..zones.hatching import HATCHES
from ..zones.nearest_real import NearestImage, RealImages, real_patch
from .child import BRIEF, run_child
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of
from .generate_conditions import as_settings
from .latest import Latest
from .settings import device, job_environment
from .zones_map import MapPage
from .zones_server import usual_folder
from .zones_words import Sheet, words_label

PROMPT = "Click a cell of the map."
STOPS = 6


class CellPage(Page):
    """What is known of one condition."""

    title = "Cell"
    run_label = "Sweep"

    found = Signal()
    """The nearest real image was found."""

    def __init__(self, dock: Dock, shown: MapPage) -> None:
        super().__init__(dock)
        self.map = shown
        self.content: dict[str, Any] | None = None
        self.images: np.ndarray | None = None
        self.nearest: NearestImage | None = None
        self.words, self.sheet = words_label(), Sheet(4)
        self.beside_words, self.beside = words_label(), Sheet(2)
        self.real = Form(options_of(described("zones"), only=("images", "conditions")))
        self.sweeping = Form(options_of(described("sweep"), only=("vary", "out")))
        self._looking = Latest(self)
        self._read: tuple[Any, RealImages | None] = (None, None)
        self.words.setText(PROMPT)
        parts = (self.words, self.sheet, self.beside, self.beside_words, self.real, self.sweeping)
        for part in parts:
            self.column.addWidget(part)
        self.real.changed.connect(self._other_images)
        self.sweeping.changed.connect(self.changed)
        self._looking.done.connect(self._take_nearest)
        self._looking.failed.connect(self._no_nearest)
        shown.live.picked.connect(self.show_cell)
        shown.model.opened.connect(lambda _: self.clear())

    def clear(self) -> None:
        """Show no cell."""
        self._looking.forget()
        self.content = self.images = self.nearest = None
        self.words.setText(PROMPT)
        self.beside_words.setText("")
        for sheet in (self.sheet, self.beside):
            sheet.hide()
        self.changed.emit()

    def row(self) -> dict[str, Any] | None:
        """Return the conditions of the cell."""
        if self.content is None:
            return None
        return {name: entry["value"] for name, entry in self.content["conditions"].items()}

    def show_cell(self, content: dict[str, Any], images: np.ndarray) -> None:
        """Show what the process has said of a condition."""
        setting = self.map.live.setting
        if setting is None:
            return
        self.content, self.images = content, images
        self.words.setText(cell_words(content))
        self.sheet.show_images(list(images), setting.card.grey.low, setting.card.grey.high)
        if self.sweeping.problem() is not None or not self.sweeping.values()["vary"]:
            stops = [f"{a.name}:{a.low:g}:{a.high:g}:{STOPS}" for a in (setting.x, setting.y)]
            self.sweeping.set_values({"vary": stops})
        self._look()
        self.changed.emit()

    # -- the nearest real image ----------------------------------------------------

    def _other_images(self) -> None:
        self.map.image_words = {} if self._folder() is None else dict(self.real.values())
        self.changed.emit()
        if self.content is not None:
            self._look()

    def _folder(self) -> tuple[Path, Path] | None:
        if self.real.problem() is not None:
            return None
        values = self.real.values()
        if not values["images"] or not values["conditions"]:
            return None
        return Path(values["images"]).expanduser(), Path(values["conditions"]).expanduser()

    def _look(self) -> None:
        setting, row, folder = self.map.live.setting, self.row(), self._folder()
        if setting is None or row is None:
            return
        card, known = setting.card, self._read

        def work() -> Any:
            key = (card.path, folder)
            real = known[1] if known[0] == key else _images_of(card, folder)
            nearest = None if real is None else real.nearest(row)
            path = None if nearest is None else nearest.path
            return key, real, nearest, None if path is None else real_patch(path, card)

        self._looking.run(work)

    def _take_nearest(self, answer: tuple[Any, RealImages | None, NearestImage | None, Any]) -> None:
        key, real, self.nearest, patch = answer
        self._read = (key, real)
        setting = self.map.live.setting
        if setting is None or self.images is None:
            return
        grey = setting.card.grey
        self.beside.show_images([] if patch is None else [self.images[0], patch], grey.low, grey.high)
        self.beside_words.setText(nearest_words(self.nearest, patch is not None))
        self.found.emit()

    def _no_nearest(self, error: Exception) -> None:
        if not isinstance(error, MicrogenError | OSError):
            raise error
        self.beside.hide()
        self.beside_words.setText(str(error))
        self.found.emit()

    # -- sweeps --------------------------------------------------------------------

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.content is None:
            return "Click a cell of the map; the sweep begins there."
        return self.real.problem() or self.sweeping.problem()

    def start(self) -> None:
        """Change one condition at a time from this cell, by the command."""
        setting, row, values = self.map.live.setting, self.row(), self.sweeping.values()
        assert row is not None
        assert setting is not None
        out = Path(values["out"]).expanduser()
        chosen = {"vary": values["vary"], "device": device(), "seed": setting.seed}
        if self._folder() is not None:
            chosen |= self.real.values()
        words = as_words([p for p in described("sweep").parameters if p.name in chosen], chosen)
        settings = [f"--set={word}" for word in as_settings(row)]
        arguments = [
            "sweep",
            setting.model,
            "--out",
            str(out),
            f"--cache={usual_folder()}",
            *settings,
            *words,
        ]
        steps = run_child(arguments, environment=job_environment(), niceness=BRIEF)
        self.dock.launch("Sweeping", steps, lambda content: self._swept(out, content))

    def _swept(self, out: Path, content: Mapping[str, Any]) -> None:
        self.map.layers.beside("sweep", np.asarray(_picture(out / "sweep.png")))
        self.dock.notice.show_note(f"The sweep stands to the right of the map, and in {out}.")
        for note in content.get("notes") or ():
            self.dock.notice.add_note(f"Note: {note}.")

    def closing(self) -> None:
        """Read nothing any more."""
        self._looking.forget()
        self._looking.join(1.0)


def _images_of(card: Any, folder: tuple[Path, Path] | None) -> RealImages | None:
    return RealImages.of_model(card) if folder is None else RealImages.read(card, *folder)


def _picture(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def cell_words(content: Mapping[str, Any]) -> str:
    """Return in words what is known of a cell: conditions, support, class, numbers with uncertainties."""
    lines = [
        ", ".join(
            f"{name} {_number(entry['value'])}{_unit(entry.get('unit'))}"
            for name, entry in content["conditions"].items()
        )
    ]
    support = content["support"]
    flag = HATCHES[support["flag"]].meaning
    if support.get("ratio") is not None:
        flag += f" ({support['ratio']:.2g} x the usual distance from {support['nearest_image']})"
    if support.get("out_of_range"):
        flag += f"; out of range: {', '.join(support['out_of_range'])}"
    lines.append(flag[:1].upper() + flag[1:])
    if "class" in content:
        order = sorted(content["probabilities"].items(), key=lambda item: -item[1])
        lines.append(f"Most probable structure: {content['class']} (of {content['count']} images)")
        lines += [f"    {name} {share:.2f} {_spread(content['sd'][name])}" for name, share in order[:4]]
    for name, entry in (content.get("descriptors") or {}).items():
        value = "undefined" if entry["value"] is None else f"{entry['value']:.4g}{_unit(entry['unit'])}"
        lines.append(f"{name.replace('_', ' ')}: {value}")
        for key, meaning in (
            ("latent_sd", "spread between images"),
            ("standard_error", "standard error over the images"),
            ("between_models_sd", "spread between models"),
            ("conformal_half_width", "90 % half-width"),
        ):
            why = (entry.get("reasons") or {}).get(key)
            if entry.get(key) is not None:
                lines.append(f"    {meaning} {entry[key]:.3g}{_unit(entry['unit'])}")
            elif why:
                lines.append(f"    {meaning}: {why}")
    return "\n".join(lines)


def nearest_words(nearest: NearestImage | None, shown: bool) -> str:
    """Return in words which real image is nearest, and in what it differs."""
    if nearest is None:
        return "It cannot be told which real image is nearest."
    what = "Left generated, right the nearest real image" if shown else "Nearest training condition"
    differs = f"differs by {nearest.difference}" if nearest.difference else "has the same conditions"
    return f"{what}: {nearest.image}, which {differs}."


def _spread(value: float | None) -> str:
    return "" if value is None else f"± {value:.2f}"


def _number(value: Any) -> str:
    return "unknown" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _unit(unit: str | None) -> str:
    return "" if unit in (None, "1") else f" {unit}"
