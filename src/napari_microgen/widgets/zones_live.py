"""A live map: what is in view is asked of the child, newest view first, and kept as it comes."""

from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from ..zones.descriptors import Measure, otsu_share
from ..zones.diagram import CellResult, Diagram
from ..zones.placement import FIRST, coarse_to_fine
from . import collector
from .zones_server import CellAnswer, ZoneServer
from .zones_setting import Box, Setting, Tile

MOST_TILES = 6000
"""Tiles kept in memory; those on disk stay."""
LOOK = 8
"""Images that are shown of a cell that was clicked."""
WHOLE = (0.0, 1.0, 0.0, 1.0)
PICKED = "picked"


class LiveZones(QObject):
    """The tiles of a map, and the process that makes them."""

    painted = Signal()
    """There is something new to paint."""
    judged = Signal()
    """Something new is said of cells of the whole map."""
    picked = Signal(object, object)
    """What is said of the cell that was clicked, and its images."""
    status = Signal(str)
    refused = Signal(str)
    """Why something cannot be done; the rest goes on."""
    failed = Signal(str, str)
    """The process has ended by itself."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setting: Setting | None = None
        self.server: ZoneServer | None = None
        self.tiles: dict[Tile, np.ndarray] = {}
        self.said: dict[Tile, dict[str, Any]] = {}
        """What is known of each tile."""
        self.complete: set[Tile] = set()
        """Tiles of the whole map that were judged as asked."""
        self.view: tuple[float, float, float, float] | None = WHOLE
        self.box: Box | None = None
        """Tiles in view, where they are finer than those of the whole map."""
        self._number = 0
        self._sent: dict[int, tuple[Setting, bool]] = {}
        self._picked: dict[str, Any] | None = None
        self._no_words = False
        self.idle = True

    def show(self, setting: Setting | None, where: str | None = None) -> None:
        """Show something else; what is being made for what was shown before is cancelled."""
        before, self.setting = self.setting, setting
        if setting is None:
            self.stop()
        elif self.server is None or before is None or before.model != setting.model:
            self.stop()
            self.setting = setting
            self._start(setting.model, where)
        if setting is None or not setting.same_images(before):
            self.tiles.clear()
            self._picked = None
        if setting is None or not setting.same_words(before):
            self.said.clear()
            self.complete.clear()
            self._no_words = False
        self._find_box()
        self.painted.emit()
        self.judged.emit()
        self._ask()

    def look(self, view: tuple[float, float, float, float] | None) -> None:
        """Look at another part (left, right, low, high, from 0 to 1), or at nothing."""
        if view == self.view:
            return
        self.view = view
        before = self.box
        self._find_box()
        if self.box != before:
            self.painted.emit()
            self._ask()

    def pick(self, row: dict[str, Any]) -> None:
        """Look closely at one condition; this goes before everything else."""
        self._picked = row
        self._ask()

    def stop(self, *, wait: bool = False) -> None:
        """End the process."""
        server, self.server = self.server, None
        self.setting, self.idle = None, True
        collector.wake(self)
        if server is not None:
            server.stop(wait=wait)
            server.deleteLater()

    def diagram(self) -> Diagram | None:
        """Return the whole map as the command would; None until every cell is there."""
        setting = self.setting
        if setting is None:
            return None
        tiles = self._whole()
        known = self.complete if setting.judges else self.said
        if any(tile not in known or tile not in self.tiles for tile in tiles):
            return None
        x, y = setting.grid()
        cells = [self._result(setting, tile) for tile in sorted(tiles, key=lambda t: (t[2], t[1]))]
        units = {str(entry["name"]): entry.get("unit") for entry in setting.card.conditions}
        names = () if setting.descriptor is None else tuple(cells[0].descriptors)
        return Diagram(x, y, setting.base, units, cells, setting.classes, names)

    def _result(self, setting: Setting, tile: Tile) -> CellResult:
        content = self.said[tile]
        shares, spread = content.get("probabilities"), content.get("sd")
        return CellResult(
            tile[1],
            tile[2],
            {name: entry["value"] for name, entry in content["conditions"].items()},
            content["support"],
            self.tiles[tile],
            int(content["count"]),
            None if shares is None else np.array([shares[c] for c in setting.classes], float),
            None if spread is None else np.array([spread[c] for c in setting.classes], float),
            None,
            dict(content.get("descriptors") or {}),
        )

    # -- what is asked -------------------------------------------------------------

    def _start(self, model: str, where: str | None) -> None:
        self.server = ZoneServer(model, where, self)
        self.server.answered.connect(self._take)
        self.server.done.connect(self._done)
        self.server.told.connect(self._tell)
        self.server.unmet.connect(self._unmet)
        self.server.failed.connect(self._failed)
        self.server.start()
        collector.rest(self)
        self.status.emit("The model is being loaded.")

    def _whole(self) -> list[Tile]:
        assert self.setting is not None
        return Box.whole(self.setting.level).tiles()

    def _find_box(self) -> None:
        self.box = None
        if self.setting is None or self.view is None:
            return
        left, right, low, high = self.view
        level = self.setting.live.level_for(max(right - left, high - low))
        if level > self.setting.level:
            self.box = Box.seen(self.view, level)

    def _ask(self) -> None:
        """Send what is most urgent: a clicked cell, then what is in view, then what is said of cells."""
        setting, server = self.setting, self.server
        if setting is None or server is None:
            return
        self._number += 1
        self._sent = {n: v for n, v in self._sent.items() if n > self._number - 20}
        self._sent[self._number] = (setting, False)
        how: dict[str, Any] = {"seed": setting.seed, "same_noise": setting.same_noise}
        self.idle = False
        if self._picked is not None:
            count = max(LOOK, setting.count if setting.judges else 1)
            words = {} if self._no_words else self._words(setting)
            self._sent[self._number] = (setting, bool(words))
            server.view(self._number, [self._picked], [PICKED], count=count, send=LOOK, **how, **words)
            return
        wanted = self._wanted(setting)
        lacking = [tile for tile in wanted if tile not in self.tiles or tile not in self.said]
        if lacking:
            self._send(setting, server, lacking, how)
            return
        rest = [tile for tile in self._whole() if tile not in self.complete]
        if setting.judges and rest and not self._no_words:
            self._sent[self._number] = (setting, True)
            self._send(
                setting, server, rest, how | self._words(setting) | {"count": setting.count, "send": 0}
            )
            return
        self.idle = True
        server.view(self._number, [], [])
        self.status.emit("")

    def _wanted(self, setting: Setting) -> list[Tile]:
        whole = self._whole()
        if self.box is None:
            return whole if self.view is not None else []
        coarse = [tile for tile in whole if tile in self.tiles] or whole[: FIRST * FIRST]
        return [*coarse, *self.box.tiles(), *whole]

    def _send(self, setting: Setting, server: ZoneServer, tiles: list[Tile], how: dict[str, Any]) -> None:
        tiles = list(dict.fromkeys(tiles))
        rows = [setting.row(varied) for varied in setting.live.conditions(tiles)]
        server.view(self._number, rows, [",".join(map(str, tile)) for tile in tiles], **how)

    def _words(self, setting: Setting) -> dict[str, Any]:
        found: dict[str, Any] = {"classifier": setting.classifier}
        if setting.descriptor is not None:
            found |= {"descriptors": [setting.descriptor], "threshold": self._threshold(setting)}
            found |= {"residuals": setting.residuals}
        return found

    def _threshold(self, setting: Setting) -> float | None:
        """Return the threshold of the residuals, or Otsu's of the coarse cells, as the command finds it."""
        assert setting.descriptor is not None
        if setting.threshold is not None:
            return setting.threshold
        if not Measure.of([setting.descriptor]).needs_threshold:
            return None
        count = FIRST * 2**setting.level
        coarse = [(setting.level, i, j) for i, j in coarse_to_fine(count, count)[0]]
        images = [self.tiles[tile] for tile in coarse if tile in self.tiles]
        return otsu_share(np.stack(images), setting.card.grey) if images else None

    # -- what comes ----------------------------------------------------------------

    def _take(self, answers: list[CellAnswer]) -> None:
        setting = self.setting
        if setting is None:
            return
        new, words = False, False
        for answer in answers:
            asked, judged = self._sent.get(answer.number, (None, False))
            if asked is None or not (setting.same_words(asked) if judged else setting.same_images(asked)):
                continue  # of something that is not shown any more
            if answer.key == PICKED:
                if answer.number == self._number:
                    self.picked.emit(answer.content, answer.images)
                continue
            level, column, row = map(int, answer.key.split(","))
            tile = (level, column, row)
            if len(answer.images):
                self.tiles[tile] = answer.images[0].copy()
                self.said.setdefault(tile, answer.content)
                new = True
                words = words or level == setting.level
            else:
                self.said[tile] = answer.content
                self.complete.add(tile)
                words = True
        if new:
            self._bound()
            self.painted.emit()
        if words:
            self.judged.emit()

    def _bound(self) -> None:
        """Forget the oldest tiles that are not of the whole map."""
        assert self.setting is not None
        extra = len(self.tiles) - MOST_TILES
        if extra > 0:
            old = [t for t in self.tiles if t[0] != self.setting.level][:extra]
            for tile in old:
                self.tiles.pop(tile)
                self.said.pop(tile, None)

    def _done(self, number: int) -> None:
        if number == self._number and not self.idle:
            self._picked = None
            self._ask()

    def _tell(self, number: int, step: int, total: int) -> None:
        if number == self._number and total and not self.idle:
            self.status.emit(f"{step} of {total} images are made.")

    def _unmet(self, number: int, reason: str) -> None:
        if number != self._number:
            return
        self.refused.emit(reason)
        _, judged = self._sent[number]
        if judged:  # pictures can be had all the same
            self._no_words = True
            self._ask()
        else:
            self._picked, self.idle = None, True

    def _failed(self, line: str, report: str) -> None:
        self.stop()
        self.failed.emit(line, report)
