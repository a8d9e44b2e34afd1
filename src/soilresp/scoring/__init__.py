"""Scores of models against the benchmark, and files of the benchmark for other tools."""

from soilresp.scoring.benchmark import load_benchmark
from soilresp.scoring.scorecard import Scorecard, score

__all__ = ["Scorecard", "load_benchmark", "score"]
