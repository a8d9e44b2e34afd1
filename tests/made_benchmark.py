"""A small known benchmark on the half-degree grid, declared synthetic, for tests."""

from pathlib import Path

import numpy as np
import xarray as xr

from soilresp.covariates.embedded import load_embedded
from soilresp.grid.cells import cell_area, coordinates
from soilresp.scoring.export import RunMaps


def made_benchmark():
    """SR and HR that fall from the equator to the poles and vary along the parallels.

    The fractions are those of the embedded land cover; the SD is a third of the flux.
    """
    fields = load_embedded()
    axes = coordinates()
    lat, lon = axes["lat"], axes["lon"]
    shape = 1 + 0.5 * np.sin(np.deg2rad(2 * lon + 20))
    sr = (1200 * np.cos(np.deg2rad(lat)) ** 2 * shape).transpose("lat", "lon")
    sr = sr.where(fields["vegetated_fraction"] > 0)
    hr, ar = 0.6 * sr, 0.4 * sr
    values = {"SR": sr, "HR": hr, "AR": ar, "HR_joint": hr, "AR_joint": sr - hr, "AR_SR": ar / sr}
    for name, field in (("SR", sr), ("HR", hr)):
        values |= {f"{name}_{s}": field / 3 for s in ("sd", "mad", "mad_scaled")}
        values[f"{name}_cv"] = 100 / 3 * xr.ones_like(field)
    out = xr.Dataset(values, attrs={"title": "Synthetic benchmark of the tests"})
    for name, field in out.items():
        field.attrs = {"units": "1" if name == "AR_SR" else "g m-2 yr-1"}
    return out.assign(
        vegetated_fraction=fields["vegetated_fraction"].astype(float),
        land_fraction=fields["land_fraction"].astype(float), cell_area=cell_area(),
    )


def as_model(benchmark, fluxes=("SR", "HR", "AR"), **attrs):
    """The benchmark as if a model had made it: per m2 of land."""
    share = (benchmark["vegetated_fraction"] / benchmark["land_fraction"]).where(
        benchmark["land_fraction"] > 0
    )
    out = xr.Dataset({f: benchmark[f] * share for f in fluxes})
    for field in out.values():
        field.attrs = {"units": "g m-2 yr-1", "area_basis": "land"}
    land = benchmark["land_fraction"].where(out[fluxes[0]].notnull(), 0)
    return out.assign(land_fraction=land, cell_area=benchmark["cell_area"]).assign_attrs(
        {"model": "made", "period": "mean", "how_ar": "SR - HR", "choices": ""} | attrs
    )


def write_model(path, field, name="rh", roll=0):
    """Write two annual maps as TRENDY has them: kg m-2 s-1 of land, south to north, 0-360 E."""
    field = field.transpose("lat", "lon")
    lon = field["lon"].values % 360
    order = np.argsort(lon)
    values = np.roll(field.values, roll, axis=1)[::-1, order] / 1000 / (365 * 86400)
    time = xr.DataArray([(y - 1901) * 365 + 182.5 for y in (1990, 1991)], dims="time", attrs={
        "units": "days since 1901-01-01", "calendar": "noleap"})
    stored = xr.Dataset(
        {name: (("time", "lat", "lon"), np.stack([0.9 * values, 1.1 * values]).astype("f4"),
                {"units": "kg m-2 s-1", "_FillValue": -99999.0})},
        {"time": time, "lat": ("lat", field["lat"].values[::-1], {"units": "degrees_north"}),
         "lon": ("lon", lon[order], {"units": "degrees_east"})},
    )
    stored.to_netcdf(path)
    return path


def made_run(years=(), label=""):
    """Maps of a run as an export takes them, of the benchmark that falls by 1 % a year."""
    benchmark = made_benchmark()
    area = ("vegetated_fraction", "land_fraction", "cell_area")
    for name in set(benchmark.data_vars) - set(area):
        units = {"cv": "%"}.get(name[-2:], benchmark[name].attrs["units"])
        benchmark[name] = benchmark[name].astype("f4").assign_attrs(units=units, long_name=name)
    for name in area:
        benchmark[name].attrs |= {"units": "m2" if name == "cell_area" else "1", "long_name": name}
    annual = benchmark[["SR", "HR", "AR"]]
    if years:
        change = xr.DataArray(1 - 0.01 * np.arange(len(years)), {"year": list(years)}, "year")
        attrs = benchmark["SR"].attrs
        annual = xr.Dataset({
            v: (field * change).transpose("year", "lat", "lon").astype("f4").assign_attrs(attrs)
            for v, field in annual.items()
        })
    lat = np.abs(benchmark["lat"])
    where = xr.Dataset()
    for flux in ("SR", "HR"):
        known = benchmark[flux].notnull()
        words = {"long_name": f"of {flux}", "units": "1"}
        index = (lat / 60).where(known).transpose("lat", "lon").astype("f4")
        where[f"{flux}_di"] = index.assign_attrs(words)
        where[f"{flux}_inside"] = (lat < 60).where(known).transpose("lat", "lon").astype("f4")
        where[f"{flux}_inside"].attrs = words
    return RunMaps(
        Path("made"), benchmark, annual, where, "made recipe", label, "made by hand",
        "2020-01-01T00:00:00Z", {"recipe": "made recipe", "seed": 1},
    )


def on_grid(values, **attrs):
    """A constant, or an array, on the half-degree grid."""
    whole = np.broadcast_to(np.asarray(values, float), (360, 720))
    return xr.DataArray(whole.copy(), coordinates(), ("lat", "lon"), "HR", attrs)
