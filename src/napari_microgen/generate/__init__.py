"""Generators of micrographs for chosen processing conditions: contract, catalogue, methods, networks."""
