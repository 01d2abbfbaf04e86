"""One input per kind of parameter: tick box, choice, number, text, path."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)

from ..parameters import Parameter

AUTOMATIC, NONE, NOT_GIVEN = "automatic", "none", "not given"
"""What an empty input of an optional parameter shows, depending on what its help text says."""
ACRONYMS = {"clahe": "CLAHE", "voi": "VOI"}
_LARGEST = 2**31 - 1
FOLDERS = ("out", "model", "snapshots", "images", "training")
"""Parameters that are folders."""
_WORDS: dict[Any, str] = {int: "a whole number", float: "a number", str: "text", Path: "a path"}


class Field(QWidget):
    """An input for one value."""

    changed = Signal()

    def value(self) -> Any:
        """Return the value; raises ValueError while the text means nothing."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value."""
        raise NotImplementedError

    def problem(self) -> str | None:
        """Return why there is no value, or None."""
        try:
            self.value()
        except ValueError as error:
            return str(error)
        return None

    def _fill(self, *parts: QWidget) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in parts:
            row.addWidget(part, 1)
        self.setFocusProxy(parts[0])


class TickField(Field):
    """Yes or no."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self.box = QCheckBox()
        self.box.toggled.connect(lambda _: self.changed.emit())
        self._fill(self.box)

    def value(self) -> bool:
        """Return whether it is ticked."""
        return self.box.isChecked()

    def set_value(self, value: Any) -> None:
        """Tick or untick."""
        self.box.setChecked(bool(value))


class ChoiceField(Field):
    """One of a few words."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self.box = QComboBox()
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box.installEventFilter(no_wheel(self))
        if parameter.optional:
            self.box.addItem(_empty(parameter), None)
        for choice in parameter.choices:
            self.box.addItem(str(choice).replace("_", " "), choice)
        self.box.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._fill(self.box)

    def value(self) -> Any:
        """Return the chosen value."""
        return self.box.currentData()

    def set_value(self, value: Any) -> None:
        """Choose a value."""
        self.box.setCurrentIndex(max(0, self.box.findData(value)))


class WholeField(Field):
    """A whole number."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self.box = QSpinBox()
        self.box.setRange(-_LARGEST, _LARGEST)
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box.installEventFilter(no_wheel(self))
        self.box.valueChanged.connect(lambda _: self.changed.emit())
        self._fill(self.box)

    def value(self) -> int:
        """Return the number."""
        return self.box.value()

    def set_value(self, value: Any) -> None:
        """Show a number."""
        self.box.setValue(int(value))


class TextField(Field):
    """Anything written as text: numbers, words, several of them separated by commas."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self.parameter = parameter
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(_empty(parameter) if parameter.optional else _expected(parameter.type))
        self.edit.textChanged.connect(lambda _: self.changed.emit())
        self._fill(self.edit)

    def value(self) -> Any:
        """Return what the text means."""
        text = self.edit.text().strip()
        if not text:
            if self.parameter.optional:
                return None
            if self.parameter.default in ("", (), []):
                return self.parameter.default
            raise ValueError(
                f"{readable(self.parameter.name)} is empty; give {_expected(self.parameter.type)}."
            )
        for kind in _kinds(self.parameter.type):
            try:
                return meaning(kind, text)
            except ValueError:
                continue
        raise ValueError(
            f"{readable(self.parameter.name)} is {text!r}; give {_expected(self.parameter.type)}."
        )

    def set_value(self, value: Any) -> None:
        """Show a value."""
        self.edit.setText(as_text(value))


class PathField(TextField):
    """A file or folder, typed or picked."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(parameter)
        self.button = QToolButton()
        self.button.setText("…")
        self.button.setToolTip("Choose a file or folder")
        self.button.clicked.connect(self._pick)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(self.button)

    def _pick(self) -> None:
        folder = "dir" in self.parameter.name or self.parameter.name in FOLDERS
        if folder:
            chosen = QFileDialog.getExistingDirectory(self, readable(self.parameter.name))
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, readable(self.parameter.name))
        if chosen:
            self.edit.setText(chosen)


def field_of(parameter: Parameter) -> Field:
    """Return the input that suits a parameter, showing its default."""
    field = _maker(parameter)(parameter)
    if not parameter.required:
        field.set_value(parameter.default)
    return field


def _maker(parameter: Parameter) -> Callable[[Parameter], Field]:
    if parameter.type is bool and not parameter.optional:
        return TickField
    if parameter.choices:
        return ChoiceField
    if parameter.type is int and not parameter.optional:
        return WholeField
    if Path in _kinds(parameter.type):
        return PathField
    return TextField


def readable(name: str) -> str:
    """Return a parameter's name for people.

    Examples
    --------
    >>> readable("max_shift")
    'Max shift'
    """
    words = [ACRONYMS.get(word, word) for word in name.replace("_", " ").replace("-", " ").split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def as_text(value: Any) -> str:
    """Return a value as it is typed.

    Examples
    --------
    >>> as_text((25.0, 18.6)), as_text(None), as_text(0.001)
    ('25, 18.6', '', '0.001')
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(as_text(item) for item in value)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def meaning(kind: Any, text: str) -> Any:
    """Return what ``text`` means as ``kind``.

    Raises
    ------
    ValueError
        If it does not fit.

    Examples
    --------
    >>> meaning(tuple[float, float], "25, 18.6"), meaning(tuple[str, ...], "a,b")
    ((25.0, 18.6), ('a', 'b'))
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (tuple, list):
        parts = [part.strip() for part in text.split(",") if part.strip()]
        many = origin is list or inner[-1] is Ellipsis
        if not many and len(parts) != len(inner):
            raise ValueError(text)
        types = [inner[0]] * len(parts) if many else inner
        return origin(meaning(t, part) for t, part in zip(types, parts, strict=True))
    if inner:
        matches = [choice for choice in inner if str(choice) == text]
        if not matches:
            raise ValueError(text)
        return matches[0]
    if kind is bool:
        return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
    value = kind(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(text)
    return value


def _empty(parameter: Parameter) -> str:
    """Return what leaving an input empty means, as the help text says."""
    words = parameter.help.lower()
    if "left out:" in words or "left out," in words:
        return AUTOMATIC
    return NONE if "none" in words else NOT_GIVEN


def _kinds(kind: Any) -> tuple[Any, ...]:
    return kind if isinstance(kind, tuple) else (kind,)


def _expected(kind: Any) -> str:
    if isinstance(kind, tuple):
        return " or ".join(_expected(k) for k in kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is list or (origin is tuple and inner[-1] is Ellipsis):
        return f"{_expected(inner[0])}, or several separated by commas"
    if origin is tuple:
        return f"{len(inner)} values separated by commas"
    if inner:
        return " or ".join(str(choice) for choice in inner)
    return _WORDS.get(kind, "a value")


class _NoWheel(QObject):
    """Keeps the mouse wheel from changing a value while a form is scrolled."""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        if watched is None or event is None:
            return False
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return False


def no_wheel(parent: QObject) -> _NoWheel:
    """Return an event filter that leaves the mouse wheel to the page unless the input has the focus."""
    return _NoWheel(parent)
