"""Networks of the generators, as published or as designed here; they know nothing of training."""
