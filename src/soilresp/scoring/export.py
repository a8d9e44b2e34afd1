"""Maps of a run as files that open everywhere: NetCDF (CF-1.8), Zarr, GeoTIFF.

Every file says what it was made from. Files of an export appear together, or not at all; the
last one, ``SHA256SUMS``, tells by ``sha256sum -c`` whether all are whole. One run exports to the
same bytes at any time: the time in a file is that when its maps were made.
"""

import errno
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from soilresp import __version__
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_edges
from soilresp.io.files import folder_aside, sha256, together, write_json, write_text
from soilresp.scoring import benchmark
from soilresp.scoring.cf import ORIGIN, encoding, with_bounds, write_netcdf
from soilresp.scoring.ilamb import write_ilamb

__all__ = [
    "FORMATS", "WHAT", "RunMaps", "annual", "climatology", "compact", "compact_annual", "export",
    "export_compact", "export_shipped",
]

WHAT = ("climatology", "annual", "all")
"""Parts of a run that can be exported."""

CHECKSUMS = "SHA256SUMS"
"""File with the checksums of an export."""

UNITS = "g m-2 yr-1"

_FLUX = "surface_upward_mass_flux_of_carbon"
_STANDARD_NAMES = {
    "SR": f"{_FLUX}_dioxide_expressed_as_carbon_due_to_respiration_in_soil",
    "HR": f"{_FLUX}_due_to_heterotrophic_respiration_in_soil",
    "AR": f"{_FLUX}_dioxide_expressed_as_carbon_due_to_plant_respiration_in_roots",
    "vegetated_fraction": "vegetation_area_fraction",
    "land_fraction": "land_area_fraction",
    "cell_area": "cell_area",
}
"""From the CF standard name table; their unit, kg m-2 s-1, converts to ours."""

_TIME = {
    "standard_name": "time", "long_name": "time", "units": f"days since {ORIGIN}",
    "calendar": "standard",
}

_STEPS = {"1": 1 / 4096, "km": 1, "%": 1 / 16, UNITS: 1 / 16}
"""Step that numbers of the compact file are rounded to, by their unit."""

_ANNUAL_STEPS = {"1": 1 / 4096, UNITS: 1}
"""The same for the compact file of annual maps."""

_REFERENCES = (
    "Lu et al. (2021), doi:10.1088/1748-9326/abf526; Jian et al. (2021), "
    "doi:10.5194/essd-13-255-2021; Meinshausen (2006), Journal of Machine Learning Research 7, "
    "983-999; Meyer and Pebesma (2021), doi:10.1111/2041-210X.13650"
)


@dataclass(frozen=True)
class RunMaps:
    """Maps of a run, and what describes them in a file.

    Attributes
    ----------
    folder : pathlib.Path
        Of the run, for messages.
    climatology : xarray.Dataset, dims (lat, lon)
        Fluxes and their spreads, g m-2 yr-1 of vegetated area, fractions and cell area.
    annual : xarray.Dataset, dims (year, lat, lon)
        SR, HR and AR; without ``year`` where the covariates are a climatology.
    applicability : xarray.Dataset or None
        Area of applicability, if it has been computed.
    recipe : str
        Of the covariates.
    label : str
        Of a twin experiment, else empty.
    source : str
        What the maps were made from, in words.
    made_at : str
        When the maps were made, ISO 8601.
    provenance : dict
        Settings, versions and inputs.
    """

    folder: Path
    climatology: xr.Dataset
    annual: xr.Dataset
    applicability: xr.Dataset | None
    recipe: str
    label: str
    source: str
    made_at: str
    provenance: dict

    @property
    def years(self):
        """Years of the annual maps (list of int), or None for a climatology."""
        return self.annual["year"].values.tolist() if "year" in self.annual.dims else None


def climatology(maps, command="soilresp export"):
    """Describe the climatological maps of a run by the CF conventions.

    Parameters
    ----------
    maps : RunMaps
    command : str
        Command that makes the file, for its history.

    Returns
    -------
    xarray.Dataset, dims (lat, lon)
        Fluxes and their spreads in g m-2 yr-1 of vegetated area, fractions, cell area, and, if
        it has been computed, the area of applicability. Bounds and (with a recipe that has
        years) climatological time are variables, as they are in the file.
    """
    made = maps.climatology
    if maps.applicability is not None:
        made = made.merge(_flags(maps.applicability))
    if maps.years is not None:
        first, last = maps.years[0], maps.years[-1]
        bounds = _days([f"{first}-01-01", f"{last + 1}-01-01"])
        attrs = _TIME | {"climatology": "climatology_bnds"}
        made = made.assign(
            time=xr.DataArray(bounds.mean(), attrs=attrs), climatology_bnds=("nv", bounds)
        )
    return _described(made, maps, command, "climatology")


def annual(maps, command="soilresp export"):
    """Describe the maps of every year of a run by the CF conventions.

    Parameters
    ----------
    maps : RunMaps
    command : str

    Returns
    -------
    xarray.Dataset, dims (time, lat, lon)
        As `climatology`, without what does not vary by year.

    Raises
    ------
    DataError
        If the covariates are a climatology.
    """
    return _by_year(maps.annual, maps, command)


def _by_year(fields, maps, command, also=None):
    """Fields of every year on their time axis, and others that have no years, described."""
    _check_years(maps)
    fixed = ["cell_area", "vegetated_fraction", "land_fraction"]
    made = fields.rename(year="time").merge(maps.climatology[fixed])
    if also is not None:
        made = made.merge(also)
    begin = _days([f"{y}-01-01" for y in maps.years])
    end = _days([f"{y + 1}-01-01" for y in maps.years])
    attrs = _TIME | {"axis": "T", "bounds": "time_bnds"}
    made = made.assign_coords(time=xr.DataArray((begin + end) / 2, dims="time", attrs=attrs))
    made["time_bnds"] = ("time", "nv"), np.column_stack([begin, end])
    return _described(made, maps, command, "annual")


def compact(maps, command="soilresp export --compact"):
    """Round the climatology and its spreads to the few digits of the compact benchmark.

    Fluxes are rounded to 1/16 g m-2 yr-1, which leaves SR - HR = AR and HR_joint + AR_joint =
    SR exact; CV to 1/16 %; ratios and the dissimilarity index to 1/4096; distances to 1 km.

    Parameters
    ----------
    maps : RunMaps
    command : str

    Returns
    -------
    xarray.Dataset, dims (lat, lon)

    Raises
    ------
    DataError
        If the run lacks a variable of the benchmark.
    """
    made = climatology(maps, command)
    for name, field in made.data_vars.items():
        is_map = field.dims == ("lat", "lon") and field.dtype == np.float32
        if is_map and not name.endswith("_fraction"):
            made[name] = _rounded(field, _STEPS[field.attrs["units"]])
    for part, other in (("AR", "HR"), ("AR_joint", "HR_joint")):
        if other in made:
            made[part].values = made["SR"].values - made[other].values
    benchmark.check_benchmark(made, "The compact benchmark")
    return made


def compact_annual(maps, command="soilresp export --compact"):
    """Pack SR and HR of every year, and where not to trust them, into 16 bits.

    Fluxes are whole g m-2 yr-1, the dissimilarity indices multiples of 1/4096. AR, which is
    SR - HR, is left out.

    Parameters
    ----------
    maps : RunMaps
    command : str

    Returns
    -------
    xarray.Dataset, dims (time, lat, lon)

    Raises
    ------
    DataError
        If the run has no area of applicability, or its covariates are a climatology.
    """
    _check_years(maps)
    if maps.applicability is None:
        raise DataError(
            f"The run in {maps.folder} has no area of applicability that holds. Make it with "
            f"`soilresp run --out {maps.folder} --only 05`."
        )
    where = maps.applicability[[f"{t}_{e}" for t in ("SR", "HR") for e in ("di", "inside")]]
    made = _by_year(maps.annual[["SR", "HR"]], maps, command, _flags(where))
    for name in ("SR", "HR", "SR_di", "HR_di"):
        step = _packing_step(made[name].values, _ANNUAL_STEPS[made[name].attrs["units"]])
        made[name] = _rounded(made[name], step)
        made[name].encoding = {
            "dtype": "int16", "scale_factor": np.float32(step), "_FillValue": np.int16(-32768),
            # Maps and the years of a cell are read alike.
            "chunksizes": (*made[name].shape[:-2], 36, 72),
        }
    made.attrs["comment"] += (
        " Fluxes and dissimilarity indices are packed into 16 bits, as precise as their attribute "
        "rounded_to says. AR is not in the file: subtract HR from SR."
    )
    return made


def _rounded(field, step):
    """Round to multiples of a step, which the attribute ``rounded_to`` states."""
    size, units = f"{step:g}" if step >= 1 else f"1/{1 / step:g}", field.attrs["units"]
    made = (np.round(field / step) * step).astype(np.float32)
    return made.assign_attrs(field.attrs, rounded_to=size if units == "1" else f"{size} {units}")


def _packing_step(values, step):
    """Double a step until 16 bits hold the largest of the values."""
    most = np.nanmax(np.abs(values))
    while most / step > np.iinfo(np.int16).max:
        step *= 2
    return step


def export(maps, out, format="netcdf", what="all", command="soilresp export"):
    """Write the maps of a run.

    Parameters
    ----------
    maps : RunMaps
    out : path-like
        Folder to put the files into; those of an earlier export are replaced.
    format : {"netcdf", "zarr", "cog"}
        COG: a folder of GeoTIFF files, one a variable, years as bands.
    what : {"climatology", "annual", "all"}
        "all" leaves out the maps by year where the covariates are a climatology.
    command : str
        For the history of the files.

    Returns
    -------
    list of pathlib.Path
        Files and folders written, ``provenance.json`` and ``SHA256SUMS``.

    Raises
    ------
    ParameterError
        If `format` or `what` is unknown.
    DataError
        If there is nothing to export, or it cannot be written.
    """
    for kind, value, known in (("format", format, FORMATS), ("part", what, WHAT)):
        if value not in known:
            raise ParameterError(f"Unknown {kind} {value!r}: choose one of {', '.join(known)}.")
    ending, write = FORMATS[format]
    parts = [what] if what != "all" else ["climatology", "annual"][: 2 if maps.years else 1]
    names = []
    with together(out, last=CHECKSUMS) as folder:
        for part in parts:
            dataset = (annual if part == "annual" else climatology)(maps, command)
            step = abs(float(dataset["lat"][1] - dataset["lat"][0]))
            size = f"{step:g}deg".replace(".", "p")
            names.append(f"soilresp_{part}_{size}{ending}")
            write(dataset, folder / names[-1])
        write_json(folder / "provenance.json", maps.provenance)
        write_text(folder / CHECKSUMS, _checksums(folder, Path(out).expanduser()))
    return sorted(Path(out) / name for name in (*names, "provenance.json", CHECKSUMS))


def export_shipped(out, format="netcdf", what="all"):
    """Write the maps that ship with the package.

    Parameters
    ----------
    out : path-like
        Folder to put the files into.
    format : {"netcdf", "zarr", "cog", "ilamb"}
    what : {"climatology", "annual", "all"}
        ILAMB always has both.

    Returns
    -------
    list of pathlib.Path
        Files and folders written.

    Raises
    ------
    DataError
        If they cannot be written.
    """
    if format == "ilamb":
        annual_maps = benchmark.load_annual()
        years = annual_maps["year"].values[[0, -1]].tolist()
        return write_ilamb(benchmark.load_benchmark().drop_vars("time"), out, years, annual_maps)
    ending, write = FORMATS[format]
    shipped = {"climatology": benchmark.benchmark_path(), "annual": benchmark.annual_path()}
    written = []
    with together(out) as folder:
        for part, path in shipped.items():
            if what in (part, "all"):
                with xr.open_dataset(path, decode_times=False) as stored:
                    dataset = stored.load().drop_encoding()
                written.append(f"soilresp_{part}_0p5deg{ending}")
                write(dataset, folder / written[-1])
    return [Path(out) / name for name in written]


def export_compact(maps, folder, command="soilresp export --compact"):
    """Write the compact benchmark, and its annual maps if the run has any.

    Parameters
    ----------
    maps : RunMaps
    folder : path-like
    command : str

    Returns
    -------
    list of pathlib.Path
        The benchmark; the annual maps, if the run has years and an area of applicability.

    Raises
    ------
    DataError
        If the run lacks a variable of the benchmark.
    """
    folder = Path(folder)
    written = [benchmark.FILE_NAME]
    with together(folder) as aside:
        write_netcdf(compact(maps, command), aside / benchmark.FILE_NAME, complevel=9)
        benchmark.load_benchmark(aside / benchmark.FILE_NAME)
        if maps.years and maps.applicability is not None:
            written.append(benchmark.ANNUAL_FILE_NAME)
            years = aside / benchmark.ANNUAL_FILE_NAME
            write_netcdf(compact_annual(maps, command), years, complevel=9)
            benchmark.load_annual(years)
    if benchmark.ANNUAL_FILE_NAME not in written:
        # Years of another run must not stay beside this one's mean.
        (folder / benchmark.ANNUAL_FILE_NAME).unlink(missing_ok=True)
    return [folder / name for name in written]


# ---------------------------------------------------------------- by the CF conventions


def _check_years(maps):
    if maps.years is None:
        raise DataError(
            f"The covariates of recipe '{maps.recipe}' are a climatology: there are no maps by "
            "year. Export the climatology, or run a recipe with years."
        )


def _days(dates):
    return (np.array(dates, "datetime64[D]") - np.datetime64(ORIGIN, "D")).astype(float)


def _flags(fields):
    """Fields of the area of applicability, whether inside as whole numbers."""
    out = xr.Dataset(dict(fields))
    for name in (n for n in fields if n.endswith("_inside")):
        out[name] = fields[name].fillna(-1).astype(np.int8)
        out[name].attrs = {
            "long_name": fields[name].attrs["long_name"],
            "flag_values": np.array([0, 1], np.int8), "flag_meanings": "outside inside",
        }
    return out


def _described(dataset, maps, command, part):
    """The dataset with bounds, attributes and provenance, in the order of the file."""
    area = dataset["cell_area"].broadcast_like(dataset["vegetated_fraction"])
    made = with_bounds(dataset.assign(cell_area=area))
    for name in ("vegetated_fraction", "land_fraction"):
        made[name] = made[name].astype(np.float32)
        made[name].attrs["cell_methods"] = "area: mean"
    for name in list(made.data_vars):
        if {"lat", "lon"} <= set(made[name].dims):
            made[name] = made[name].transpose(..., "lat", "lon")
            made[name].attrs |= _attributes(name, made, part, maps.years)
    made["cell_area"].attrs.pop("cell_measures", None)
    made.attrs = _global_attributes(maps, command, part)
    return made


def _attributes(name, dataset, part, years):
    """CF attributes of a variable, besides its own units and long name."""
    flux, _, end = name.partition("_")
    standard = _STANDARD_NAMES.get(flux if end == "joint" else name)
    attrs = {"standard_name": standard} if standard else {}
    if flux in ("SR", "HR", "AR"):
        attrs["cell_measures"] = "area: cell_area"
        if end.removeprefix("SR_") not in ("di", "inside", "site_distance"):
            # Quantiles and the like are taken at the mean covariates of the years.
            by_year = years and (end in ("", "joint", "sd") or name.startswith("AR_SR"))
            mean = "time: mean within years time: mean over years " if by_year else ""
            mean = "time: mean " if part == "annual" else mean
            attrs["cell_methods"] = f"{mean}area: mean where vegetation"
            if part == "climatology" and years is not None:
                attrs["coordinates"] = "time"
    if name in ("SR", "HR", "AR", "AR_SR"):
        own = [v for v in dataset.data_vars if v.startswith(f"{name}_")]
        own = [v for v in own if not v.endswith("_joint")]
        own = [v for v in own if name != "AR" or not v.startswith("AR_SR")]
        if own:
            attrs["ancillary_variables"] = " ".join(own)
    return attrs


def _global_attributes(maps, command, part):
    period = (
        f"{maps.years[0]} to {maps.years[-1]}" if maps.years
        else "one climatology: the covariates carry no years"
    )
    title = f"Global soil respiration benchmark, {part}"
    return {
        "Conventions": "CF-1.8",
        "title": f"{title}. {maps.label}" if maps.label else title,
        "institution": "The Global Soil Respiration Benchmark developers",
        "source": maps.source,
        "history": f"{maps.made_at} soilresp {__version__}: {command}",
        "references": _REFERENCES,
        "comment": (
            "Fluxes are of carbon, to a square metre of vegetated area: a total is the sum of "
            "flux x cell_area x vegetated_fraction. A year (yr) is one of the calendar; UDUNITS "
            "takes it as 365.2422 days. Spreads are those of the conditional distribution of "
            "field records under the conditions of a cell, not errors of its mean. AR is SR - HR, "
            "two independent maps, and can be negative; HR_joint and AR_joint cannot. "
            f"Years: {period}."
        ),
        "license": (
            "BSD-3-Clause, as the project. The inputs keep their own terms; see provenance."
        ),
        "citation": (
            f"Global Soil Respiration Benchmark, version {__version__}; after Lu et al. (2021), "
            "doi:10.1088/1748-9326/abf526, with records of SRDB-V5, Jian et al. (2021), "
            "doi:10.5194/essd-13-255-2021"
        ),
        "product_version": __version__,
        "provenance": json.dumps(maps.provenance, sort_keys=True),
    }


# ---------------------------------------------------------------- writing


def _checksums(aside, out):
    """Lines for ``sha256sum -c``: of the new files, and of those of earlier exports that stay."""
    new = {path.relative_to(aside).as_posix(): path for path in aside.rglob("*") if path.is_file()}
    replaced = {name.partition("/")[0] for name in new}
    lines = {name: f"{sha256(path)}  {name}" for name, path in new.items()}
    if (out / CHECKSUMS).is_file():
        for line in (out / CHECKSUMS).read_text(encoding="utf-8").splitlines():
            name = line.partition("  ")[2]
            if name.partition("/")[0] not in replaced and (out / name).is_file():
                lines[name] = line
    return "".join(f"{lines[name]}\n" for name in sorted(lines))


def _write_zarr(dataset, path):
    # Version 2: what readers of every age open.
    options = {"encoding": encoding(dataset), "zarr_format": 2, "consolidated": True}
    with folder_aside(path) as aside:
        dataset.to_zarr(aside, mode="w", **options)


def _write_cog(dataset, folder):
    try:
        import rasterio
        from rasterio.transform import from_origin
    except ImportError:
        raise DataError(
            "GeoTIFF files need rasterio, which is not installed: pip install 'soilresp[products]'."
        ) from None
    edges = {axis: cell_edges(dataset[axis].values) for axis in ("lat", "lon")}
    step = {axis: abs(float(e[1] - e[0])) for axis, e in edges.items()}
    grid = {
        "crs": "EPSG:4326", "height": dataset.sizes["lat"], "width": dataset.sizes["lon"],
        "transform": from_origin(edges["lon"][0], edges["lat"][0], step["lon"], step["lat"]),
    }
    with folder_aside(folder) as aside:
        for name, field in dataset.data_vars.items():
            if {"lat", "lon"} <= set(field.dims):
                _write_tif(rasterio, dataset, field, aside / f"{name}.tif", grid)


def _write_tif(rasterio, dataset, field, path, grid):
    """One variable as a GeoTIFF file, its years as bands."""
    by_class = field.dtype.kind != "f"
    bands, names = field.values.reshape(-1, *field.shape[-2:]), [field.attrs["long_name"]]
    if "time" in field.dims:
        days = dataset["time_bnds"].values[:, 0].astype("timedelta64[D]")
        names = [str(date)[:4] for date in np.datetime64(ORIGIN, "D") + days]
    own = {k: " ".join(map(str, np.atleast_1d(v))) for k, v in field.attrs.items()}
    with rasterio.open(
        path, "w", driver="COG", count=len(bands), dtype=field.dtype.name,
        nodata=-1 if by_class else np.nan, compress="DEFLATE", predictor="YES",
        overview_resampling="NEAREST" if by_class else "AVERAGE", blocksize=256, **grid,
    ) as file:
        file.write(bands)
        file.update_tags(**{f"dataset_{k}": v for k, v in dataset.attrs.items()}, **own)
        for i, words in enumerate(names, start=1):
            file.set_band_description(i, words)
            file.set_band_unit(i, field.attrs.get("units", "1"))
    # The file is laid out when it is closed, where the library may keep an error to itself.
    with rasterio.open(path) as file:
        if not np.array_equal(file.read(), bands, equal_nan=not by_class):
            raise OSError(errno.EIO, "not what was written", str(path))


FORMATS = {
    "netcdf": (".nc", write_netcdf), "zarr": (".zarr", _write_zarr), "cog": ("_cog", _write_cog),
}
"""Ending of the name and writer, by format."""
