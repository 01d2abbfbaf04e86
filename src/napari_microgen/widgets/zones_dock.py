"""Zones dock: a map from two conditions to microstructures, made as you look at it."""

from typing import Any

from .dock import Dock
from .zones_cell import CellPage
from .zones_find import FindPage
from .zones_map import MapPage
from .zones_window import WindowPage

HELP = """**Zones** shows which microstructure two process conditions give, and how far that is known.

- **Map**: open a model, choose two conditions for the axes and move a slider for each of the others. The map
  comes coarse first, then finer; zoom in, and finer conditions of what is in view are generated. With a
  *classifier* the most probable structure of each cell is drawn, with something to *measure* its contours,
  coloured by its mean or by how far that is known.
  Hatching says how far a cell is known: *gap* and *extrapolated* cells are not to be trusted. *Save diagram*
  writes PNG, SVG, TIFF, numbers and recipe.
- **Cell**: click a cell to see more of its images, probabilities, uncertainties, and the nearest real image.
  *Sweep* changes one condition at a time from there.
- **Window**: say what is asked of conditions and structures. Where all of it holds is outlined, with the best
  point and how far each condition may move from there.
- **Find**: say what microstructure is wanted. Conditions that give it are ranked; click one to go there.

Images are made in a process of their own; the window stays free."""


class ZonesDock(Dock):
    """From conditions to structures, and back."""

    help_text = HELP

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.map = MapPage(self)
        self.cell = CellPage(self, self.map)
        self.window_page = WindowPage(self, self.map)
        self.find = FindPage(self, self.map)
        for page in (self.map, self.cell, self.window_page, self.find):
            self.add_page(page)
        self.map.clicked.connect(self._look_closer)

    def _look_closer(self, across: float, up: float) -> None:
        """Look at the cell that was clicked, or between cells where there is none yet."""
        setting = self.map.live.setting
        if setting is None:
            return
        tile = self.map.layers.tile_at(across, up)
        if tile is not None:
            self.map.live.pick(setting.row_of(tile))
            self.turn_to(self.cell.title)
