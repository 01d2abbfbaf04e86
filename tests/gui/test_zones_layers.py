"""Layers of the map are brought up to date one change at a time, and none is forgotten or starved."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_microgen.generate.card import read_generator_card
from napari_microgen.widgets.zones_layers import ZoneLayers
from napari_microgen.widgets.zones_setting import Setting
from napari_microgen.zones.axes import parse_axes
from napari_microgen.zones.base_condition import BaseCondition

MODEL = "builtin:thin-film"


@pytest.fixture
def layers(bench):
    card = read_generator_card(MODEL)
    x, y = parse_axes("temperature:100:500:4", "aluminium:0:40:4", card.conditions)
    setting = Setting(card, MODEL, x, y, BaseCondition.empty(card), 0, False, None, (), None, 1)
    live = SimpleNamespace(setting=setting, tiles={}, said={}, complete=set(), box=None)
    found = ZoneLayers(bench.viewer, live, lambda *_: None, lambda _: None)
    found.again.setInterval(10**6)  # the turns are taken by hand here
    yield found
    found.close()


def shown(layers):
    return [layer.name.removeprefix("zones, ") for layer in layers.viewer.layers]


def fill(layers, grey):
    for column in range(4):
        for row in range(4):
            tile = (0, column, row)
            layers.live.tiles[tile] = np.full((64, 64), grey, np.uint8)
            layers.live.said[tile] = {"support": {"flag": "gap"}}


def turn(layers):
    layers.again.stop()
    layers.go_on()


def test_each_turn_makes_one_layer_and_the_last_leaves_none_waiting(layers):
    fill(layers, 50)
    layers.paint()
    for count in (1, 2, 3):
        assert len(shown(layers)) == count
        assert layers.again.isActive()
        turn(layers)
    assert set(shown(layers)) == {"axes", "images", "support", "detail"}
    turn(layers)
    assert not layers.again.isActive()


def test_pixels_change_in_place_and_what_is_the_same_takes_no_turn(layers):
    fill(layers, 50)
    layers.paint()
    while layers.again.isActive():
        turn(layers)
    images = layers.viewer.layers["zones, images"]
    before, drawn = images.data, []
    images.events.set_data.connect(lambda _: drawn.append(1))
    layers.paint()
    assert drawn == []
    assert not layers.again.isActive()
    fill(layers, 90)
    layers.paint()
    assert images.data is before
    assert len(drawn) == 1
    assert (images.data == 90).all()


def test_what_waits_is_not_overtaken_by_what_changes_all_the_time(layers):
    fill(layers, 50)
    layers.paint()
    for grey in range(51, 56):  # new images come before every turn
        fill(layers, grey)
        layers.paint()
        turn(layers)
    assert set(shown(layers)) == {"axes", "images", "support", "detail"}


def test_nothing_is_painted_once_there_is_nothing_to_show(layers):
    fill(layers, 50)
    layers.paint()
    layers.live.setting = None
    turn(layers)
    assert len(shown(layers)) == 1
    assert not layers.again.isActive()
