"""Read and write files whole or not at all; find, download and verify input data."""
