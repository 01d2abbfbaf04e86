"""Window page: what is asked of conditions and structures, and where on the map it all holds."""

from dataclasses import replace
from typing import Any

from qtpy.QtCore import QTimer

from ..errors import MicrogenError
from ..zones.constraints import parse_constraint
from ..zones.descriptors import ALIASES
from ..zones.diagram import Diagram, window_record
from ..zones.summary import window_lines
from ..zones.window_request import WindowRequest
from .described import described
from .dock import Dock, Page, in_window_words
from .forms import Form, options_of
from .zones_map import MapPage
from .zones_words import words_label

ROWS = ("where", "class_", "probability", "spreads", "direction", "extrapolate")


class WindowPage(Page):
    """The process window of the map that is shown."""

    title = "Window"
    run_label = "Outline the window"

    def __init__(self, dock: Dock, shown: MapPage) -> None:
        super().__init__(dock)
        self.map = shown
        self.form = Form(options_of(described("zones"), only=ROWS))
        self.result = words_label()
        self.window: Any = None
        self._pace = QTimer(self)
        self._pace.setSingleShot(True)
        self._pace.setInterval(150)
        self._pace.timeout.connect(self._follow)
        for part in (self.form, self.result):
            self.column.addWidget(part)
        self.form.changed.connect(self._changed)
        shown.shown.connect(self._pace.start)

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.map.live.setting is None:
            return "There is no map yet; open a model on the page Map."
        if (wrong := self.form.problem()) is not None:
            return wrong
        try:
            if self._request(self.map.live.setting) is None:
                return "Give a constraint, such as temperature<450, or a class that is wanted."
        except (MicrogenError, ValueError) as error:
            return in_window_words(str(error))
        if self.map.diagram() is None:
            return "The map is not complete yet."
        return None

    def start(self) -> None:
        """Find the window and outline it on the map."""
        diagram = self.map.diagram()
        if diagram is not None:
            self._outline(diagram)

    def _changed(self) -> None:
        self.changed.emit()
        self._pace.start()

    def _follow(self) -> None:
        """Bring the outline in line with the map and the form."""
        self.map.window_words = {}
        setting = self.map.live.setting
        if setting is None:
            self._clear("")
            return
        why = self.problem()
        if why is not None:
            self._clear(why if self._asked() else "")
            return
        self.dock.attempt(self.start)

    def _asked(self) -> bool:
        return self.form.problem() is not None or bool(
            self.form.values()["where"] or self.form.values()["class_"]
        )

    def _clear(self, why: str) -> None:
        self.window = None
        self.result.setText(why)
        self.map.layers.outline(None)
        self.changed.emit()

    def _request(self, setting: Any) -> WindowRequest | None:
        """Return what is asked; None if nothing is.

        Raises
        ------
        MicrogenError
            If it makes no sense.
        """
        values = self.form.values()
        if not (values["where"] or values["class_"]):
            return None
        structure = values["class_"] or None
        if structure is not None and not setting.classes:
            raise ValueError(
                f"The class {structure!r} is wanted, but there is no classifier that could tell. Choose one "
                f"on the page Map."
            )
        if structure is not None and structure not in setting.classes:
            raise ValueError(
                f"There is no class {structure!r}; the classifier knows {', '.join(setting.classes)}."
            )
        if structure is not None and setting.count < 2:
            raise ValueError(
                "A window of a class needs at least 2 images of each cell (Count on the page Map)."
            )
        names = {str(e["name"]): e.get("unit") for e in setting.card.conditions}
        if setting.descriptor is not None:
            names |= {setting.descriptor: self._unit(setting)}
            names |= {a: names[n] for a, n in ALIASES.items() if n == setting.descriptor and a not in names}
        found = [parse_constraint(text, names) for text in values["where"]]
        found = [
            c if c.name in setting.base.values else replace(c, name=ALIASES.get(c.name, c.name))
            for c in found
        ]
        return WindowRequest(
            tuple(found), structure, float(values["probability"]), float(values["spreads"]),
            tuple(values["direction"]), bool(values["extrapolate"]),
        )  # fmt: skip

    def _unit(self, setting: Any) -> str | None:
        for content in self.map.live.said.values():
            for entry in (content.get("descriptors") or {}).values():
                unit = entry.get("unit")
                return None if unit == "1" else unit
        return None

    def _outline(self, diagram: Diagram) -> None:
        request = self._request(self.map.live.setting)
        assert request is not None
        try:
            self.window = request.window(diagram)
        except MicrogenError as error:
            self._clear(in_window_words(str(error)))
            return
        values = self.form.values()
        self.map.window_words = {name: values[name] for name in ROWS}
        self.map.layers.outline(self.window)
        axes = {"x": diagram.x.to_dict(), "y": diagram.y.to_dict()}
        lines = window_lines(window_record(self.window, diagram), axes)
        self.result.setText("\n".join(line[:1].upper() + line[1:] for line in map(str.strip, lines)))
        self.changed.emit()

    def closing(self) -> None:
        """Follow the map no more."""
        self._pace.stop()
