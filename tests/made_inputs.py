"""Small inputs written in the layouts of their publishers, for the tests of the readers."""

import csv
import gzip
import io
import shutil
import zipfile
from datetime import date
from pathlib import Path

import netCDF4
import numpy as np

from soilresp.readers.gsde import LAYER_EDGES
from soilresp.readers.merra2 import LAT as MERRA_LAT
from soilresp.readers.merra2 import LON as MERRA_LON

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


CRU_LAT, CRU_LON = np.arange(-89.75, 90, 0.5), np.arange(-179.75, 180, 0.5)
CRU_FILL = np.float32(9.96921e36)
CRU_UNITS = {"tmp": "degrees Celsius", "pre": "mm/month", "vap": "hPa", "cld": "percentage"}


def write_cru_ts(path, name, field, dates, lat=CRU_LAT, lon=CRU_LON, **attrs):
    """Write CRU TS with the dimensions, attributes, fill values and format of release 4.07."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as data:
        data.createDimension("lon", lon.size)
        data.createDimension("lat", lat.size)
        data.createDimension("time", None)
        for axis, values, units in (("lon", lon, "degrees_east"), ("lat", lat, "degrees_north")):
            made = data.createVariable(axis, "f4", (axis,))
            made.setncatts({"long_name": {"lon": "longitude", "lat": "latitude"}[axis],
                            "units": units})
            made[:] = values
        time = data.createVariable("time", "f4", ("time",))
        time.setncatts({"long_name": "time", "units": "days since 1900-1-1",
                        "calendar": "gregorian"})
        time[:] = [(day - date(1900, 1, 1)).days for day in dates]
        main = data.createVariable(name, "f4", ("time", "lat", "lon"), fill_value=CRU_FILL)
        main.setncatts({"long_name": name, "units": CRU_UNITS[name],
                        "correlation_decay_distance": np.float32(1200), "missing_value": CRU_FILL,
                        **attrs})
        main[:] = np.where(np.isnan(field), CRU_FILL, field)
        count = data.createVariable("stn", "i4", ("time", "lat", "lon"), fill_value=-999)
        count.setncatts({"description": "number of stations contributing to each datum",
                         "missing_value": np.int32(-999)})
        count[:] = np.where(np.isnan(field), -999, 8)
        data.setncatts({"Conventions": "CF-1.4", "title": "CRU TS4.07 Mean Temperature"})
    return path


def middle(year):
    """Return the dates of the months of a year, as the publisher gives them."""
    return [date(year, month, 15 if month == 2 else 16) for month in range(1, 13)]


def gzipped(path):
    """Pack a file with gzip in its place."""
    out = path.with_name(path.name + ".gz")
    with path.open("rb") as plain, gzip.open(out, "wb", compresslevel=1) as zipped:
        shutil.copyfileobj(plain, zipped)
    path.unlink()
    return out


MERRA_FILL = np.float32(1e15)
MERRA_UNITS = {"T2M": "K", "QV2M": "kg kg-1", "PS": "Pa", "PRECTOTCORR": "kg m-2 s-1",
               "PRECTOTLAND": "kg m-2 s-1", "SWGDN": "W m-2", "PARDRLAND": "W m-2",
               "PARDFLAND": "W m-2"}
MERRA_COLLECTIONS = {"slv": ["T2M", "QV2M", "PS"], "flx": ["PRECTOTCORR"], "rad": ["SWGDN"],
                     "lnd": ["PRECTOTLAND", "PARDRLAND", "PARDFLAND"]}


def write_merra2(folder, collection, fields, month, year=1984, stream=100, lat=MERRA_LAT[::-1],
                 lon=MERRA_LON, stamp=None, units=None):
    """Write one month of MERRA-2 with the dimensions, fill values and packing of V5.12.4."""
    path = folder / f"MERRA2_{stream}.tavgM_2d_{collection}_Nx.{year}{month:02d}.nc4"
    with netCDF4.Dataset(path, "w", format="NETCDF4") as data:
        data.createDimension("lon", lon.size)
        data.createDimension("lat", lat.size)
        data.createDimension("time", None)
        for axis, values, unit in (("lon", lon, "degrees_east"), ("lat", lat, "degrees_north")):
            made = data.createVariable(axis, "f8", (axis,))
            made.setncatts({"long_name": {"lon": "longitude", "lat": "latitude"}[axis],
                            "units": unit, "vmax": MERRA_FILL, "vmin": -MERRA_FILL,
                            "valid_range": np.array([-MERRA_FILL, MERRA_FILL])})
            # The files have 1.79751e-12 for 0.
            made[:] = values + np.where(values == 0, 1.79751e-12, 0)
        time = data.createVariable("time", "i4", ("time",))
        time.setncatts({"long_name": "time",
                        "units": f"minutes since {stamp or f'{year}-{month:02d}-01'} 00:30:00",
                        "time_increment": np.int32(60_000), "begin_date": np.int32(19840101),
                        "begin_time": np.int32(3000), "vmax": MERRA_FILL, "vmin": -MERRA_FILL,
                        "valid_range": np.array([-MERRA_FILL, MERRA_FILL])})
        time[:] = 0
        for name in MERRA_COLLECTIONS[collection]:
            made = data.createVariable(name, "f4", ("time", "lat", "lon"), fill_value=MERRA_FILL,
                                       zlib=True, complevel=1)
            made.set_auto_maskandscale(False)
            made.setncatts({"long_name": name, "units": (units or MERRA_UNITS)[name],
                            "missing_value": MERRA_FILL, "fmissing_value": MERRA_FILL,
                            "scale_factor": np.float32(1), "add_offset": np.float32(0),
                            "standard_name": name, "vmax": MERRA_FILL, "vmin": -MERRA_FILL,
                            "valid_range": np.array([-MERRA_FILL, MERRA_FILL])})
            field = fields[name][month - 1]
            made[0] = np.where(np.isnan(field), MERRA_FILL, field)
        data.setncatts({"Conventions": "CF-1", "ShortName": f"M2TMNX{collection.upper()}",
                        "VersionID": "5.12.4", "Format": "NetCDF-4/HDF-5"})
    return path


def write_gsde(
    path, name, profiles, resolution=0.25, layers=8, fill=-32768, scale=None, lon_from=-180.0,
    falling=True, form="NETCDF4",
):
    """Write GSDE in whole numbers of 0.01; `profiles` has those of each (row, column)."""
    shape = (layers, round(140 / resolution), round(360 / resolution))
    with netCDF4.Dataset(path, "w", format=form) as store:
        lat = 84 - resolution * (np.arange(shape[1]) + 0.5)
        lon = lon_from + resolution * (np.arange(shape[2]) + 0.5)
        axes = {"depth": 100 * np.array(LAYER_EDGES[1 : layers + 1]),
                "lat": lat if falling else lat[::-1], "lon": lon}
        for dim, values in axes.items():
            store.createDimension(dim, values.size)
            store.createVariable(dim, "f4", (dim,))[:] = values
        variable = store.createVariable(name, "i2", tuple(axes), zlib=form == "NETCDF4",
                                        fill_value=fill)
        variable.set_auto_maskandscale(False)
        variable.units = {"OC": "% of weight", "BD": "g/cm3"}[name]
        if scale is not None:
            variable.scale_factor = scale
        stored = np.full(shape, -100 if fill is False else fill, np.int16)
        for (row, column), numbers in profiles.items():
            stored[: len(numbers), row, column] = numbers
        variable[:] = stored
    return path


SRDB_RECORD = {
    "Record_number": "1", "Entry_date": "2009-01-05", "Study_number": "10", "Author": "N.N.",
    "Duplicate_record": "NA", "Quality_flag": "NA", "Country": "Germany", "Site_name": "Tharandt",
    "Site_ID": "DE-THA", "Study_midyear": "2000.5", "Latitude": "50.95", "Longitude": "13.55",
    "Elevation": "380", "Manipulation": "None", "Biome": "Temperate", "Ecosystem_type": "Forest",
    "Leaf_habit": "Evergreen", "MAT": "8", "MAP": "800", "Study_temp": "8", "Study_precip": "800",
    "Meas_method": "IRGA", "Annual_coverage": "1", "Partition_method": "Exclusion",
    "Rs_annual": "600", "Ra_annual": "240", "Rh_annual": "360", "RC_annual": "0.4",
    "Rs_growingseason": "2.2",
}


def srdb_text(*changes, rows=3, drop=(), more=(), order=None, **dialect):
    """Return a table of SRDB: `rows` sound records, then one for each dictionary of changes."""
    records = [SRDB_RECORD | {"Record_number": str(i + 1)} for i in range(rows)]
    records += [
        SRDB_RECORD | {"Record_number": str(rows + i + 1)} | c for i, c in enumerate(changes)
    ]
    names = [n for n in order or (*SRDB_RECORD, *more) if n not in drop]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="NA", extrasaction="ignore",
                            lineterminator="\n", **dialect)
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue()

