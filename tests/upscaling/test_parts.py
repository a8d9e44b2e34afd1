"""Weights made in parts of the cells: bounded in size, and the same to the byte."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import small_map
from hypothesis import given
from hypothesis import strategies as st

from soilresp.study.chapters import c05_maps as upscaling
from soilresp.upscaling import joint, maps
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


@pytest.mark.slow
@pytest.mark.parametrize("n_bins", [None, 16])
def test_maps_do_not_depend_on_parts(tmp_path, monkeypatch, n_bins):
    """The maps of a made-up world are the same files with weights of some cells at a time."""
    def mapped(folder):
        cube, matched = small_map.world()
        needs = {
            "02_covariate_assembly": SimpleNamespace(cube=cube, matched=matched),
            "03_predictor_search": SimpleNamespace(
                chosen={t: ["MAT", "Prec", "RH"] for t in ("SR", "HR")}
            ),
        }
        study = SimpleNamespace(run=folder, results=folder / "results", seed=0,
                                profile=SimpleNamespace(cv_folds=3),
                                describe=lambda: "A made-up world.")
        made = upscaling.mapping.compute(study, needs, n_runs=4, n_trees=8, n_bins=n_bins)
        for name, content in made.items():
            small_map.save(folder / "results", name, content)
        assert not list(folder.glob("unfinished/*"))
        return {f.name: f.read_bytes() for f in (folder / "results").iterdir()}

    whole = mapped(tmp_path / "whole")
    assert len(whole) > 5
    for module in (maps, joint):
        monkeypatch.setattr(module, "MOST_BYTES", 150_000)
    assert mapped(tmp_path / "parts") == whole
