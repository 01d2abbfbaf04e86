"""Which rows of a volume are data bar, as far as the user asked for its removal."""

from collections import Counter
from typing import Any, Literal

from ..errors import ParameterError
from ..io.data_bar import DataBar, find_data_bar
from ..volume import Volume


def known_data_bar(volume: Volume) -> tuple[DataBar | None, str]:
    """Return the data bar of a volume and where it is known from.

    The instrument's own word (``metadata["data_bar_rows"]``) counts first. Else the first,
    middle and last plane are searched, and what most of them show is taken.

    Returns
    -------
    (DataBar or None, str)
    """
    stated = volume.metadata.get("data_bar_rows")
    if stated and 0 < int(stated) < volume.shape[-2]:
        return DataBar(int(stated), "bottom"), "stated in the file"
    planes = sorted({0, volume.n_planes // 2, volume.n_planes - 1})
    found = [find_data_bar(volume.plane(k)) for k in planes]
    best, votes = Counter(found).most_common(1)[0]
    edges = Counter(bar.edge for bar in found if bar)
    if (best is None and votes > len(found) / 2) or not edges:
        return None, "searched"
    edge = edges.most_common(1)[0][0]
    return DataBar(max(bar.rows for bar in found if bar and bar.edge == edge), edge), "found in the image"


def bar_to_crop(
    volume: Volume, asked: Literal["auto"] | int | None
) -> tuple[DataBar | None, dict[str, Any] | None, tuple[str, ...]]:
    """Return the bar to crop, the record of it, and notes for the user.

    Raises
    ------
    ParameterError
        If the number of rows leaves nothing of the image.
    """
    n_rows = volume.shape[-2]
    if asked == "auto":
        bar, how = known_data_bar(volume)
        if bar is None:
            return None, None, ("no data bar was found, so none was cropped",)
    elif asked:
        if abs(asked) >= n_rows:
            raise ParameterError(
                f"A data bar of {abs(asked)} rows was named, but the image has {n_rows} rows. Give a smaller "
                f"number, or auto."
            )
        bar, how = DataBar(abs(asked), "bottom" if asked > 0 else "top"), "given"
    else:
        bar, how = (None, "") if volume.kind == "labels" or asked == 0 else known_data_bar(volume)
        if bar is None:
            return None, None, ()
        kept = bar.crop(n_rows)
        first, last = (kept.stop, n_rows) if bar.edge == "bottom" else (0, kept.start)
        return None, None, (f"rows {first} to {last} look like a data bar; crop_data_bar auto removes it",)
    record = {"step": "data_bar", "rows": bar.rows, "edge": bar.edge, "how": how}
    return bar, record, ()
