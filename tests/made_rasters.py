"""Small GeoTIFF and HDF-EOS2 files in the publishers' layouts, for the tests of readers."""

import numpy as np
import pytest

_STRUCTURE = """GROUP=SwathStructure
END_GROUP=SwathStructure
GROUP=GridStructure
\tGROUP=GRID_1
\t\tGridName="{grid}"
\t\tXDim={columns}
\t\tYDim={rows}
\t\tUpperLeftPointMtrs=({left:.6f},90000000.000000)
\t\tLowerRightMtrs=(180000000.000000,-90000000.000000)
\t\tProjection=GCTP_GEO
\t\tGridOrigin=HDFE_GD_UL
\t\tGROUP=DataField
\t\t\tOBJECT=DataField_1
\t\t\t\tDataFieldName="{name}"
\t\t\tEND_OBJECT=DataField_1
\t\tEND_GROUP=DataField
\tEND_GROUP=GRID_1
END_GROUP=GridStructure
END
"""


def write_hdf_eos(path, grid, name, values, attrs, left=-180e6):
    """Write one field of an HDF-EOS2 grid: dataset, groups, description of the grid."""
    from pyhdf.HDF import HC, HDF
    from pyhdf.SD import SD, SDC
    from pyhdf.V import V  # noqa: F401  (registers HDF.vgstart)

    kinds = {np.dtype("int16"): SDC.INT16, np.dtype("uint8"): SDC.UINT8}
    store = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    rows, columns = values.shape
    text = _STRUCTURE.format(grid=grid, name=name, rows=rows, columns=columns, left=left)
    store.attr("StructMetadata.0").set(SDC.CHAR, text)
    dataset = store.create(name, kinds[values.dtype], values.shape)
    dataset.dim(0).setname(f"YDim:{grid}")
    dataset.dim(1).setname(f"XDim:{grid}")
    for key, (kind, value) in attrs.items():
        dataset.attr(key).set(getattr(SDC, kind), value)
    dataset.setcompress(SDC.COMP_DEFLATE, 1)
    dataset[:] = values
    reference = dataset.ref()
    dataset.endaccess()
    store.end()
    file = HDF(str(path), HC.WRITE)
    groups = file.vgstart()
    outer, inner = groups.create(grid), groups.create("Data Fields")
    outer._class, inner._class = "GRID", "GRID Vgroup"
    outer.insert(inner)
    inner.add(HC.DFTAG_NDG, reference)
    inner.detach()
    outer.detach()
    groups.end()
    file.close()
    return path


def write_geotiff(path, bands, resolution, left=-180.0, top=90.0, crs="EPSG:4326", nodata=None):
    """Write bands of (row, column) from an upper left corner on."""
    import rasterio
    from rasterio.transform import from_origin

    count, rows, columns = bands.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=count, dtype=bands.dtype,
        crs=crs, transform=from_origin(left, top, resolution, resolution), compress="lzw",
        nodata=nodata,
    ) as raster:
        raster.write(bands)
    return path


GLASS_SEA = 2550


def glass_attrs(**changes):
    """The attributes of GLASS LAI, with HDF4 types."""
    attrs = {
        "long_name": ("CHAR", "Leaf Area Index"), "units": ("CHAR", "m^2/m^2"),
        "scale_factor": ("FLOAT64", 0.01), "add_offset": ("FLOAT64", 0.0),
        "_FillValue": ("INT16", GLASS_SEA), "valid_range": ("INT16", [0, 1000]),
    }
    attrs |= changes
    return {k: v for k, v in attrs.items() if v is not None}


def write_glass(folder, year, day, stored, resolution=0.5, left=-180e6, **changes):
    """Write one composite of GLASS LAI; `stored` is a number for one cell or the field."""
    pytest.importorskip("pyhdf")
    shape = (round(180 / resolution), round(360 / resolution))
    values = np.full(shape, GLASS_SEA, np.int16)
    if np.ndim(stored):
        values[...] = stored
    else:
        values[10, 20] = stored
    path = folder / f"GLASS01B02.V40.A{year}{day:03d}.2019353.hdf"
    return write_hdf_eos(path, "GLASS01B02", "LAI", values, glass_attrs(**changes), left)

