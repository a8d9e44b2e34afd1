"""Faulty covariate cubes of the user's own."""

import shutil

import numpy as np
import xarray as xr

from bad_input.case import Case, store
from soilresp.covariates.build import build_cube
from soilresp.covariates.cube import save_cube


def sound():
    """The cube of the fields that ship, as a file."""
    path = store() / "cube.nc"
    if not path.exists():
        save_cube(build_cube("embedded")[[
            "MAT", "Prec", "RH", "LAI", "PAR", "cell_area", "land_fraction",
            "vegetated_fraction", "igbp_fraction", "stratum",
        ]], path)
    return path


def spoilt(change):
    """A maker that writes ``cube.nc`` with something changed."""

    def make(world):
        with xr.open_dataset(sound()) as cube:
            changed = change(cube.load())
        # Without compression: only the reading is tried.
        encoding = {v: {"zlib": False} for v in changed.data_vars}
        changed.to_netcdf(world.work / "cube.nc", encoding=encoding)

    return make


def put(content):
    """A maker that writes ``cube.nc`` as it is given."""

    def make(world):
        data = content() if callable(content) else content
        (world.work / "cube.nc").write_bytes(data)

    return make


def scaled(name, factor, shift=0.0):
    """A predictor in another unit."""
    def change(cube):
        cube[name] = (cube[name] * factor + shift).assign_attrs(cube[name].attrs)
        return cube

    return change


def by_year(name, years):
    """A predictor with years."""
    def change(cube):
        field = cube[name].expand_dims(year=len(years)).assign_coords(year=years)
        return cube.drop_vars(name).assign({name: field})

    return change


def values(name, where, value):
    """A predictor with a value in some cells."""
    def change(cube):
        field = cube[name].copy()
        field.values[where] = value
        return cube.assign({name: field})

    return change


def turned(axis):
    """Fields the other way round under coordinates that do not say so."""
    def change(cube):
        for name in ("MAT", "Prec", "RH", "LAI", "PAR"):
            data = cube[name].values
            data = data[::-1] if axis == "lat" else np.roll(data, 360, axis=1)
            cube[name] = (("lat", "lon"), data.copy(), cube[name].attrs)
        return cube

    return change


def with_units(name, units):
    """A predictor whose attribute names another unit."""
    def change(cube):
        cube[name].attrs["units"] = units
        return cube

    return change


def refused(name, wrong, change, says):
    """A cube that is refused."""
    make = put(change) if isinstance(change, bytes) else spoilt(change)
    return Case(f"cube-{name}", wrong, ("covariates", "describe", "cube.nc"), 1,
                f"cube.nc.*{says}", make)


def _empty_store(world):
    (world.work / "cube.zarr").mkdir()


def _zarr_with_a_hole(world):
    path = world.work / "cube.zarr"
    with xr.open_dataset(sound()) as cube:
        save_cube(cube, path)
    (path / "MAT" / "zarr.json").write_text("{")


def _zarr_without_a_chunk(world):
    path = world.work / "cube.zarr"
    with xr.open_dataset(sound()) as cube:
        save_cube(cube, path)
    shutil.rmtree(path / "MAT" / "c")


CUBE_CASES = (
    Case("cube-nowhere", "no such file", ("covariates", "describe", "cube.nc"), 1,
         "cube.nc does not exist. Make a cube"),
    refused("text", "text in place of NetCDF", b"not a cube\n" * 50, "not a readable cube"),
    refused("empty", "an empty file", b"", "not a readable cube"),
    Case("cube-cut", "the second half is missing", ("covariates", "describe", "cube.nc"), 1,
         "cube.nc is not a readable cube", put(lambda: sound().read_bytes()[:300_000])),
    Case("cube-zarr-empty", "an empty Zarr folder", ("covariates", "describe", "cube.zarr"), 1,
         "cube.zarr is not a readable cube", _empty_store),
    Case("cube-zarr-damaged", "a Zarr with damaged metadata",
         ("covariates", "describe", "cube.zarr"), 1, "cube.zarr is not a readable cube",
         _zarr_with_a_hole),
    Case("cube-zarr-chunk", "a Zarr without the chunks of MAT",
         ("covariates", "describe", "cube.zarr"), 1, "MAT has data on 0.0%",
         _zarr_without_a_chunk),
    refused("no-area", "no cell_area", lambda c: c.drop_vars("cell_area"), "has no 'cell_area'"),
    refused("no-stratum", "no stratum", lambda c: c.drop_vars("stratum"), "has no 'stratum'"),
    refused("no-predictor", "no predictor at all",
            lambda c: c.drop_vars(["MAT", "Prec", "RH", "LAI", "PAR"]), "has none of"),
    refused("no-lat", "no latitudes", lambda c: c.drop_vars("lat"), "no coordinate 'lat'"),
    refused("one-degree", "cells of one degree", lambda c: c.isel(lat=slice(0, 360, 2)),
            "lat runs from 89.75 to -89.25 in 180 steps"),
    refused("off-grid", "cells a quarter of a degree away",
            lambda c: c.assign_coords(lon=c["lon"] + 0.25), "lon runs from -179.5"),
    refused("south-north", "rows from south to north", lambda c: c.isel(lat=slice(None, None, -1)),
            "the wrong way round"),
    refused("south-north-unsaid", "rows from south to north, not said so", turned("lat"),
            "rows seem to run from south to north"),
    refused("lon-360", "longitudes from 0 to 360",
            lambda c: c.assign_coords(lon=c["lon"] % 360).sortby("lon"), "Longitudes run to 360"),
    refused("lon-360-unsaid", "longitudes from 0 to 360, not said so", turned("lon"),
            "columns seem to start at Greenwich"),
    refused("transposed", "dimensions (lon, lat)",
            lambda c: c.assign(MAT=c["MAT"].transpose("lon", "lat")), "MAT has the dimensions"),
    refused("kelvin", "MAT in kelvin", scaled("MAT", 1, 273.15), "MAT runs from.*kelvin"),
    refused("kelvin-said", "the unit K on values in degC", with_units("MAT", "K"),
            "MAT is in 'K'; expected 'degC'"),
    refused("fahrenheit", "MAT in Fahrenheit", scaled("MAT", 1.8, 32), "MAT.*expected -60 to 45"),
    refused("rain-per-day", "Prec in mm a day", scaled("Prec", 1 / 365), "Prec is.*mm day-1"),
    refused("rain-in-metres", "Prec in m", scaled("Prec", 1e-3), "Prec is.*in m"),
    refused("humidity-share", "RH as a share", scaled("RH", 0.01), "RH is.*a fraction"),
    refused("humidity-above", "RH above 100", scaled("RH", 1.3), "RH runs from.*0 to 100"),
    refused("watts", "PAR in W m-2", scaled("PAR", 1 / 31.6), "PAR is.*W m-2"),
    refused("leaf-area", "LAI ten times too large", scaled("LAI", 10), "LAI runs from"),
    refused("negative-rain", "negative rain in a cell",
            values("Prec", (100, 100), -5.0), "Prec runs from -5"),
    refused("infinite", "an infinite value in a cell", values("MAT", (190, 230), np.inf),
            "MAT is infinite in 1 cell"),
    refused("all-missing", "a predictor without a value", values("RH", ..., np.nan),
            "RH has data on 0.0%"),
    refused("half-missing", "a predictor without South America and Africa",
            values("RH", slice(180, 300), np.nan), "RH has data on"),
    refused("year-twice", "a year twice", by_year("MAT", [2000, 2001, 2001]), "year 2001 stands"),
    refused("year-missing", "a year is missing", by_year("MAT", [2000, 2002]),
            "year 2001 is missing"),
    refused("year-order", "years out of order", by_year("MAT", [2001, 2000]), "not in order"),
    refused("year-text", "years that are texts", by_year("MAT", ["a", "b"]), "year.*whole numbers"),
    refused("text-field", "texts in place of numbers",
            lambda c: c.assign(MAT=c["MAT"].astype(str).isel(lat=slice(0, 360))),
            "MAT holds.*expected numbers"),
    Case("cube-run", "a cube with a fault given to a run",
         ("run", "--recipe", "embedded", "--observations", "twin", "-p", "cube=nowhere.nc"), 2,
         "Parameter cube names 'nowhere.nc', which does not exist"),
)
