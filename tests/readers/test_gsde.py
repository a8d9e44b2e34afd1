"""GSDE soil carbon, in the published layout of NetCDF files."""

import numpy as np
import pytest
from made_inputs import write_gsde

from soilresp.errors import DataError
from soilresp.grid.cells import cell_index
from soilresp.readers.gsde import read_gsde

COARSE = 0.25
"""Tests use cells of a quarter degree: the layout, only fewer cells."""

FILL = -32768


def pair(folder, carbon, density, **kwargs):
    """Both files, at the published names."""
    return (write_gsde(folder / "OC5min.nc", "OC", carbon, **kwargs),
            write_gsde(folder / "BD5min.nc", "BD", density, **kwargs))


def at(field, lat, lon):
    """Value of the half-degree cell that holds a point."""
    row, column = cell_index(lat, lon)
    return float(field[row, column])


def test_profile_by_hand(tmp_path):
    """4.5, 4.6, 7.5 and 12.3 cm of their layers and 1.1 cm of the fifth make 30 cm."""
    oc, bd = [400, 300, 200, 100, 50, 9, 9, 9], [100, 110, 120, 130, 140, 9, 9, 9]
    soc = read_gsde(*pair(tmp_path, {(0, 0): oc}, {(0, 0): bd}), resolution=COARSE)
    thick = [4.5, 4.6, 7.5, 12.3, 1.1]
    # percent/100 * g cm-3 * cm = 0.01 g cm-2 = 0.1 kg m-2
    expected = 0.1 * sum(o * b * t / 1e4 for o, b, t in zip(oc[:5], bd[:5], thick, strict=True))
    assert at(soc, 83.9, -179.9) == pytest.approx(expected)
    assert int(soc.notnull().sum()) == 1
    assert soc.attrs["units"] == "kg m-2" and soc.attrs["long_name"].endswith("0-30 cm")
    assert soc.attrs["shallow_share"] == 0


def test_cells_are_averaged_by_area_of_soil(tmp_path):
    """Two cells with soil in a half-degree cell; the other two have none and do not dilute it."""
    carbon = {(0, 0): [200] * 8, (0, 1): [400] * 8}
    soc = read_gsde(*pair(tmp_path, carbon, {k: [100] * 8 for k in carbon}), resolution=COARSE)
    assert at(soc, 83.9, -179.9) == pytest.approx(9)
    south = soc.sel(lat=slice(-56, None))
    assert not south.notnull().any()


def test_shallow_profiles_end(tmp_path):
    """A profile of two layers has the carbon of 9.1 cm, and its share of the area is told."""
    carbon = {(300, 0): [200] * 2, (300, 100): [200] * 8}
    soc = read_gsde(*pair(tmp_path, carbon, {k: [100] * 8 for k in carbon}), resolution=COARSE)
    assert sorted(soc.values[np.isfinite(soc.values)]) == pytest.approx([2 * 0.91, 6])
    assert soc.attrs["shallow_share"] == pytest.approx(0.5)


def test_two_files_of_four_layers(tmp_path):
    """The 30-arc-second product in two parts equals one file; the first alone is too short."""
    profile = [400, 300, 200, 100, 50, 9, 9, 9]
    whole = read_gsde(*pair(tmp_path, {(0, 0): profile}, {(0, 0): [100] * 8}), resolution=COARSE)
    parts = {"OC": profile, "BD": [100] * 8}
    paths = {
        name: [write_gsde(tmp_path / f"{name}{i + 1}.nc", name,
                         {(0, 0): values[4 * i : 4 * i + 4]}, layers=4) for i in (0, 1)]
        for name, values in parts.items()
    }
    split = read_gsde(paths["OC"], paths["BD"], resolution=COARSE)
    np.testing.assert_allclose(split, whole)
    shallow = read_gsde(paths["OC"][0], paths["BD"][0], 0.289, COARSE)
    assert float(shallow.max()) < float(whole.max())


def test_scale_and_fill_as_the_file_says(tmp_path):
    """A declared scale factor counts once; negative numbers are no soil, declared or not."""
    profile = {(0, 0): [20] * 8, (9, 9): [20, *[-100] * 7]}
    density = {k: [100] * 8 for k in profile}
    oc = write_gsde(tmp_path / "OC5min.nc", "OC", profile, scale=0.1, fill=False)
    bd = write_gsde(tmp_path / "BD5min.nc", "BD", density, fill=False)
    soc = read_gsde(oc, bd, resolution=COARSE)
    assert at(soc, 83.9, -179.9) == pytest.approx(6)
    assert int(soc.notnull().sum()) == 2


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"falling": False}, "lat.*-55.875"), ({"lon_from": 0.0}, "lon.*359.875"),
        ({"resolution": 0.5}, "560 x 1440"), ({"layers": 4}, "4 layers of OC"),
        ({"scale": 1.0}, "OC reaches 200"),
        ({"carbon": {(0, 0): [200, FILL, 200, 200, 200]}}, "layer 3 is there in 1 cells"),
        ({"carbon": {}}, "no soil anywhere"),
    ],
)
def test_refuses(tmp_path, made, words):
    """Swapped latitudes, 0-360 E, another grid, few layers, another scale, gaps, nothing."""
    carbon = made.pop("carbon", {(0, 0): [200] * 4})
    paths = pair(tmp_path, carbon, {(0, 0): [100] * 4}, **made)
    with pytest.raises(DataError, match=words):
        read_gsde(*paths, resolution=COARSE)


@pytest.mark.parametrize("form", ["NETCDF4", "NETCDF3_CLASSIC"])
def test_refuses_files(tmp_path, form):
    """A missing file, a cut one, a text, and the two files swapped."""
    rng = np.random.default_rng(0)
    profiles = {(r, c): rng.integers(1, 300, 8).tolist() for r in range(300) for c in range(30)}
    oc, bd = pair(tmp_path, profiles, profiles, form=form)
    for first, word in ((bd, "'OC'"), (tmp_path / "none.nc", "none.nc")):
        with pytest.raises(DataError, match=word):
            read_gsde(first, bd, resolution=COARSE)
    whole = oc.read_bytes()
    for content in (whole[: len(whole) // 5], whole[: int(0.99 * len(whole))], b"not found"):
        oc.write_bytes(content)
        with pytest.raises(DataError, match=oc.name):
            read_gsde(oc, bd, resolution=COARSE)

