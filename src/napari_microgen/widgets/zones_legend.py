"""In words and colours, what the layers of a live map show."""

from ..zones.diagram_panels import class_colours
from ..zones.hatching import HATCHES
from .zones_judged import measured_words
from .zones_live import LiveZones


def legend_of(live: LiveZones) -> str:
    """Return what colours and hatches of the whole map mean, for those that are there, as rich text."""
    setting = live.setting
    if setting is None:
        return ""
    whole = [content for tile, content in live.said.items() if tile[0] == setting.level]
    found = {content["class"] for content in whole if "class" in content}
    lines = [
        _key(colour, name)
        for name, colour in zip(setting.classes, class_colours(setting.classes), strict=True)
        if name in found
    ]
    flags = [content["support"]["flag"] for content in whole]
    for flag, hatch in HATCHES.items():
        if flag in flags:
            strokes = f" ({' '.join(hatch.strokes)})" if hatch.strokes else ""
            lines.append(_key(hatch.colour, f"{flags.count(flag)} cells {hatch.meaning}{strokes}"))
    lines += measured_words(live, setting)
    return "<br>".join(lines)


def _key(colour: tuple[int, int, int], words: str) -> str:
    red, green, blue = colour
    return f"<span style='color:#{red:02x}{green:02x}{blue:02x}'>⬤</span> {words}"
