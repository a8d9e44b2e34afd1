"""The card of the benchmark is that of the committed file."""

import re

import numpy as np
import pytest
from dataset_card import describe

from soilresp.scoring.benchmark import benchmark_path, load_benchmark


def test_card_of_the_committed_benchmark():
    """Its README says what the file holds, and its total is the sum over the cells."""
    card = describe(benchmark_path())
    assert (benchmark_path().parent / "README.md").read_text(encoding="utf-8") == card
    made = load_benchmark()
    area = (made["cell_area"] * made["vegetated_fraction"]).values
    total = float(re.search(r"\| `SR` \| ([\d.]+) \|", card).group(1))
    flux = made["SR"].values.squeeze()
    assert total == pytest.approx(np.nansum(flux * area) / 1e15, abs=0.051)
    assert "## Every year" in card and "Outside the area of applicability" in card
