"""The command line of the models."""

import pytest
import xarray as xr
from cli.test_cli_covariates import outcome
from made_models import write


def test_list(tmp_path, capsys):
    """All ten are there, and files of a folder are counted."""
    write(tmp_path / "VEGAS_S3_rh.nc", {"rh": 500}, monthly=False, kind="ISBA", land=1)
    code, printed, _ = outcome(capsys, "models", "list", str(tmp_path))
    assert code == 0
    lines = printed.splitlines()
    assert any(line.startswith("VEGAS") and "1 files" in line for line in lines)
    assert any(line.startswith("BEPS") and "0 files" in line for line in lines)
    assert "doi:10.5194/gmd-9-323-2016" in printed


def test_read(tmp_path, capsys):
    """Totals and choices are printed, and the output is written at half a degree."""
    area = write(tmp_path / "VEGAS_S3_rh.nc", {"rh": 500}, monthly=False, kind="ISBA", land=1)
    out = tmp_path / "out.nc"
    code, printed, _ = outcome(capsys, "models", "read", str(tmp_path), "--out", str(out))
    assert code == 0 and printed.startswith("VEGAS, 1982-1983")
    assert f"{500 * area.sum() / 1e15:.2f} Pg C yr-1" in printed and "- Simulation S3." in printed
    with xr.open_dataset(out) as written:
        assert written["HR"].dims == ("year", "lat", "lon")
        assert written.sizes["lat"] == 360


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 1, "does not exist"),
        (["nowhere", "--var", "HR"], 2, "is not NAME=FLUX"),
    ],
)
def test_wrong_use(capsys, arguments, code, words):
    """One message and the exit code of its kind."""
    found, _, message = outcome(capsys, "models", "read", *arguments)
    assert found == code and words in message
