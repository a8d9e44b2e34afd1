"""SR and HR as reference data of ILAMB 2.7 and ilamb3.

Both packages take one variable a file, from south to north, per m2 of land and second,
with bounds, and a configuration that names it.
"""

from pathlib import Path

import numpy as np
import xarray as xr
import yaml

from soilresp.errors import DataError
from soilresp.io.files import write_text
from soilresp.scoring.area_basis import to_land
from soilresp.scoring.cf import ORIGIN, with_bounds, write_netcdf

__all__ = ["NAMES", "YEAR_SECONDS", "write_ilamb"]

NAMES = {
    "SR": ("rs", "Soil Respiration", "raRoot + rh", "soil respiration"),
    "HR": ("rh", "Heterotrophic Respiration", None, "heterotrophic respiration"),
}
"""Variable of each flux in ILAMB, its heading, how models derive it, and its long name."""

YEAR_SECONDS = 365.2425 * 86400
"""Seconds of the year of UDUNITS, by which ILAMB turns fluxes into totals per year."""

_FILL = np.float32(1e20)
_SOURCE = "soilresp"


_README = """Global soil respiration benchmark for ILAMB

Set ILAMB_ROOT to this folder, put the models' rh, raRoot, areacella and sftlf into MODELS/NAME,
and run "ilamb-run --config ilamb2.cfg --model_root MODELS --regions global" (ILAMB 2.7), or take
the blocks over into your own configuration; ilamb3.yaml has the same for ilamb3. Files without
_annual have one time step: ILAMB then scores the bias relative to the benchmark. ILAMB 2.7 takes
a reference's cells for all land, so the total that it prints of the benchmark is too large by
the water of coastal cells. Means, biases and scores per m2 are not affected.
"""


def write_ilamb(dataset, out, years=(1982, 2012), annual=None):
    """Write the benchmark in the layout of ILAMB 2.7 and ilamb3.

    Parameters
    ----------
    dataset : xarray.Dataset
        Benchmark: ``SR``, ``HR`` and, if there, ``SR_sd``, ``HR_sd``, g C m-2 yr-1 of
        vegetated area on the half-degree grid, with ``vegetated_fraction``,
        ``land_fraction`` and ``cell_area``.
    out : path-like
        Folder. It gets ``DATA/rs/soilresp/rs.nc``, ``DATA/rh/soilresp/rh.nc``,
        ``ilamb2.cfg``, ``ilamb3.yaml`` and ``README.txt``.
    years : tuple of int
        First and last year of the climatology.
    annual : xarray.Dataset, optional
        ``SR``, ``HR``, dims (year, lat, lon); written beside as ``rs_annual.nc`` and
        ``rh_annual.nc``.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    DataError
        If the dataset has neither SR nor HR, or lacks a fraction.

    Notes
    -----
    Fluxes are per m2 of land, like the models'. A climatology has one time step, so
    that ILAMB takes the relative error for its bias score (Collier et al. 2018,
    doi:10.1029/2018MS001354); with annual values it would divide by their SD, which
    for a map like this is far too small. ILAMB 2.7 takes a reference's cells for all
    land: its total of the reference is too large by the water on coasts; ilamb3 goes
    by ``areacella`` and ``sftlf``, which the files hold.
    """
    lacking = [v for v in ("vegetated_fraction", "land_fraction", "cell_area") if v not in dataset]
    fluxes = [v for v in NAMES if v in dataset]
    if lacking or not fluxes:
        raise DataError(
            f"The benchmark lacks {', '.join(lacking) or 'SR and HR'}, so it cannot be written for "
            "ILAMB. Give a file that `soilresp export` made."
        )
    out, made = Path(out), {}
    for flux in fluxes:
        name = NAMES[flux][0]
        file = out / "DATA" / name / _SOURCE / f"{name}.nc"
        made[file] = _reference(dataset, dataset, flux, years[:1], years[1:])
        if annual is not None and flux in annual:
            own = annual["year"].values
            made[file.with_stem(f"{name}_annual")] = _reference(dataset, annual, flux, own, own)
    for path, reference in made.items():
        write_netcdf(reference, path, fill=_FILL, format="NETCDF4_CLASSIC")
    words = {"ilamb2.cfg": _version_2(fluxes), "ilamb3.yaml": _version_3(fluxes),
             "README.txt": _README}
    for name, text in words.items():
        write_text(out / name, text)
    return [*made, *(out / name for name in words)]


def _reference(fractions, values, flux, first, last):
    """One flux in kg m-2 s-1 of land, from south to north, with its bounds."""
    name, _, _, words = NAMES[flux]
    vegetated, land = fractions["vegetated_fraction"], fractions["land_fraction"]
    out = xr.Dataset()
    for role, source, long_name in (
        (name, flux, words), (f"{name}_sd", f"{flux}_sd", f"standard deviation of {words}"),
    ):
        if source in values:
            field = to_land(values[source].astype(float), vegetated, land)
            field = field.where(vegetated > 0) / 1000 / YEAR_SECONDS
            field = field.rename(year="time") if "year" in field.dims else field.expand_dims("time")
            field = field.transpose("time", "lat", "lon").astype("float32")
            out[role] = field.drop_vars("time", errors="ignore")
            # The attributes of what it was computed from are not its own.
            out[role].attrs = {
                "units": "kg m-2 s-1", "long_name": long_name,
                "cell_methods": "area: mean where land time: mean",
                "cell_measures": "area: areacella",
            }
    if f"{name}_sd" in out:
        out[name].attrs["ancillary_variables"] = f"{name}_sd"
    area = fractions["cell_area"] * xr.ones_like(land)
    for role, field, attrs in (
        ("areacella", area, {"units": "m2", "standard_name": "cell_area"}),
        ("sftlf", 100 * land, {"units": "%", "standard_name": "land_area_fraction"}),
    ):
        field = field.transpose("lat", "lon").astype("float32")
        out[role] = field.drop_attrs().assign_attrs(attrs)
    out = with_bounds(out.sortby("lat").sortby("lon"))
    # Every year of this calendar has 365 days.
    edges = 365.0 * (np.column_stack([first, np.add(last, 1)]) - int(ORIGIN[:4]))
    out = out.assign_coords(time=("time", edges.mean(axis=1)))
    out["time"].attrs = {"units": f"days since {ORIGIN}", "calendar": "noleap", "axis": "T",
                         "bounds": "time_bnds", "standard_name": "time"}
    out["time_bnds"] = ("time", "nv"), edges
    attrs = fractions.attrs
    out.attrs = {
        "title": f"Global soil respiration benchmark: {words}",
        "source_version_number": str(attrs.get("version", attrs.get("product_version", "1"))),
        "institution": attrs.get("institution", "soilresp project"),
        "source": attrs.get("source", "quantile random forests trained on SRDB v5.0"),
        "history": attrs.get("history", "written by soilresp.scoring.ilamb"),
        "references": "Lu et al. (2021), doi:10.1088/1748-9326/abf526; Jian et al. (2021), "
                      "doi:10.5194/essd-13-255-2021",
        "comment": "per m2 of land; missing where nothing is vegetated",
        "Conventions": "CF-1.8",
    }
    return out


def _version_2(fluxes):
    """Blocks for a configuration of ILAMB 2.7."""
    lines = ["[h1: Ecosystem and Carbon Cycle]", 'bgcolor = "#ECFFE6"', ""]
    for flux in fluxes:
        name, heading, derived, _ = NAMES[flux]
        lines += [
            f"[h2: {heading}]", f'variable       = "{name}"',
            *([f'derived        = "{derived}"'] if derived else []),
            "weight         = 5", "mass_weighting = True", "",
            f"[{_SOURCE}]", f'source     = "DATA/{name}/{_SOURCE}/{name}.nc"', "weight     = 20",
            'table_unit = "Pg yr-1"', 'plot_unit  = "g m-2 yr-1"', "space_mean = False", "",
        ]
    return "\n".join(lines)


def _version_3(fluxes):
    """Configuration of ilamb3."""
    blocks = {}
    for flux in fluxes:
        name, heading, derived, _ = NAMES[flux]
        block = {
            "sources": {name: f"DATA/{name}/{_SOURCE}/{name}.nc"},
            "mass_weighting": True, "table_unit": "Pg yr-1", "plot_unit": "g m-2 yr-1",
            "analyses": ["Bias", "Spatial Distribution"],
            "spatial_sum": True,
        }
        if derived:
            block["related_vars"] = derived.split(" + ")
            block["transforms"] = [{"expression": {"expr": f"{name} = {derived}"}}]
        blocks[heading] = {_SOURCE: block}
    return yaml.safe_dump({"Ecosystem and Carbon Cycle": blocks}, sort_keys=False)
