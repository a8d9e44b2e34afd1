"""Files of one model and of an ensemble's members."""

import pytest
from made_models import write

from soilresp.errors import DataError
from soilresp.scoring.members import group_files, read_members


def test_files_are_sorted_into_models_by_their_names(tmp_path):
    """Variables and dates in a name do not make another model."""
    for name in (
        "rh_Lmon_HadGEM2-ES_historical_r1i1p1_185912-188411.nc",
        "rh_Lmon_HadGEM2-ES_historical_r1i1p1_188412-190911.nc",
        "CLM5.0_S2_rh.nc", "CLM5.0_S2_ra.nc", "BEPS_S2_rh.nc",
    ):
        (tmp_path / name).touch()
    groups = group_files(tmp_path)
    assert {name: len(own) for name, own in groups.items()} == {
        "HadGEM2-ES_historical_r1i1p1": 2, "CLM5.0_S2": 2, "BEPS_S2": 1,
    }


def test_members_are_means_and_a_single_model_is_not(tmp_path):
    """One model keeps its years and takes the given name; members are averaged."""
    for name in ("A", "B"):
        write(tmp_path / f"{name}_S2_rh.nc", {"rh": 500}, monthly=False, kind="ISBA", land=1)
    single = read_members(tmp_path / "A_S2_rh.nc", name="mine")
    assert list(single) == ["mine"] and single["mine"]["HR"].dims == ("year", "lat", "lon")
    both = read_members([tmp_path], name="mine")
    assert list(both) == ["A_S2_rh", "B_S2_rh"]
    assert all(m["HR"].dims == ("lat", "lon") for m in both.values())


def test_missing_files_are_named(tmp_path):
    """An empty folder, and a file that is not there."""
    with pytest.raises(DataError, match=tmp_path.name):
        read_members(tmp_path)
    with pytest.raises(DataError, match="missing.nc"):
        read_members(tmp_path / "missing.nc")
