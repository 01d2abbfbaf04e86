"""The search for the best model, written so that it can be repeated without some rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import RegressionError
from ..progress import Progress, Steps
from .cross_validation import NestedFold, nested_selection, single_rows
from .design_matrix import DesignMatrix
from .intervals import Stability, affordable_resamples, resampled_weights, selection_stability
from .linear import fit
from .ranking import Columns, RankedModel, all_subsets, fitted_subsets, nested_among, ranked, subsets_of_paper
from .report import stability_block
from .subsets import SubsetErrors, count_subsets

MAX_SINGLE_FOLDS = 100
"""Larger tables are cut into `BLOCKS` folds where a model is chosen again for each fold."""
BLOCKS = 20


@dataclass(frozen=True)
class Ranking:
    """The outcome of a search."""

    models: list[RankedModel]
    """Best first; at least one."""
    undetermined: list[tuple[str, ...]]
    """Subsets that the rows do not determine."""
    notes: list[str]
    """What was not tried, and why."""


@dataclass(frozen=True)
class Search:
    """The rows, and the models to choose from."""

    matrix: DesignMatrix
    """Rows and candidates."""
    kind: str
    """``subsets`` for all of them, ``full`` for all candidates together, ``paper`` for the named models."""
    largest: int | None
    """Largest number of features in a model; None for no limit."""

    def limit(self, held_out: int = 0) -> int:
        """Return the largest model that the rows can determine and one of them can test."""
        rows, count = self.matrix.features.shape
        return min(self.largest or count, count, rows - held_out - 2)

    def smallest(self) -> int:
        """Return the smallest model: two features, as in the paper, or the only one."""
        return min(2, len(self.matrix.names))

    def rank(self) -> Steps[Ranking]:
        """Fit and order the models.

        Raises
        ------
        RegressionError
            If the rows determine none.
        """
        found, total, notes = self._subsets()
        done: list[SubsetErrors] = []
        for index, subset in enumerate(found):
            done.append(subset)
            if index % 50 == 0:
                yield Progress(index, total, f"fitting {total} models")
        models, undetermined = ranked(self.matrix, done)
        if not models:
            fit(self.matrix.features, self.matrix.target, self.matrix.names)  # says what is wrong
            raise RegressionError(
                "No model is determined by these rows; add samples or name other features."
                + "".join(f" ({note})" for note in notes)
            )
        return Ranking(models, undetermined, notes)

    def again_without(self, folds: np.ndarray) -> list[NestedFold | None]:
        """Choose the model anew without each fold, bool (folds, rows)."""
        if self.kind != "subsets":
            found, _, _ = self._subsets()
            return nested_among(self.matrix, folds, [subset.columns for subset in found])
        limit = self.limit(int(folds.sum(axis=1).max()))
        if limit < self.smallest():
            return [None] * len(folds)
        features, target = self.matrix.features, self.matrix.target
        return nested_selection(features, target, folds, smallest=self.smallest(), largest=limit)

    def stability(self, resamples: int, seed: int) -> Steps[dict[str, Any] | None]:
        """Choose the best subset in every resample of the rows; None if there is no choice or no resample."""
        if self.kind != "subsets" or resamples == 0:
            return None
        total = count_subsets(len(self.matrix.names), self.smallest(), self.limit())
        drawn = affordable_resamples(resamples, len(self.matrix.target), total)
        weights = resampled_weights(len(self.matrix.target), drawn, seed)
        outcome = Stability(0)
        features, target = self.matrix.features, self.matrix.target
        for item in selection_stability(
            features, target, weights, smallest=self.smallest(), largest=self.limit()
        ):
            if isinstance(item, Stability):
                outcome = item
            else:
                yield Progress(item, total, "drawing the rows again")
        return stability_block(self.matrix, outcome, drawn)

    def _subsets(self) -> tuple[Iterable[SubsetErrors], int, list[str]]:
        count = len(self.matrix.names)
        if self.kind == "paper":
            named, notes = subsets_of_paper(self.matrix)
            return fitted_subsets(self.matrix, named.values()), len(named), notes
        if self.kind == "full":
            everything: Columns = tuple(range(count))
            return fitted_subsets(self.matrix, [everything]), 1, []
        limit, notes = self.limit(), []
        if limit < min(self.largest or count, count):
            rows = len(self.matrix.target)
            notes = [f"{rows} rows determine at most {limit} features together; larger models were not tried"]
        return all_subsets(self.matrix, self.largest), count_subsets(count, self.smallest(), limit), notes


def outer_folds(rows: int, seed: int) -> np.ndarray:
    """Return single rows, or random blocks of a large table, bool (folds, rows)."""
    if rows <= MAX_SINGLE_FOLDS:
        return single_rows(rows)
    place = np.random.default_rng(seed).permutation(rows) % BLOCKS
    return np.asarray(place == np.arange(BLOCKS)[:, None])
