"""The napari docks; the only code that knows Qt, napari and magicgui."""
