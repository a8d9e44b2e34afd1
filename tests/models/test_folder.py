"""Folders with several models."""

import pytest
from made_models import write

from soilresp.errors import DataError
from soilresp.models import read_folder


def test_simulations_of_a_folder(tmp_path):
    """S3 is taken where there is one, and said; other models' files are left alone."""
    write(tmp_path / "VEGAS_S2_rh.nc", {"rh": 300}, monthly=False)
    write(tmp_path / "VEGAS_S3_rh.nc", {"rh": 500}, monthly=False)
    write(tmp_path / "VISIT_S3_rh.nc", {"rh": 400}, monthly=False, units="kg m-2 h-1 K")
    found = {model: (output, why) for model, output, why in read_folder(tmp_path)}
    assert len(found) == 10
    output, _ = found["VEGAS"]
    assert float(output["HR"].max()) == pytest.approx(500)
    assert "Simulation S3 (also there: S2)" in output.attrs["choices"]
    assert found["VISIT"][0] is None and "units" in found["VISIT"][1]
    assert found["BEPS"][0] is None and "BEPS_*.nc" in found["BEPS"][1]
    with pytest.raises(DataError, match="none"):
        next(read_folder(tmp_path / "none"))
