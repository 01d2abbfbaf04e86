"""Which features to try: ticks for the columns of a table, and a line for own formulas."""

import re
from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ..errors import MicrogenError
from ..regress.design_matrix import default_features, find_feature
from ..regress.presets import ENGINEERED, SYMBOLS
from ..regress.sample_table import SampleTable
from .choices import labelled
from .forms import tooltip

NAME = Qt.ItemDataRole.UserRole
FORMULA_TIP = (
    "Features computed from columns, separated by commas: slender = SA*phi, ln(D). Allowed are + - * / ** "
    "( ) and ln, log10, exp, sqrt, abs. Formulas are read, not run."
)


class FeatureList(QWidget):
    """Columns to tick and formulas to type."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setMaximumHeight(150)
        self.list.setMinimumHeight(96)
        self.formulas = QLineEdit()
        self.formulas.setPlaceholderText("slender = SA*phi, ln(D)")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        column.addWidget(labelled("Formulas", self.formulas, tooltip(FORMULA_TIP)))
        self.list.itemChanged.connect(lambda _: self.changed.emit())
        self.formulas.textChanged.connect(lambda _: self.changed.emit())

    def offer(self, table: SampleTable | None, target: str) -> None:
        """List the columns of a table but the property; those that would be tried by default are ticked."""
        known = [self.list.item(i).data(NAME) for i in range(self.list.count())]
        kept = {n: n in self.ticked() for n in known}
        self.list.blockSignals(True)
        self.list.clear()
        if table is not None:
            default = _default(table, target)
            possible = [name for name in table.numbers if name != target]
            offered = possible + [name for name in default if name not in possible]
            same = set(offered) <= set(known) | {target}
            for name in offered:
                self._add(table, name, kept.get(name, name in default) if same else name in default)
        self.list.blockSignals(False)

    def _add(self, table: SampleTable, name: str, on: bool) -> None:
        feature = find_feature(table, name)
        item = QListWidgetItem(name if feature.unit in (None, "1") else f"{name} [{feature.unit}]")
        item.setData(NAME, name)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        item.setToolTip(feature.formula or SYMBOLS.get(name, "").replace("_", " ") or "a column of the table")
        self.list.addItem(item)

    def ticked(self) -> list[str]:
        """Return the names that are ticked."""
        items = [self.list.item(i) for i in range(self.list.count())]
        return [item.data(NAME) for item in items if item.checkState() == Qt.CheckState.Checked]

    def tick_only(self, *names: str) -> None:
        """Tick these and no others."""
        for i in range(self.list.count()):
            item = self.list.item(i)
            on = item.data(NAME) in names
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

    def typed(self) -> list[str]:
        """Return the formulas."""
        return split_formulas(self.formulas.text())

    def chosen(self) -> tuple[str, ...]:
        """Return all features to try."""
        return (*self.ticked(), *self.typed())

    def problem(self, table: SampleTable | None) -> str | None:
        """Return what is wrong with the choice, or None."""
        if table is None:
            return None
        for text in self.typed():
            try:
                find_feature(table, text)
            except MicrogenError as error:
                return str(error)
        return None if self.chosen() else "Tick at least one feature."


def split_formulas(text: str) -> list[str]:
    """Return formulas separated by commas or semicolons.

    Examples
    --------
    >>> split_formulas("slender = SA*phi, ln(D);")
    ['slender = SA*phi', 'ln(D)']
    """
    return [part.strip() for part in re.split("[,;]", text) if part.strip()]


def _default(table: SampleTable, target: str) -> Sequence[str]:
    try:
        chosen, _ = default_features(table, target, None, engineered=True)
    except MicrogenError:
        return ()
    return [name for name in chosen if name in table.numbers or name in ENGINEERED]
