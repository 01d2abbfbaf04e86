"""The steps of `prepare` as a list to tick: the details of a step unfold when it is on."""

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ..parameters import Parameter
from .forms import Form

STEPS = {
    "Polarity": ("invert",),
    "Registration": ("register", "max_shift", "keep_trend", "register_edges"),
    "Tilt": ("tilt_correction",),
    "Curtaining": ("curtaining", "curtain_angle", "curtain_longest"),
    "Shading": ("shading",),
    "Denoising": ("denoise", "denoise_strength"),
    "CLAHE": ("clahe", "clahe_block", "clahe_bins", "clahe_slope"),
}
"""Which parameters belong together; the first of each switches its step on."""
OFF = (None, False, "none", "")


class StepList(QWidget):
    """One form per step, in the order the steps are done."""

    changed = Signal()

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        super().__init__()
        self.forms: dict[str, Form] = {}
        by_name = {p.name: p for p in parameters}
        placed = {name for names in STEPS.values() for name in names}
        groups = STEPS | {"Other": tuple(name for name in by_name if name not in placed)}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for title, names in groups.items():
            members = [by_name[name] for name in names if name in by_name]
            if members:
                form = Form(members)
                form.changed.connect(self._edited)
                self.forms[title] = form
                column.addWidget(form)
        self._edited()

    def _edited(self) -> None:
        for title, form in self.forms.items():
            if title in STEPS:
                form.show_details(self.is_on(title))
        self.changed.emit()

    def is_on(self, title: str) -> bool:
        """Return whether a step is asked for."""
        switch = next(iter(self.forms[title].fields.values()))
        return bool(switch.problem()) or switch.value() not in OFF

    def values(self) -> dict[str, Any]:
        """Return the values of all steps; those of a step that is off count too, being recorded."""
        return {name: value for form in self.forms.values() for name, value in form.values().items()}

    def problem(self) -> str | None:
        """Return the first thing that keeps the steps from running, or None."""
        if not any(self.is_on(title) for title in self.forms if title in STEPS):
            return "Choose at least one step."
        return next((p for p in (form.problem() for form in self.forms.values()) if p), None)
