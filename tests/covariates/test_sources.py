"""Fields of the recipes: which reader gets which files, land cover, and the ratio of rain."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from soilresp.covariates import sources
from soilresp.errors import DataError
from soilresp.grid.cells import cell_area, coordinates


def told(reader="r", variable="v", inputs=("a", "b")):
    """A source for a reader."""
    return SimpleNamespace(reader=reader, variable=variable, inputs=inputs)


@pytest.mark.parametrize(("reader", "function", "expected"), [
    ("cru_cl", "read_cru_cl", ("A", "v")), ("gistemp", "read_gistemp", ("A", (1, 2))),
    ("ghcn", "read_ghcn", ("A", (1, 2))), ("hwsd", "read_soil_carbon", ("A", "B")),
    ("cru_ts", "read_cru_ts", ("A", "v", (1, 2))),
    ("glass_lai", "read_glass_lai", ("A", (1, 2))),
    ("gimms_lai4g", "read_gimms_lai4g", ("A", (1, 2))),
])
def test_arguments_of_readers(monkeypatch, reader, function, expected):
    """Paths in the order of the inputs, variable and years, as each function takes them."""
    monkeypatch.setattr(sources, function, lambda *given: given)
    files = {"b": "B", "c": "C", "a": "A"}
    assert sources.read_field(told(reader), files, (1, 2), None) == expected


def test_radiation_from_the_cloud_of_cru_ts(monkeypatch):
    """Whatever the variable is called, cloud cover is read, and meets its latitudes."""
    cloud = {"lat": "latitudes"}
    monkeypatch.setattr(
        sources, "read_cru_ts", lambda path, name, years: cloud | {"of": (path, name, years)}
    )
    monkeypatch.setattr(sources, "shortwave_from_cloud", lambda cld, lat: (cld["of"], lat))
    wanted = told("cru_ts_radiation")
    found = sources.read_field(wanted, {"a": "A", "b": "B"}, (1, 2), None)
    assert found == (("A", "cld", (1, 2)), "latitudes")


@pytest.mark.parametrize(("variable", "name", "least"), [
    ("T2M", "tas", -1), ("PRECTOTCORR", "pr", 0), ("QV2M, PS", "vap", -1), ("SWGDN", "rsds", -1),
])
def test_fields_of_merra2(monkeypatch, variable, name, least):
    """The study's names, attributes kept; rain alone is no less than none; land weighs."""
    field = xr.DataArray([-1.0, 0.5], dims="x", attrs={"units": "u"})
    asked = []

    def read_merra2(*given):
        asked.append(given)
        return field

    monkeypatch.setattr(sources, "read_merra2", read_merra2)
    monkeypatch.setattr(sources, "_land_share", lambda field, embedded: embedded)
    monkeypatch.setattr(sources, "to_half_degree", lambda field, weights: (field, weights))
    found, weights = sources.read_field(told("merra2", variable), {"a": 1, "b": 2}, (1, 2), "land")
    assert asked == [(1, name, (1, 2))] and weights == "land"
    assert found.values.tolist() == [least, 0.5] and found.attrs == {"units": "u"}


def test_share_of_land_by_area():
    """Half-degree rows of land and sea by turns: land by the area of its rows, in every box."""
    area = cell_area()
    land = np.zeros((360, 720))
    land[::2] = 1
    land[:, 360:] *= 0.5
    embedded = xr.Dataset({"land_fraction": (("lat", "lon"), land)}, coordinates())
    embedded["cell_area"] = area
    box = {k: v.values for k, v in coordinates(10).items()}
    field = xr.DataArray(np.zeros((18, 36)), box, ("lat", "lon"))
    share = sources._land_share(field, embedded.transpose("lon", "lat"))
    rows = area.values.reshape(18, 10, 2)
    expected = rows[:, :, 0].sum(axis=1) / rows.sum(axis=(1, 2))
    assert share.dims == ("lat", "lon") and share.shape == (18, 36)
    np.testing.assert_allclose(share[:, :18], np.repeat(expected[:, None], 18, axis=1))
    np.testing.assert_allclose(share[:, 18:], np.repeat(expected[:, None] / 2, 18, axis=1))
    np.testing.assert_array_equal(share["lat"], box["lat"])


@pytest.mark.parametrize(("names", "layers", "resolution"), [
    (["OC.nc", "BD.nc"], ["OC.nc", "BD.nc"], 1 / 12),
    (["oc5min.nc", "bd5min.nc4", "pH.nc"], ["oc5min.nc", "bd5min.nc4"], 1 / 12),
    (["OC2.nc", "OC1.nc", "BD1.nc", "BD2.nc"], [["OC1.nc", "OC2.nc"], ["BD1.nc", "BD2.nc"]],
     1 / 120),
])
def test_files_of_gsde(monkeypatch, tmp_path, names, layers, resolution):
    """Single files have five arc-minutes, pairs thirty arc-seconds."""
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.setattr(sources, "read_gsde", lambda *given, resolution: (given, resolution))
    found, size = sources.read_field(told("gsde"), {"a": str(tmp_path), "b": "x"}, None, None)
    plain = [[f.name for f in part] if isinstance(part, list) else part.name for part in found]
    assert plain == layers and size == resolution


@pytest.mark.parametrize(("names", "start"), [(["BD.nc"], "OC"), (["OC.nc", "BD.txt"], "BD")])
def test_missing_files_of_gsde(tmp_path, names, start):
    """The layer that is missing is named."""
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=f"begins with {start}"):
        sources.read_field(told("gsde"), {"a": tmp_path, "b": "x"}, None, None)


def cover():
    """Embedded land cover of two cells: grass and half of it water."""
    igbp = np.zeros((17, 1, 2))
    igbp[10] = [[1, 0.5]]
    igbp[0, 0, 1] = 0.5
    return xr.Dataset(
        {
            "igbp_fraction": (("igbp", "lat", "lon"), igbp, {"units": "1", "source": "M"}),
            "vegetated_fraction": (("lat", "lon"), [[1, 0.5]], {"long_name": "veg"}),
            "land_fraction": (("lat", "lon"), [[1, 0.5]], {"long_name": "land"}),
            "cell_area": (("lat",), [3.0], {"units": "m2"}), "tas": (("lat", "lon"), [[1, 2]]),
        },
        {"igbp": np.arange(17), "lat": [10.0], "lon": [1.0, 2.0]},
    )


def test_cover_of_glc2000(monkeypatch):
    """What follows from the product's shares; the embedded map where it has none."""
    share = xr.zeros_like(cover()["igbp_fraction"])
    # Water, grass, urban, cropland mosaic, ice and barren in the first cell; none in the other.
    for code, value in {0: 0.25, 10: 0.25, 13: 0.1, 14: 0.2, 15: 0.1, 16: 0.1}.items():
        share[code, 0, 0] = value
    share[3, 0, 1] = np.nan
    share.attrs = {"source": "G", "note": "n"}
    monkeypatch.setattr(sources, "read_glc2000", {"file": share}.__getitem__)
    found = sources.land_cover(told("glc2000"), {"a": "file", "b": "x"}, cover())
    assert found["vegetated_fraction"].values[0].tolist() == pytest.approx([0.45, 0.5])
    assert found["land_fraction"].values[0].tolist() == [0.75, 0.5]
    assert found["cell_area"].values.tolist() == [3]
    np.testing.assert_array_equal(found["igbp_fraction"][..., 1], cover()["igbp_fraction"][..., 1])
    assert found["igbp_fraction"].attrs == {"units": "1", "source": "G", "note": "n"}
    assert found["vegetated_fraction"].attrs == {"long_name": "veg"}
    assert found["land_fraction"].attrs == {"long_name": "land"}
    assert "igbp" not in found["land_fraction"].coords


def test_ratio_of_rain():
    """The anomaly over the mean of its box by land, which counts as 5 mm at least."""
    rain = np.full((12, 10, 40), 4.0)
    rain[:, :, 10:20] = 10
    rain[:, :, 15:20] = 40
    rain[:, :, 20:30] = 5
    rain[:, :, 30:] = 6
    land = np.ones((10, 40))
    land[:, 15:20] = 0.5
    change = xr.DataArray(np.full((2, 12, 1, 4), 10.0), dims=("year", "month", "lat", "lon"))
    found = sources.precipitation_ratio(
        xr.DataArray(rain), change, xr.DataArray(land), dry_month=5.0
    )
    # 10 x 1 and 40 x 0.5 over 1.5: 20.
    assert found.dims == change.dims
    np.testing.assert_allclose(found, np.broadcast_to([2, 0.5, 2, 10 / 6], found.shape))
