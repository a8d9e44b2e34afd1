"""Models to compare with: the empirical one, and what is available."""

import numpy as np
import xarray as xr

from soilresp.grid.cells import coordinates
from soilresp.scoring.comparators import available_outputs, available_series, empirical_model


def test_the_empirical_model_is_a_model_output():
    """It comes on the half-degree grid, per m2 of land, with AR = SR - HR."""
    made = empirical_model()
    assert np.array_equal(made["lat"], coordinates()["lat"])
    assert float(np.abs(made["SR"] - made["HR"] - made["AR"]).max()) < 1e-6
    assert (made["land_fraction"] > 0).equals(made["SR"].notnull())


def test_the_climate_of_the_empirical_model():
    """Another climate gives other fluxes; where nothing is land there is none."""
    axes = coordinates(45)
    months = xr.DataArray(np.ones(12), {"month": np.arange(1, 13)}, "month")
    field = xr.DataArray(np.ones((4, 8)), axes, ("lat", "lon"))
    land = field.copy()
    land[0] = 0
    cold, warm = (
        empirical_model(xr.Dataset({"tas": t * months * field, "pr": 80 * months * field,
                                    "land_fraction": land}))
        for t in (5.0, 20.0)
    )
    assert (warm["SR"][1:] > cold["SR"][1:]).all() and warm["SR"][0].isnull().all()
    assert (warm["land_fraction"] == land).all()


def test_what_is_not_available_has_a_reason(tmp_path, monkeypatch):
    """Without cache and mirror every model and series is named with its input."""
    monkeypatch.delenv("SOILRESP_MIRROR", raising=False)
    monkeypatch.setenv("SOILRESP_CACHE", str(tmp_path))
    outputs = {model: (output, why) for model, output, why in available_outputs(skip=["CORPSE"])}
    assert list(outputs) == ["CASA-CNP", "MIMICS"]
    assert outputs["MIMICS"][0] is None and "mimics" in outputs["MIMICS"][1]
    assert [entry for entry, table, _ in available_series("HR") if table is None] == [
        "isimip_global_rh", "cmip6_global_rh",
    ]
    assert len(list(available_series())) == 5
