"""Faulty output of models, and faulty benchmarks."""

import numpy as np
import xarray as xr

from bad_input.case import Case, store
from soilresp.covariates.embedded import load_embedded

SECONDS = 365 * 86400


def sound():
    """HR of 390 g C m-2 yr-1 on all land, two years on two degrees (xarray.Dataset)."""
    path = store() / "model.nc"
    if not path.exists():
        land = load_embedded()["land_fraction"].coarsen(lat=4, lon=4).mean()
        values = np.where(land > 0.3, 0.39 / SECONDS, np.nan)
        time = xr.DataArray([(y - 1901) * 365 + 182.5 for y in (1990, 1991)], dims="time", attrs={
            "units": "days since 1901-01-01", "calendar": "noleap"})
        xr.Dataset(
            {"rh": (("time", "lat", "lon"), np.stack([values, values]).astype("f4"),
                    {"units": "kg m-2 s-1"}),
             "landfrac": (("lat", "lon"), land.values, {"units": "1"})},
            {"time": time, "lat": land["lat"].values, "lon": land["lon"].values},
        ).to_netcdf(path)
    with xr.open_dataset(path, decode_times=False) as data:
        return data.load()


def spoilt(change, name="m.nc"):
    """A maker that writes a model's file with something changed."""
    def make(world):
        change(sound()).to_netcdf(world.work / name)

    return make


def put(content, name="m.nc"):
    """A maker that writes a file as it is given."""
    def make(world):
        data = content() if callable(content) else content
        (world.work / name).write_bytes(data)

    return make


def cut(layout):
    """The first half of a file of either format."""
    def content():
        path = store() / f"{layout}.nc"
        sound().to_netcdf(path, format=layout)
        return path.read_bytes()[: path.stat().st_size // 2]

    return content


def refused(name, wrong, change, says, *more, code=1):
    """A model that is refused by ``soilresp models read``."""
    make = spoilt(change) if callable(change) else put(change)
    return Case(f"model-{name}", wrong, ("models", "read", "m.nc", *more), code, says, make)


def rate(factor):
    """Fluxes times a factor."""
    def change(data):
        data["rh"] = (data["rh"] * factor).assign_attrs(data["rh"].attrs)
        return data

    return change


def units(words):
    """Another unit by the attribute."""
    def change(data):
        data["rh"].attrs["units"] = words
        return data

    return change


def time(values, words, calendar="noleap"):
    """Another time axis."""
    def change(data):
        return data.assign_coords(
            time=("time", np.asarray(values, float), {"units": words, "calendar": calendar})
        )

    return change


def cell(value):
    """A value in one cell of the Sahara."""
    def change(data):
        data["rh"].values[0, 33, 95] = value
        return data

    return change


def fractions(value, words="1"):
    """Another land fraction."""
    def change(data):
        data["landfrac"] = xr.full_like(data["landfrac"], value).assign_attrs(units=words)
        return data

    return change


def _two_grids(world):
    sound().isel(time=[0]).to_netcdf(world.work / "a.nc")
    sound().isel(time=[1], lat=slice(0, 80)).to_netcdf(world.work / "b.nc")


def _overlap(world):
    for name in ("a.nc", "b.nc"):
        sound().to_netcdf(world.work / name)


def _daily(data):
    return data.isel(time=[0] * 30).assign_coords(
        time=("time", np.arange(30.0), {"units": "days since 1990-01-01"})
    )


def _two_dimensional(data):
    grid = xr.broadcast(data["lat"], data["lon"])
    flat = data.drop_vars(["lat", "lon"]).rename(lat="y", lon="x")
    return flat.assign(
        nav_lat=(("y", "x"), grid[0].values, {"units": "degrees_north"}),
        nav_lon=(("y", "x"), grid[1].values, {"units": "degrees_east"}),
    )


def _folder(world):
    (world.work / "empty").mkdir()


def _benchmark(change=None, content=None):
    def make(world):
        sound().to_netcdf(world.work / "m.nc")
        path = world.work / "b.nc"
        if content is not None:
            path.write_bytes(content)
        else:
            change(sound()).to_netcdf(path)

    return make


def scored(name, wrong, make, says, *more):
    """A file or benchmark that is refused by ``soilresp score``."""
    return Case(f"model-score-{name}", wrong, ("score", "m.nc", *more), 1, says, make)


MODEL_CASES = (
    Case("model-nowhere", "no such file", ("models", "read", "m.nc"), 1, "m.nc does not exist"),
    Case("model-empty-folder", "a folder without NetCDF", ("models", "read", "empty"), 1,
         "empty holds no NetCDF file", _folder),
    refused("text", "text in a file called .nc", b"lat,lon,rh\n1,2,3\n", "m.nc is not a readable"),
    refused("empty", "an empty file", b"", "m.nc is not a readable NetCDF file"),
    Case("model-cut-4", "NetCDF-4 without its second half", ("models", "read", "m.nc"), 1,
         "m.nc is not a readable NetCDF file", put(cut("NETCDF4"))),
    Case("model-cut-3", "classic NetCDF without its second half", ("models", "read", "m.nc"), 1,
         "m.nc is not a readable NetCDF file", put(cut("NETCDF3_CLASSIC"))),
    Case("model-gzip", "a .nc.gz that is not gzip", ("models", "read", "m.nc.gz"), 1,
         "m.nc.gz is not a readable NetCDF file", put(b"no gzip", "m.nc.gz")),
    refused("no-variable", "no variable that is known", lambda d: d.rename(rh="xyz"),
            "none of the variables is rh. Say which"),
    refused("no-units", "no unit", lambda d: (d["rh"].attrs.pop("units"), d)[1],
            "units '', which are unknown"),
    refused("odd-units", "a unit of nothing", units("furlongs"), "units 'furlongs'"),
    refused("pool-units", "the unit of a pool", units("kg m-2"), "an amount; expected a flux"),
    refused("units-number", "a number for a unit", units(5), "units .*5.*, which are unknown"),
    refused("co2", "masses of CO2 said to be carbon", rate(44.01 / 12.011), "As mass of CO2"),
    refused("thousandth", "a thousandth of the flux", rate(1e-3), "Its units are wrong"),
    refused("thousandfold", "a thousand times the flux", rate(1e3),
            "rh adds up to 5.*expected 120"),
    refused("zeros", "zeros everywhere", rate(0.0), "zero throughout"),
    refused("negative", "negative respiration", rate(-1.0),
            "expected a flux above zero. Its sign is wrong"),
    refused("all-missing", "no value at all", rate(np.nan), "m.nc: rh is missing throughout"),
    refused("infinite", "an infinite value on land", cell(np.inf), "infinite in 1 cell"),
    refused("upside-down", "rows from south to north, not said so",
            lambda d: d.assign_coords(lat=d["lat"].values[::-1]), "its latitude is upside down"),
    refused("shifted", "longitudes shifted by 180 degrees",
            lambda d: d.assign_coords(lon=np.roll(d["lon"].values, 90)).sortby("lon"),
            "shifted by 180 degrees"),
    refused("radians", "latitudes in radians",
            lambda d: d.assign_coords(lat=np.deg2rad(d["lat"]), lon=np.deg2rad(d["lon"])),
            "m.nc: lat runs from.*look like radians"),
    refused("beyond-90", "latitudes to 180",
            lambda d: d.assign_coords(lat=2 * d["lat"]), "m.nc: lat runs from -178 to 178"),
    refused("nan-lat", "a latitude that is missing",
            lambda d: d.assign_coords(lat=d["lat"].where(d["lat"] < 80)),
            "m.nc: lat is missing or infinite at its step 0"),
    refused("no-grid", "no latitude", lambda d: d.drop_vars("lat").rename(lat="y"),
            "has no lat of one dimension"),
    refused("curvilinear", "latitudes of two dimensions", _two_dimensional,
            "has no lat of one dimension"),
    refused("layers", "layers of soil", lambda d: d.assign(rh=d["rh"].expand_dims(layer=2)),
            "dimension layer of length 2"),
    refused("one-cell", "one cell alone", lambda d: d.isel(lat=[40], lon=[90]),
            "m.nc: lat has 1 values, which make no grid"),
    refused("time", "time since the flood", time([1, 400], "days since the flood"),
            "time cannot be decoded"),
    refused("time-zero", "years 1 and 2", time([1, 2], "years since 0000-01-01"),
            "time cannot be decoded"),
    refused("time-nan", "a time that is missing", time([np.nan, 400], "days since 1990-01-01"),
            "m.nc: rh, time cannot be decoded: step 0 is missing"),
    refused("time-huge", "a time in the year 10^14", time([1e17, 2e17], "days since 1990-01-01"),
            "time cannot be decoded"),
    refused("calendar", "a calendar of nobody", time([1, 400], "days since 1990-01-01", "lunar"),
            "time cannot be decoded.*lunar"),
    refused("time-twice", "the same month twice", time([15, 20], "days since 1990-01-01"),
            "twice|no whole year|2 steps"),
    refused("daily", "daily values", _daily, "no whole year|30 steps|twice"),
    refused("no-whole-year", "years outside the period", lambda d: d, "no whole year in 2000-2010",
            "--years", "2000", "2010"),
    refused("years-reversed", "a period in reverse", lambda d: d,
            "no whole year in 2010-2000|first",
            "--years", "2010", "2000"),
    refused("land-above", "land fractions of 1.4", fractions(1.4),
            "between 1.4 and 1.4; expected 0"),
    refused("land-negative", "land fractions of -1", fractions(-1.0), "between -1 and -1"),
    refused("land-zero", "no land at all", fractions(0.0), "zero throughout"),
    refused("no-land", "no land fraction on another grid", lambda d: d.drop_vars("landfrac"),
            "land fraction"),
    refused("land-file", "a land fraction that is not there", lambda d: d, "nowhere.nc",
            "--land", "nowhere.nc"),
    refused("adapter", "an unknown model", lambda d: d, "Unknown adapter 'JULES'",
            "--adapter", "JULES", code=2),
    refused("var-flux", "a flux that is none", lambda d: d, "'XX' is no flux or pool", "--var",
            "rh=XX", code=2),
    refused("var-nowhere", "a variable that is not there", lambda d: d, "none of the variables",
            "--var", "resp=HR"),
    refused("testbed", "another model under the testbed's name", lambda d: d, "landarea",
            "--adapter", "CORPSE"),
    Case("model-two-grids", "two files on two grids", ("models", "read", "."), 1,
         "is on another grid", _two_grids),
    Case("model-overlap", "two files of the same years", ("models", "read", "."), 1,
         "1990|overlap|twice", _overlap),
    scored("text", "text in a file called .nc", put(b"hello"), "m.nc is not a readable"),
    scored("units", "a unit of nothing", spoilt(units("furlongs")), "units 'furlongs'"),
    scored("benchmark-text", "text for a benchmark", _benchmark(content=b"hello"), "b.nc",
           "--benchmark", "b.nc"),
    scored("benchmark-other", "a model for a benchmark", _benchmark(lambda d: d),
           "b.nc has no variable 'SR'", "--benchmark", "b.nc"),
    scored("benchmark-nowhere", "a benchmark that is not there", spoilt(lambda d: d),
           "nowhere.nc", "--benchmark", "nowhere.nc"),
    Case("model-score-empty", "a folder without NetCDF", ("score", "empty"), 1, "no NetCDF file",
         _folder),
    Case("model-apart", "text in a file called .nc, in a process of its own",
         ("models", "read", "m.nc"), 1, "m.nc is not a readable NetCDF file", put(b"hello"),
         apart=True),
)
