"""Small inputs written in the layouts of their publishers, for the tests of the readers."""

import gzip
import zipfile
from pathlib import Path

import netCDF4
import numpy as np

CRU_HEADER = (
    "    grd_sz      xmin      ymin      xmax      ymax    n_cols    n_rows  n_months\n"
    "      0.50      0.25    -89.75    359.75     89.75       720       360        12\n"
)


def cru_cl_text(values):
    """CRU CL 1.0 text of whole numbers, shape (12, 360, 720), north to south from 0.25 E."""
    values = np.asarray(values, int).reshape(12 * 360, 720)
    words = np.array([f"{v:5d}" for v in range(values.min(), values.max() + 1)], "S5")
    digits = words[values - values.min()]
    rows = np.full((12 * 360, 3601), b"\n", "S1")
    rows[:, :-1] = digits.view("S1").reshape(12 * 360, 3600)
    return CRU_HEADER.encode() + rows.tobytes()


def write_cru_cl(path, values, others=None):
    """Write CRU CL 1.0 as ``.dat``, or as a zip of it with `others` (text by name)."""
    path, text = Path(path), cru_cl_text(values)
    if path.suffix != ".zip":
        path.write_bytes(text)
        return path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"{path.stem}.dat", text)
        for name, other in (others or {}).items():
            archive.writestr(name, other)
    return path


def write_gistemp(path, anomaly, months, name="tempanomaly"):
    """Write GISTEMP v4: hundredths of a kelvin, shape (time, 90, 180), south to north.

    `months` are (year, month); ``.gz`` packs the file.
    """
    path = Path(path)
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    with netCDF4.Dataset(plain, "w") as data:
        for dim, size in (("lat", 90), ("lon", 180), ("time", None), ("nv", 2)):
            data.createDimension(dim, size)
        lat = data.createVariable("lat", "f4", ("lat",))
        lat[:], lat.units = np.arange(-89, 90, 2), "degrees_north"
        lon = data.createVariable("lon", "f4", ("lon",))
        lon[:], lon.units = np.arange(-179, 180, 2), "degrees_east"
        time = data.createVariable("time", "i4", ("time",))
        time.units, time.bounds = "days since 1800-01-01 00:00:00", "time_bnds"
        start = np.datetime64("1800-01-01")
        days = [(np.datetime64(f"{y}-{m:02d}-15") - start).astype(int) for y, m in months]
        time[:] = days
        data.createVariable("time_bnds", "i4", ("time", "nv"))[:] = np.transpose([days, days])
        values = data.createVariable(
            name, "i2", ("time", "lat", "lon"), fill_value=32767, zlib=True
        )
        values.set_auto_maskandscale(False)
        values.scale_factor, values.units = np.float32(0.01), "K"
        values[:] = anomaly
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(plain.read_bytes(), 1))
        plain.unlink()
    return path


def ghcn_month(year, month, values):
    """One month of GHCN v2's grid: whole numbers, shape (36, 72), twelve to a line."""
    lines = [f"{month:5d}{year:5d}"]
    for line in np.asarray(values, int).reshape(-1, 12):
        lines.append("".join(f"{v:7d}" for v in line))
    return "\n".join(lines) + "\n"


def write_hwsd(path, variable, values, shape=(3600, 7200)):
    """Write a topsoil map as ORNL DAAC 1247 has it: south to north, -1 for missing."""
    n_lat, n_lon = shape
    with netCDF4.Dataset(path, "w") as data:
        data.createDimension("lat", n_lat)
        data.createDimension("lon", n_lon)
        step = 180 / n_lat
        data.createVariable("lat", "f8", ("lat",))[:] = -90 + step * (np.arange(n_lat) + 0.5)
        data.createVariable("lon", "f8", ("lon",))[:] = -180 + step * (np.arange(n_lon) + 0.5)
        field = data.createVariable(variable, "f4", ("lat", "lon"), zlib=True, complevel=1)
        field[:] = values
    return Path(path)


def all_months(first, last):
    """(year, month) of every month of some years."""
    return [(y, m) for y in range(first, last + 1) for m in range(1, 13)]
