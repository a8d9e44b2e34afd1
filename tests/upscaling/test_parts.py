"""Weights made in parts of the cells: bounded in size, and the same to the byte."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_maps import PREDICTORS, fine_cube, trained

from soilresp.upscaling import maps
from soilresp.upscaling.maps import MOST_BYTES, QUANTILES, weight_parts
from soilresp.upscaling.runs import monte_carlo
from soilresp.upscaling.sums import Sums


@given(st.integers(1, 300_000))
def test_parts_make_the_whole(n_cells):
    """Parts follow each other, leave nothing out, and none is larger than it may be."""
    parts = weight_parts(np.broadcast_to(np.float32(0), (1, n_cells, 2)), 5000)
    covered = [i for part in parts for i in (part.start, part.stop)]
    assert covered[0] == 0 and covered[-1] == n_cells
    assert covered[1:-1:2] == covered[2::2]
    assert all(0 < 4 * 5000 * (p.stop - p.start) <= MOST_BYTES for p in parts)


@pytest.mark.parametrize("n_bins", [None, 16])
def test_weights_in_parts_are_the_same(n_bins):
    """Moments once and weights part by part give the bytes of all at once."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 3)).astype(np.float32), np.round(rng.lognormal(6, 0.5, 80), 1)
    by_year, area = rng.normal(size=(3, 200, 3)).astype(np.float32), rng.uniform(1e9, 2e9, 200)
    shares = pd.Series(dict.fromkeys(range(1, 6), 0.2))
    runs = list(monte_carlo(x, y, np.arange(80) % 5 + 1, shares, "SR", 3, 8))

    def made(cells, **options):
        sums = Sums(cells, area, x, y, 3, n_threads=1, n_bins=n_bins, **options)
        # As a worker makes them, from what is sent to it.
        other = Sums(**sums.cells(), n_threads=1)
        other.add(runs[0])
        sums.take(other.content())
        for run in runs[1:]:
            sums.add(run)
        return sums

    whole = made(by_year)
    cuts = (slice(0, 70), slice(70, 199), slice(199, 200))
    parts = [made(by_year, part=cuts[0])]
    parts += [made(by_year[:, cut], moments=False) for cut in cuts[1:]]
    assert parts[0].flux().tobytes() == whole.flux().tobytes()
    assert parts[0].run_totals.tobytes() == whole.run_totals.tobytes()
    expected = whole.spread(QUANTILES)
    for name, field in expected.items():
        found = np.concatenate([p.spread(QUANTILES)[name] for p in parts], axis=-1)
        assert found.tobytes() == field.tobytes(), name
    with pytest.raises(ValueError, match="weights alone"):
        parts[1].flux()


@pytest.mark.parametrize("n_bins", [None, 16])
def test_maps_do_not_depend_on_parts(monkeypatch, n_bins):
    """The maps and totals of a cube are the same bytes with weights of some cells at a time."""
    cube, runs = fine_cube(10.0, (2000, 2001)), trained()
    mask = cube["vegetated_fraction"].values > 0
    whole = maps.FluxMaps(runs, cube, mask, PREDICTORS, n_bins=n_bins)
    monkeypatch.setattr(maps, "MOST_BYTES", 20_000)
    parts = maps.FluxMaps(runs, cube, mask, PREDICTORS, n_bins=n_bins)
    for name in ("climatology", "annual", "totals"):
        assert getattr(parts, name).equals(getattr(whole, name))
