"""Models to compare with: the empirical one, and what is available."""

import numpy as np

from soilresp.grid.cells import coordinates
from soilresp.scoring.comparators import available_outputs, available_series, empirical_model


def test_the_empirical_model_is_a_model_output():
    """It comes on the half-degree grid, per m2 of land, with AR = SR - HR."""
    made = empirical_model()
    assert np.array_equal(made["lat"], coordinates()["lat"])
    assert float(np.abs(made["SR"] - made["HR"] - made["AR"]).max()) < 1e-6
    assert (made["land_fraction"] > 0).equals(made["SR"].notnull())


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
