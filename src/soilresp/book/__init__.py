"""Build the book, and publish the notebooks of a run."""
