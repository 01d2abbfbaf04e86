"""The side of `gui_gaps` in which a slider of the Generate dock moves while a child process samples.

Figures: gaps between the ticks that move the slider while images come; the largest gap before that, while
the card is read, sliders and layer are made, and the process loads the model; seconds from the loaded model
to the first preview; images in a second.
"""

import argparse
import json
import sys
import time

from gui_watching import GAPS, Ticks, emit_median, figures, wait_for, window

TARGET = {**GAPS, "first_preview_s": 1.0}


def main(options: argparse.Namespace) -> None:
    """Watch the dock in fresh processes and print one line."""
    emit_median(options, "gui_gaps_generate", __file__, TARGET)


def watch(model: str, seconds: float) -> dict[str, float]:
    """Move a slider of the dock at every tick and note the gaps."""
    viewer = window()
    from qtpy.QtTest import QTest

    _, dock = viewer.window.add_plugin_dock_widget("napari-microgen", "Generate")
    page, shown = dock.make, []
    QTest.qWait(1500)

    def slide(number: int) -> None:
        for row in list(page.panel.conditions.rows.values())[:1]:
            row.slider.setValue((7 * number) % 1000)

    show = page.live.show

    def noted(*arguments, **options) -> None:
        show(*arguments, **options)
        shown.append(time.perf_counter())

    page.live.show = noted
    ticks = Ticks(slide)
    page.open_model(model)
    loaded = wait_for(lambda: page.sampler is not None and page.sampler.loaded)
    wait_for(lambda: shown)
    QTest.qWait(500)
    opening = ticks.gaps()
    begin, before = time.perf_counter(), len(shown)
    QTest.qWait(int(1000 * seconds))
    ticks.stop()
    result = figures(ticks.gaps()) | {
        "largest_while_opening_ms": float(opening.max()),
        "first_preview_s": shown[0] - loaded,
        "images_per_second": (len(shown) - before) / (time.perf_counter() - begin),
    }
    viewer.close()
    dock.close_down()
    return result


if __name__ == "__main__":
    print(json.dumps(watch(sys.argv[1], float(sys.argv[2]))))
