"""What an autoencoder has learnt: its latent vectors, and what each of them does to an image."""
