"""Training loop, checkpoints, batches, seeds and memory; knows nothing of any method."""
