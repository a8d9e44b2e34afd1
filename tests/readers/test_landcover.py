"""Land cover: GLC2000 and MODIS classes as shares of the IGBP classes."""

import numpy as np
import pytest
from made_rasters import write_geotiff, write_hdf_eos

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import STRATA, stratum_fractions
from soilresp.errors import DataError
from soilresp.grid.cells import cell_area
from soilresp.grid.land_cover import IGBP_NAMES, VEGETATED_CLASSES
from soilresp.io import fetch as access
from soilresp.readers.landcover import GLC2000_TO_IGBP, MODIS_TO_IGBP, read_glc2000, read_modis_igbp

CELL = 1 / 8
"""Tests use cells of an eighth of a degree for GLC2000's 1/112: the layout, only fewer."""


def glc2000_file(path, classes, **kwargs):
    """GLC2000's frame: centres of the first column on 180 W, of the last row near 56 S."""
    pytest.importorskip("rasterio")
    rows = round(146 / CELL)
    values = np.full((1, rows, round(360 / CELL)), 20, np.uint8)
    for (row, column), number in classes.items():
        values[0, row, column] = number
    return write_geotiff(path, values, CELL, **({"left": -180 - CELL / 2} | kwargs))


def test_tables_are_whole():
    """Each class of GLC2000 and of MODIS has an IGBP class or none; every bin can be reached."""
    assert sorted(GLC2000_TO_IGBP) == list(range(1, 24))
    for table in (GLC2000_TO_IGBP, MODIS_TO_IGBP):
        assert {c for c in table.values() if c is not None} <= set(range(len(IGBP_NAMES)))
    reached = set(GLC2000_TO_IGBP.values())
    assert all(reached & set(classes) for _, classes in STRATA.values())
    # Bare, water, ice, artificial, no data: the rest of the legend is vegetation.
    bare = {c for c, igbp in GLC2000_TO_IGBP.items() if igbp not in VEGETATED_CLASSES}
    assert bare == {19, 20, 21, 22, 23}


def test_glc2000_by_hand(tmp_path):
    """Rows 0 to 3 and columns 0.5 to 4 are the first cell; column 0 lies half beyond 180 W."""
    classes = {(row, column): 1 for row in range(4) for column in (1, 2, 3)}
    classes |= {(row, 0): 16 for row in range(4)} | {(row, 4): 4 for row in range(4)}
    share = read_glc2000(glc2000_file(tmp_path / "glc2000_v1_1.tif", classes))
    assert share.dims == ("igbp", "lat", "lon") and share.dtype == np.float32
    cell = share[:, 0, 0].values
    assert cell[2] == pytest.approx(3 / 4)
    assert cell[12] == pytest.approx(1 / 8) and cell[1] == pytest.approx(1 / 8)
    # The other half of the first column is in the last cell of the row.
    assert float(share[12, 0, 719]) == pytest.approx(1 / 8)
    assert float(share[1, 0, 1]) == pytest.approx(1 / 8)
    known = share.sum("igbp", skipna=False)
    assert not known.sel(lat=slice(-56, None)).notnull().any()
    np.testing.assert_allclose(known.sel(lat=slice(None, -55)), 1, rtol=1e-6)


def test_glc2000_weighs_by_area(tmp_path):
    """Near the pole the southern row of a cell is larger."""
    classes = {(0, column): 13 for column in range(6)}
    share = read_glc2000(glc2000_file(tmp_path / "glc.tif", classes))
    area = cell_area(resolution=CELL).values[:4]
    assert float(share[10, 0, 0]) == pytest.approx(area[0] / area.sum(), rel=1e-5)


def test_glc2000_no_data(tmp_path):
    """No data takes no part; where most of a cell has none, it is missing, not water."""
    classes = {(r, c): 23 for r in range(4) for c in (0, 1, 2)}
    classes |= {(r, c): 23 for r in range(40, 44) for c in range(40, 42)}
    share = read_glc2000(glc2000_file(tmp_path / "glc.tif", classes))
    assert np.isnan(share[:, 0, 0]).all()
    assert float(share[0, 10, 10]) == 1
    declared = glc2000_file(tmp_path / "nodata.tif", {(0, 1): 99}, nodata=99)
    assert float(read_glc2000(declared)[0, 0, 0]) == 1


def test_glc2000_refuses(tmp_path):
    """An unknown class, a region, a projection, and files that are no raster."""
    region = write_geotiff(tmp_path / "b.tif", np.full((1, 80, 80), 20, np.uint8), CELL, 0.0, 50.0)
    cut = glc2000_file(tmp_path / "d.tif", {(r, r): r % 22 + 1 for r in range(1000)})
    cut.write_bytes(cut.read_bytes()[:-10_000])
    for path, word in (
        (glc2000_file(tmp_path / "a.tif", {(0, 0): 57}), "a.tif.*57"), (region, "10 degrees"),
        (glc2000_file(tmp_path / "c.tif", {}, crs="EPSG:3857"), "c.tif"), (cut, "d.tif"),
        (tmp_path / "none.tif", "none.tif"),
    ):
        with pytest.raises(DataError, match=word):
            read_glc2000(path)


def mcd12c1_file(path, values):
    """The majority class of MCD12C1, in its grid MOD12C1."""
    pytest.importorskip("pyhdf")
    attrs = {"_FillValue": ("UINT8", 255), "valid_range": ("UINT8", [0, 16])}
    return write_hdf_eos(path, "MOD12C1", "Majority_Land_Cover_Type_1", values, attrs)


@pytest.mark.slow
def test_mcd12c1_and_geotiff_agree(tmp_path):
    """The same classes from HDF at full size and from a GeoTIFF with 17 for water."""
    pytest.importorskip("rasterio")
    rng = np.random.default_rng(0)
    values = np.repeat(rng.integers(0, 17, (360, 7200), np.uint8), 10, axis=0)
    path = mcd12c1_file(tmp_path / "MCD12C1.A2010001.006.2018053184623.hdf", values)
    share = read_modis_igbp(path)
    plain = [(values.reshape(360, 10, 720, 10) == c).mean(axis=(1, 3)) for c in range(17)]
    # Rows of a block are alike, so that their area makes no difference.
    np.testing.assert_allclose(share, plain, atol=1e-6)
    fewer = values[::2, ::2]
    tif = write_geotiff(tmp_path / "igbp.tif", np.where(fewer == 0, 17, fewer)[np.newaxis], 0.1)
    np.testing.assert_allclose(
        read_modis_igbp(tif),
        [(fewer.reshape(360, 5, 720, 5) == c).mean(axis=(1, 3)) for c in range(17)], atol=1e-6,
    )


@pytest.mark.real
def test_real_igbp_2010():
    """The map of 2010 agrees with the embedded one of 2019 class by class, and in its total."""
    pytest.importorskip("rasterio")
    if not access.is_available(["igbp_2010"]):
        pytest.skip("the map is not at hand")
    share = read_modis_igbp(access.locate("igbp_2010").path)
    np.testing.assert_allclose(share.sum("igbp", skipna=False), 1, rtol=1e-5)
    embedded = load_embedded()
    vegetated = share.sel(igbp=list(VEGETATED_CLASSES)).sum("igbp")
    total = float((vegetated * embedded["cell_area"]).sum()) / 1e12
    assert total == pytest.approx(109.4, abs=0.1)
    both = np.corrcoef(vegetated.values.ravel(), embedded["vegetated_fraction"].values.ravel())
    assert both[0, 1] > 0.995
    ours = stratum_fractions(share) * embedded["cell_area"]
    theirs = stratum_fractions(embedded["igbp_fraction"]) * embedded["cell_area"]
    np.testing.assert_allclose(ours.sum(("lat", "lon")), theirs.sum(("lat", "lon")), rtol=0.03)

