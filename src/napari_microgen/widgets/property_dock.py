"""Property dock: learn a property from measured features, and predict it for a volume."""

from typing import Any

from .dock import Dock
from .property_predict import PredictPage
from .property_relate import RelatePage

HELP = """**Relate** learns a property, such as the conductivity, from features of the microstructure.

1. Choose a table with one row per sample (CSV or Excel; units in brackets in its head), or measure at least
   four labels layers in the Measure dock and type the property of each.
2. Choose the property and the features to try, and press **Fit models**.
3. Select a model to see its predictions of samples left out, its errors, and what matters in it.

The best of many models on few samples looks better than it is. Quote the line *with the choice repeated
without each sample*.

**Predict** applies the selected model, or a saved one, to a labels layer. What the model needs is measured
first. The interval says how far to trust the value; a volume outside the fitted range is marked."""


class PropertyDock(Dock):
    """From structure to property: regression, importance, prediction."""

    help_text = HELP

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.relate = RelatePage(self)
        self.predict = PredictPage(self, self.relate)
        self.add_page(self.relate)
        self.add_page(self.predict)
