"""Structure-zone diagrams: which microstructure which conditions give, and how far that is known."""
