"""What an autoencoder has learnt: its latent vectors, and what each of them does to an image."""

from ..package_call import callable_as

callable_as(__name__, "operation:latent")
