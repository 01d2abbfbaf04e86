"""What the user set for this machine: device, memory cap, cache folder."""

import os
import tempfile
from pathlib import Path
from typing import Any

PLUGIN = "napari-microgen"


def _compute() -> Any:
    """Return the plugin's settings, or None where napari does not keep them (no manifest, no napari)."""
    try:
        from napari.settings import get_plugin_settings

        return get_plugin_settings(PLUGIN).compute
    except (ImportError, AttributeError, KeyError, ValueError):
        return None


def device() -> str:
    """Return where networks run: ``auto``, ``cpu`` or ``cuda``."""
    return str(getattr(_compute(), "device", None) or "auto")


def cache_folder() -> Path:
    """Return the folder for temporary volumes and autosaved annotations; made if it is not there."""
    chosen = getattr(_compute(), "cache_folder", None) or os.environ.get("MICROGEN_CACHE")
    folder = Path(chosen).expanduser() if chosen else _default_cache()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _default_cache() -> Path:
    from qtpy.QtCore import QStandardPaths

    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation)
    return Path(place or tempfile.gettempdir()) / PLUGIN


def job_environment() -> dict[str, str]:
    """Return the environment variables that carry the settings into a child process."""
    return {"MICROGEN_CACHE": str(cache_folder())} | _memory_cap()


def apply() -> None:
    """Give this process what was set: the memory cap, and the cache folder if one was chosen."""
    chosen = getattr(_compute(), "cache_folder", None)
    os.environ.update(_memory_cap() | ({"MICROGEN_CACHE": str(cache_folder())} if chosen else {}))


def _memory_cap() -> dict[str, str]:
    limit = float(getattr(_compute(), "memory_gib", None) or 0)
    return {"MICROGEN_MEMORY": str(int(limit * 2**30))} if limit > 0 else {}
