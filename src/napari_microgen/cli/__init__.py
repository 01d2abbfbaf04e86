"""The command ``microgen``, built from the table of operations."""
