"""The generators, one per file; a new file here is a new generator."""
