"""Labels with wrapped words, and pictures that are drawn as large as a dock is wide."""

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QLabel, QSizePolicy

GAP = 3
"""Pixels between two images of a sheet."""


def words_label() -> QLabel:
    """Return a label whose words wrap and can be copied, and that makes no dock wider."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
    return label


class Sheet(QLabel):
    """Images side by side, enlarged by a whole number."""

    def __init__(self, columns: int, wide: int = 300) -> None:
        super().__init__()
        self.columns, self.wide = columns, wide
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_images(self, images: Sequence[np.ndarray], low: float, high: float) -> None:
        """Show grey images of one shape, black at ``low`` and white at ``high``."""
        self.setVisible(len(images) > 0)
        if len(images):
            self.setPixmap(_pixmap(contact_sheet(images, self.columns, low, high), self.wide))


def contact_sheet(images: Sequence[np.ndarray], columns: int, low: float, high: float) -> np.ndarray:
    """Return images in rows of so many columns, uint8 (R, C).

    Examples
    --------
    >>> contact_sheet([np.zeros((2, 2)), np.ones((2, 2))], 2, 0, 1).shape
    (2, 7)
    """
    rows, size = -(-len(images) // columns), images[0].shape
    wide = min(columns, len(images))
    sheet = np.full((rows * (size[0] + GAP) - GAP, wide * (size[1] + GAP) - GAP), 128, np.uint8)
    for number, image in enumerate(images):
        share = (np.asarray(image, np.float64) - low) / ((high - low) or 1.0)
        row, column = divmod(number, columns)
        top, left = row * (size[0] + GAP), column * (size[1] + GAP)
        sheet[top : top + size[0], left : left + size[1]] = np.rint(255 * np.clip(share, 0, 1))
    return sheet


def _pixmap(sheet: np.ndarray, wide: int) -> QPixmap:
    sheet = np.ascontiguousarray(sheet)
    rows, columns = sheet.shape
    image = QImage(sheet.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
    return QPixmap.fromImage(image).scaledToWidth(wide, Qt.TransformationMode.FastTransformation)
