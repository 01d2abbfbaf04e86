"""The status bar says conditions where pixels would stand, and where there is no map."""

from napari_microgen.widgets.zones_status import MapStatus


def status():
    def at(position):
        row, column = position[-2:]
        return (column, row) if 0 <= row <= 1 and 0 <= column <= 1 else None

    return MapStatus("zones, images", at, lambda across, up: f"T {across:g}, t {up:g}")


def test_conditions_stand_where_pixels_would():
    said = status()((3.0, 0.25, 0.5), world=True, view_direction=None)
    assert said["coordinates"] == said["coords"] == "T 0.5, t 0.25"
    assert said["layer_name"] == said["layer_base"] == "zones, images"
    assert {said[name] for name in ("source_type", "plugin", "value")} == {""}


def test_beside_the_map_there_is_nothing_to_say():
    for position in (None, (0.5, 1.5)):
        assert status()(position)["coordinates"] == "outside the map"
