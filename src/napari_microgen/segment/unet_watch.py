"""What is seen of a training while it runs: validation, a small preview, the final scores."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..progress import Progress, Steps
from ..train.budget import Budget
from .unet_data import LabelledStack, TrainingData
from .unet_method import Segmenter, confusion, mean_jaccard
from .unet_paper import STRIDE
from .unet_patches import Sample, whole_plane

PREVIEW_SECONDS = 2.0
"""Time between two previews."""
PREVIEW_SIDE = 128
"""Side of each half of a preview, in px."""
VALIDATIONS = 20
"""Validations in a whole training."""


class Watch:
    """Validates a segmenter now and then, and shows what it predicts."""

    def __init__(self, method: Segmenter, data: TrainingData, budget: Budget) -> None:
        self.method, self.data, self.budget = method, data, budget
        self._shown = time.monotonic() - PREVIEW_SECONDS / 2
        self.every = max(10, (budget.total or 1000) // VALIDATIONS) if data.counts[1] else 0
        stack, index = self._example()
        window = whole_plane(stack, index, data.context, STRIDE)[0]
        rows, columns = (slice(max(0, n - PREVIEW_SIDE) // 2, None) for n in window.shape[1:])
        self._window = window[:, rows, columns][:, :PREVIEW_SIDE, :PREVIEW_SIDE]

    def evaluate(self, step: int) -> Steps[Mapping[str, float]]:
        """Validate after every twentieth part of the training and at its end."""
        if not self.every or not step or (step % self.every and not self.budget.done):
            return {}
        return (yield from self.method.validate(self.planes))

    def planes(self) -> Iterator[Sample]:
        """Yield the planes held back."""
        for stack in self.data.stacks:
            for index in stack.validation:
                yield whole_plane(stack, index, self.data.context, STRIDE)

    def preview(self) -> np.ndarray | None:
        """Return the middle of one plane and, beside it, what the network makes of it; or None.

        Returns
        -------
        ndarray of uint8, shape (R, 2 C), or None
            At most 128 rows and 256 columns; None if the last preview is too recent.
        """
        if time.monotonic() - self._shown < PREVIEW_SECONDS:
            return None
        self._shown = time.monotonic()
        self.method.use_average()
        found = self.method.logits(self._window).argmax(0).cpu().numpy()
        levels = np.linspace(255, 0, len(self.data.classes)).astype(np.uint8)
        middle = self._window[len(self._window) // 2]
        low, high = np.percentile(middle, (1, 99))
        grey = np.clip((middle - low) / max(float(high - low), 1e-6), 0, 1) * 255
        return np.hstack([grey.astype(np.uint8), levels[found]])

    def scores(self) -> Steps[dict[str, Any]]:
        """Return the scores of the final weights on the planes held back; empty if there are none."""
        pairs = np.zeros((len(self.data.classes),) * 2, np.int64)
        self.method.use_final()
        for image, labels in self.planes():
            found = self.method.logits(image).argmax(0).cpu().numpy()
            pairs += confusion(labels, found, len(pairs))
            yield Progress(self.budget.step, self.budget.total, "scoring")
        return scores_of(pairs, self.data.classes) if pairs.any() else {}

    def notes(self) -> list[str]:
        """Return what went differently from the plain run."""
        if self.method.pieces == 1:
            return []
        return [f"memory was short: each batch was cut into {self.method.pieces} parts, with the same result"]

    def _example(self) -> tuple[LabelledStack, int]:
        held_back = [(stack, index) for stack in self.data.stacks for index in stack.validation]
        return (held_back or [(s, i) for s in self.data.stacks for i in s.training])[0]


def scores_of(pairs: np.ndarray, classes: list[int]) -> dict[str, Any]:
    """Return accuracy, mean Jaccard index and the scores by label value of a table of pixel counts.

    Parameters
    ----------
    pairs : ndarray of int, shape (n, n)
        Pixels by true class (rows) and found class (columns).
    classes : list of int
        Label value of each class.

    Examples
    --------
    >>> scores_of(np.array([[3, 1], [0, 4]]), [1, 2])["accuracy"]
    0.875
    """
    by_class = {}
    for number, value in enumerate(classes):
        hits = int(pairs[number, number])
        true, found = int(pairs[number].sum()), int(pairs[:, number].sum())
        by_class[str(value)] = {
            "jaccard": hits / (true + found - hits) if true + found else None,
            "precision": hits / found if found else None,
            "recall": hits / true if true else None,
        }
    return {
        "accuracy": float(np.trace(pairs) / pairs.sum()),
        "mean_jaccard": mean_jaccard(pairs),
        "classes": by_class,
    }
