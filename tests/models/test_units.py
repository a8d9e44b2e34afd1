"""Units of models as they are spelt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soilresp.errors import DataError
from soilresp.models import flux_factor, pool_factor


@given(st.sampled_from(["kg", "g", "mg"]), st.sampled_from(["C", "", "CO2"]),
       st.sampled_from(["m-2", "m^-2", "/m2", "m**-2"]),
       st.sampled_from(["s-1", "/s", "day-1", "yr-1", "month-1"]))
def test_units_as_they_are_spelt(mass, substance, area, time):
    """Every spelling is taken for what it is."""
    grams, _, co2 = flux_factor(f"{mass}{substance} {area} {time}")
    scale = {"kg": 1e3, "g": 1.0, "mg": 1e-3}[mass]
    assert grams == pytest.approx(scale * (12.011 / 44.01 if substance == "CO2" else 1))
    assert co2 == (substance == "CO2")


def test_units_by_hand():
    """Moles of CO2 hold as many of carbon; pools and fluxes are told apart."""
    assert flux_factor("umol m-2 s-1")[0] == pytest.approx(12.011e-6)
    assert flux_factor("umol CO2 m-2 s-1")[0] == pytest.approx(12.011e-6)
    assert pool_factor("kgC/m2") == 1.0 and pool_factor("t ha-1") == pytest.approx(0.1)
    for units, read in (("kg m-2 s-1", pool_factor), ("kg", pool_factor), ("ppm", flux_factor)):
        with pytest.raises(DataError, match=units):
            read(units)
