"""Export of a run: its maps and provenance, its compact benchmark, and the command."""

import json
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import global_total
from soilresp.records import twin
from soilresp.scoring import benchmark
from soilresp.study import chapters, export
from soilresp.study import settings as studies


def test_maps_and_provenance_of_a_run(study, tmp_path, monkeypatch):
    """Values, settings, predictors, seed and versions; a twin has no input but what ships."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    chapters.applicability(study)
    export.export_run(study, tmp_path, what="climatology")
    made = json.loads((tmp_path / "provenance.json").read_text())
    assert (made["recipe"], made["observations"], made["seed"]) == ("embedded", "twin", 1)
    assert made["settings"]["05_global_mapping"]["n_runs"] == 2
    assert len(made["inputs"]["embedded.nc"]["sha256"]) == 64
    assert set(made["predictors"]) == {"SR", "HR"} and "numpy" in made["versions"]
    stored = chapters.mapping.stored(study).climatology
    with xr.open_dataset(tmp_path / "soilresp_climatology_0p5deg.nc") as file:
        for name in ("SR", "HR", "AR", "SR_sd", "HR_q05"):
            np.testing.assert_array_equal(file[name], stored[name])
        assert file.attrs["history"].startswith("1970-01-02T00:00:00Z")
        assert "Twin experiment" in file.attrs["title"]


@pytest.mark.slow
def test_applicability_of_a_run(study):
    """Shares by bin add up to the whole; AR is outside where either of its two is."""
    found = chapters.applicability(study)
    cube = chapters.assembly.stored(study).cube
    area = (cube["cell_area"] * cube["vegetated_fraction"]).values
    shares = found.shares.set_index(["target", "where"])["area_outside"]
    inside = {t: found.fields[f"{t}_inside"].values for t in ("SR", "HR")}
    known = np.isfinite(inside["SR"])
    for target, outside in {
        "SR": inside["SR"] == 0, "HR": inside["HR"] == 0,
        "AR": (inside["SR"] == 0) | (inside["HR"] == 0),
    }.items():
        by_hand = area[known & outside].sum() / area[known].sum()
        assert shares[target, "all"] == pytest.approx(by_hand)
    for target, limit in found.thresholds.items():
        index = found.fields[f"{target}_di"]
        assert index.attrs["threshold"] == pytest.approx(limit)
        np.testing.assert_array_equal(inside[target][known] == 1, index.values[known] <= limit)


def test_command_exports_the_compact_benchmark(study, tmp_path):
    """Complete, HR_joint within SR, totals those of the run; a truth for other twins."""
    chapters.applicability(study)
    done = subprocess.run(
        [sys.executable, "-c", "from soilresp.cli import main; main()", "export", "--run",
         str(study.run), "--compact", "--out", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    path = tmp_path / benchmark.FILE_NAME
    assert str(path) in done.stdout and path.stat().st_size < 6e6
    made, flux = benchmark.load_benchmark(path), chapters.mapping.stored(study).flux
    known = np.isfinite(made["SR"].values)
    assert (made["HR_joint"].values[known] <= made["SR"].values[known]).all()
    area = made["cell_area"] * made["vegetated_fraction"]
    for name in ("SR", "HR", "AR"):
        assert float(global_total(made[name], area)) == pytest.approx(flux[name]["total"], rel=1e-4)
    fields, totals = twin.truth("benchmark", path)
    np.testing.assert_array_equal(fields["SR"], made["SR"])
    assert (fields["HR"] <= fields["SR"]).where(made["SR"].notnull(), True).all()
    assert totals["HR"] == pytest.approx(float(global_total(made["HR_joint"], area)))


def test_what_cannot_be_exported(study, tmp_path):
    """No run, a run without maps, and a twin in the place of the project's benchmark."""
    with pytest.raises(DataError, match="nowhere"):
        export.open_run(tmp_path / "nowhere")
    empty = studies.resolve_settings(tmp_path / "empty", "quick", "embedded", "twin")
    with pytest.raises(DataError, match="empty"):
        export.export_run(export.open_run(empty.run), tmp_path / "out")
    with pytest.raises(ParameterError, match="twin"):
        export.export_compact(study)
