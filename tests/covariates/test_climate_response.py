"""Published responses: hand-worked values, limits, and totals from real climate."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from soilresp.covariates.climate_response import bond_lamberty_2004, raich_2002
from soilresp.covariates.embedded import load_embedded
from soilresp.errors import DataError
from soilresp.grid.cells import cell_area, global_total
from soilresp.io import fetch as access
from soilresp.readers.cru_cl import read_cru_cl


def test_raich_by_hand():
    """At 0 degC and P = K the rate is half of F: 1.25 / 2 x 365.25 days."""
    sr = raich_2002(np.zeros(12), np.full(12, 42.59))
    assert sr == pytest.approx(0.625 * 365.25)


def test_raich_one_wet_month():
    """Rain in July only, 20 degC: 31 days x 1.25 e^1.0904 x 10 / 14.259."""
    pr = np.zeros(12)
    pr[6] = 100.0
    sr = raich_2002(np.full(12, 20.0), pr)
    assert sr == pytest.approx(31 * 1.25 * 2.975464 * 10 / 14.259, rel=1e-6)


def test_raich_truncates_temperature():
    """Months beyond the fitted range respire as months at its bounds."""
    pr = np.full(12, 50.0)
    assert raich_2002(np.full(12, -40.0), pr) == raich_2002(np.full(12, -13.3), pr)
    assert raich_2002(np.full(12, 45.0), pr) == raich_2002(np.full(12, 33.5), pr)


def test_raich_numpy_and_xarray_agree():
    """Dimension order does not matter to xarray input, and units come with it."""
    rng = np.random.default_rng(5)
    tas, pr = rng.uniform(-20, 30, (12, 2, 3)), rng.uniform(0, 300, (12, 2, 3))
    as_xarray = raich_2002(
        xr.DataArray(tas, dims=("month", "lat", "lon"), coords={"month": np.arange(1, 13)})
        .transpose("lat", "lon", "month"),
        xr.DataArray(pr, dims=("month", "lat", "lon"), coords={"month": np.arange(1, 13)}),
    )
    np.testing.assert_allclose(as_xarray.transpose("lat", "lon"), raich_2002(tas, pr))
    assert as_xarray.attrs["units"] == "g m-2 yr-1"
    assert as_xarray.name == "SR"


def test_raich_missing_month_is_missing_year():
    """One missing month makes the annual sum missing."""
    tas = np.zeros((12, 2))
    tas[3, 1] = np.nan
    sr = raich_2002(tas, np.full((12, 2), 50.0))
    assert np.isfinite(sr[0]) and np.isnan(sr[1])


@pytest.mark.parametrize(
    ("tas", "pr", "words"),
    [
        (np.full(12, 283.0), np.ones(12), "degC"),
        (np.zeros(12), np.full(12, -1.0), "mm month-1"),
        (np.zeros(11), np.ones(12), "12 months"),
    ],
)
def test_raich_refuses(tas, pr, words):
    """Kelvin, negative rain and eleven months are told apart."""
    with pytest.raises(DataError, match=words):
        raich_2002(tas, pr)


def test_bond_lamberty_by_hand():
    """HR = e^1.22 SR^0.73 at three values, and 0 and NaN kept."""
    hr = bond_lamberty_2004([0.0, 100.0, 1000.0, np.nan], cap=False)
    np.testing.assert_allclose(hr, [0.0, 97.68, 524.61, np.nan], rtol=1e-4)


def test_bond_lamberty_cap():
    """Below the crossing at 91.7 g C m-2 yr-1 HR equals SR."""
    np.testing.assert_allclose(bond_lamberty_2004([50.0, 91.0]), [50.0, 91.0])
    assert bond_lamberty_2004(93.0) < 93.0


def test_bond_lamberty_refuses_negative():
    """A negative SR is an error, not a NaN."""
    with pytest.raises(DataError, match="not negative"):
        bond_lamberty_2004([-1.0])


@given(st.lists(st.floats(0, 5000), min_size=1))
def test_bond_lamberty_leaves_room_for_ar(sr):
    """With the cap, AR = SR - HR is never negative."""
    assert np.all(np.subtract(sr, bond_lamberty_2004(sr)) >= 0)


@pytest.mark.real
def test_cru_climate_gives_the_known_totals():
    """CRU CL 1.0: 85.1 Pg C yr-1 with full cell areas, 74.6 with land fractions."""
    if not access.is_available(["cru_cl_tmp", "cru_cl_pre"]):
        pytest.skip("CRU CL 1.0 is not at hand")
    tas = read_cru_cl(access.locate("cru_cl_tmp").path, "tmp")
    pr = read_cru_cl(access.locate("cru_cl_pre").path, "pre")
    sr = raich_2002(tas, pr)
    assert float(global_total(sr, cell_area())) == pytest.approx(85.1, rel=0.01)
    land = load_embedded()["land_fraction"]
    assert float(global_total(sr, cell_area() * land)) == pytest.approx(74.6, rel=0.02)
