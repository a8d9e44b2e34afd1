"""Vegetation bins and their areas."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import STRATA, area_shares, dominant_stratum, stratum_fractions
from soilresp.grid.land_cover import VEGETATED_CLASSES

SHARES = pd.Series({1: 0.1, 2: 0.05, 3: 0.15, 4: 0.2, 5: 0.5})


def igbp(**classes):
    """One row of cells with the shares of some IGBP classes, as c2=[...]."""
    n = len(next(iter(classes.values())))
    field = xr.DataArray(np.zeros((17, 1, n)), {"igbp": range(17)}, ("igbp", "lat", "lon"))
    for name, shares in classes.items():
        field.loc[{"igbp": int(name[1:])}] = [shares]
    return field


def test_bins_share_out_the_vegetated_classes():
    """Every vegetated IGBP class is in one bin; barren, urban, ice and water in none."""
    classes = [c for _, members in STRATA.values() for c in members]
    assert sorted(classes) == sorted(VEGETATED_CLASSES)
    assert list(STRATA) == [1, 2, 3, 4, 5]


def test_fractions_and_dominant_bin_by_hand():
    """Classes of a bin add up, the largest bin wins, ties go to the lower, bare land has none."""
    field = igbp(c1=[0.3, 0, 0, 0], c5=[0.3, 0, 0, 0], c2=[0.4, 0.5, 0, 0], c10=[0, 0.5, 0, 0.1],
                 c16=[0, 0, 0.7, 0.9], c0=[0, 0, 0.3, 0])
    fractions = stratum_fractions(field)
    np.testing.assert_allclose(fractions.sel(stratum=3), [[0.6, 0, 0, 0]])
    np.testing.assert_allclose(fractions.sum("stratum"), [[1, 1, 0, 0.1]])
    best = dominant_stratum(field)
    assert best.values.tolist() == [[3, 1, 0, 5]] and best.dtype == np.int8
    assert best.attrs["flag_values"] == [0, 1, 2, 3, 4, 5]
    assert len(best.attrs["flag_meanings"].split()) == 6


def test_area_shares_by_hand():
    """Shares weigh every bin of a cell by area, not its largest alone."""
    field = igbp(c2=[0.5, 0.0], c10=[0.25, 1.0])
    area = xr.DataArray([2.0], dims="lat")
    shares = area_shares(xr.Dataset({"igbp_fraction": field, "cell_area": area}))
    # 1.0 of bin 1 and 0.5 + 2.0 of bin 5.
    np.testing.assert_allclose(shares, [1 / 3.5, 0, 0, 0, 2.5 / 3.5])


def test_area_shares_of_the_map():
    """The map's shares sum to one; savanna, grass and crops have two thirds."""
    shares = area_shares(load_embedded())
    assert np.isclose(shares.sum(), 1) and (shares > 0).all()
    np.testing.assert_allclose(shares, [0.113, 0.025, 0.068, 0.128, 0.667], atol=6e-4)
