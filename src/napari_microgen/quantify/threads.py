"""How many threads may work, and the order in which they take their work."""

import os


def available_threads() -> int:
    """Return how many threads this process may run at once (``MICROGEN_THREADS`` sets it by hand).

    Examples
    --------
    >>> available_threads() >= 1
    True
    """
    fixed = os.environ.get("MICROGEN_THREADS")
    if fixed:
        return max(1, int(fixed))
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
