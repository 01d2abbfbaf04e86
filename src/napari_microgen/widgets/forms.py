"""A form built from an operation's signature and docstring; no default is written here."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QToolButton, QWidget

from ..operations import plain
from ..parameters import Description, Parameter
from .fields import Field, field_of, readable

LABEL_WIDTH = 104
"""Names are as wide in all forms, so that inputs stand in line."""
MANY, FIRST = 9, 5
"""A form of more than 9 rows shows the first 5, and the others on demand."""


class Form(QWidget):
    """Inputs for the options of an operation; images and labels are chosen elsewhere.

    Parameters
    ----------
    parameters : collection of Parameter
        What to ask for, in this order.
    """

    changed = Signal()

    def __init__(self, parameters: Collection[Parameter], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._relevant: dict[str, bool] = {}
        self._folded = False
        self.fields: dict[str, Field] = {}
        self.labels: dict[str, QLabel] = {}
        self.parameters = {p.name: p for p in parameters}
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setVerticalSpacing(4)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for parameter in parameters:
            self._add(parameter)
        self.more = QToolButton()
        self.more.setCheckable(True)
        self.more.setText("More settings")
        self.more.setToolTip("Show what rarely needs a change")
        self.more.toggled.connect(lambda _: self._follow_choices())
        self._layout.addRow(self.more)
        self._follow_choices()

    def _add(self, parameter: Parameter) -> None:
        field, label = field_of(parameter), QLabel(readable(parameter.name))
        tip = tooltip(parameter.help)
        field.setToolTip(tip)
        label.setToolTip(tip)
        label.setMinimumWidth(LABEL_WIDTH)
        field.setObjectName(parameter.name)
        field.changed.connect(self._edited)
        self._layout.addRow(label, field)
        self.fields[parameter.name], self.labels[parameter.name] = field, label

    def _edited(self) -> None:
        self._follow_choices()
        self.changed.emit()

    def show_details(self, on: bool) -> None:
        """Show only the first row, a switch, or all that belongs to it."""
        self._folded = not on
        self._follow_choices()

    def values(self) -> dict[str, Any]:
        """Return every parameter's value, as shown.

        Raises
        ------
        ValueError
            If an input means nothing.
        """
        return {name: field.value() for name, field in self.fields.items() if self.applies(name)}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show values; unknown names are left out."""
        for name, value in values.items():
            if name in self.fields:
                self.fields[name].set_value(value)

    def problem(self) -> str | None:
        """Return the first thing that keeps the operation from running, or None."""
        problems = (field.problem() for name, field in self.fields.items() if self.applies(name))
        return next((p for p in problems if p), None)

    def applies(self, name: str) -> bool:
        """Return whether a parameter is asked for at present."""
        return self._relevant[name]

    def _follow_choices(self) -> None:
        """Show a parameter that belongs to one choice of another only while that is chosen."""
        chosen = {str(self.fields[p.name].value()) for p in self.parameters.values() if p.choices}
        known = {str(choice) for p in self.parameters.values() for choice in p.choices}
        for name, parameter in self.parameters.items():
            owner = meant_for(parameter)
            self._relevant[name] = owner is None or owner not in known or owner in chosen
        rows = [name for name, relevant in self._relevant.items() if relevant]
        first = rows if len(rows) <= MANY else rows[:FIRST]
        self.more.setVisible(len(rows) > MANY)
        for name in self.parameters:
            shown = self._relevant[name] and (name in first or self.more.isChecked())
            shown = shown and not (self._folded and name != rows[0])
            self.fields[name].setVisible(shown)
            self.labels[name].setVisible(shown)


def tooltip(text: str) -> str:
    """Return a help text as a tooltip that wraps."""
    words = re.sub("``(.+?)``", r"<b>\1</b>", text)
    return f"<qt>{words}</qt>" if text else ""


def meant_for(parameter: Parameter) -> str | None:
    """Return the choice a parameter belongs to, as its help text says, or None if it always counts.

    Examples
    --------
    >>> meant_for(Parameter("area", float, True, None, "For ``hybrid``: mean area.", False))
    'hybrid'
    """
    found = re.match(r"For ``(\w+)``", parameter.help) or re.search(r"for ``(\w+)`` only", parameter.help)
    return found.group(1) if found else None


def options_of(
    description: Description, *, leave_out: Collection[str] = (), only: Collection[str] | None = None
) -> tuple[Parameter, ...]:
    """Return the parameters of an operation that a form asks for."""
    return tuple(
        p
        for p in description.parameters
        if not p.is_volume and p.name not in leave_out and (only is None or p.name in only)
    )


def as_words(parameters: Collection[Parameter], values: Mapping[str, Any]) -> list[str]:
    """Return values as options of the command line; those that equal their default are left out."""
    words: list[str] = []
    for parameter in parameters:
        if parameter.name not in values or plain(values[parameter.name]) == plain(parameter.default):
            continue
        value, option = values[parameter.name], f"--{parameter.name.rstrip('_').replace('_', '-')}"
        if parameter.type is bool and not parameter.optional:
            words.append(option if value else f"--no-{option[2:]}")
        elif value is None:
            words.append(f"{option}=none")
        elif isinstance(value, list | tuple):
            words.append(f"{option}={','.join(str(item) for item in value)}")
        else:
            words.append(f"{option}={value}")
    return words
