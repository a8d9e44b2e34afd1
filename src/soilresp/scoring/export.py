"""The maps of a run as files that open everywhere: NetCDF (CF-1.8), Zarr, GeoTIFF.

Every file says what it was made from. Files of an export appear together, or not at all; the
last one, ``SHA256SUMS``, tells by ``sha256sum -c`` whether all are whole. One run exports to the
same bytes at any time: the time in a file is that when its maps were made.
"""

import errno
import json
import os
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import xarray as xr

from soilresp import __version__
from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import cell_edges
from soilresp.io import paths, registry
from soilresp.io.files import (
    folder_aside,
    read_json,
    sha256,
    together,
    write_aside,
    write_json,
    write_text,
)
from soilresp.io.versions import versions
from soilresp.scoring import benchmark
from soilresp.study import chapters as workflow
from soilresp.study.settings import PROFILES, Study

__all__ = [
    "FORMATS", "WHAT", "open_run", "climatology", "annual", "compact", "compact_annual", "export",
    "export_compact",
]

WHAT = ("climatology", "annual", "all")
"""What can be exported."""

CHECKSUMS = "SHA256SUMS"
"""File with the checksums of an export."""

UNITS = "g m-2 yr-1"

FILL = np.float32(9.969209968386869e36)
"""Where there is no value: the default of NetCDF for 32-bit numbers."""

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

_ORIGIN = "1850-01-01"

_STEPS = {"1": 4096, "km": 1, "%": 16, UNITS: 16}
"""Steps to a unit that numbers of the compact file are rounded to, by their unit."""

_ANNUAL_STEPS = {"1": 4096, UNITS: 1}
"""The same for the compact file of annual maps."""

_PACKED_FILL = np.int16(-32768)

_REFERENCES = (
    "Lu et al. (2021), doi:10.1088/1748-9326/abf526; Jian et al. (2021), "
    "doi:10.5194/essd-13-255-2021; Meinshausen (2006), Journal of Machine Learning Research 7, "
    "983-999; Meyer and Pebesma (2021), doi:10.1111/2041-210X.13650"
)


def open_run(run):
    """Open the study of a run folder as it stands, changing nothing in it.

    Parameters
    ----------
    run : path-like
        A relative one is looked for below the project folder.

    Returns
    -------
    soilresp.study.settings.Study

    Raises
    ------
    DataError
        If there is no run, or its note is not one.
    """
    folder = Path(run).expanduser()
    folder = (folder if folder.is_absolute() else paths.root() / folder).resolve()
    if not (folder / "study.json").exists():
        raise DataError(f"There is no run in {run}. Make one with `soilresp run --out {run}`.")
    note = read_json(folder / "study.json")
    try:
        return Study(
            folder, PROFILES[note["profile"]], note["recipe"], note["observations"], note["seed"]
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{folder / 'study.json'} is not the note of a run ({error}).") from None


def climatology(study, command="soilresp export"):
    """The climatological maps of a run, described by the CF conventions.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    command : str
        What makes this, for the file's history.

    Returns
    -------
    xarray.Dataset, dims (lat, lon)
        Fluxes and their spreads in g m-2 yr-1 of vegetated area, fractions, cell area, and, if
        it has been computed, the area of applicability. Bounds and (with a recipe that has
        years) climatological time are variables, as they are in the file.

    Raises
    ------
    DataError
        If the run has no maps that hold.
    """
    mapping = _maps(study)
    made = mapping.climatology.load()
    where = workflow.applicability.stored(study)
    if where is not None:
        made = made.merge(_flags(where.fields.load()))
    years = _years(mapping)
    if years is not None:
        made = made.assign(_climatological_time(years))
    return _described(made, study, command, "climatology", years)


def annual(study, command="soilresp export"):
    """The maps of every year of a run, described by the CF conventions.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    command : str

    Returns
    -------
    xarray.Dataset, dims (time, lat, lon)
        As `climatology`, without what does not vary by year.

    Raises
    ------
    DataError
        If the run has no maps that hold, or its covariates are a climatology.
    """
    mapping = _maps(study)
    return _by_year(mapping.annual, mapping, study, command)


def _by_year(fields, mapping, study, command, also=None):
    """Fields of every year on their time axis, and others that have no years, described."""
    years = _needed_years(mapping, study)
    fixed = ["cell_area", "vegetated_fraction", "land_fraction"]
    made = fields.rename(year="time").merge(mapping.climatology[fixed])
    if also is not None:
        made = made.merge(also)
    begin = _days([f"{y}-01-01" for y in years])
    end = _days([f"{y + 1}-01-01" for y in years])
    time = xr.DataArray((begin + end) / 2, dims="time", attrs={**_time_attrs(), "axis": "T",
                                                               "bounds": "time_bnds"})
    made = made.assign_coords(time=time)
    made["time_bnds"] = ("time", "nv"), np.column_stack([begin, end])
    return _described(made, study, command, "annual", years)


def compact(study, command="soilresp export --compact"):
    """The benchmark in few digits: climatology, spreads, and where not to trust them.

    Fluxes are rounded to 1/16 g m-2 yr-1, which leaves SR - HR = AR and HR_joint + AR_joint =
    SR exact; CV to 1/16 %; ratios and the dissimilarity index to 1/4096; distances to 1 km.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    command : str

    Returns
    -------
    xarray.Dataset, dims (lat, lon)

    Raises
    ------
    DataError
        If the run has no maps that hold, or lacks a variable of the benchmark.
    """
    made = climatology(study, command)
    for name in made.data_vars:
        if made[name].dims != ("lat", "lon") or made[name].dtype != np.float32:
            continue
        if name.endswith("_fraction"):
            continue
        units = made[name].attrs["units"]
        steps = _STEPS[units]
        made[name] = (np.round(made[name] * steps) / steps).assign_attrs(
            made[name].attrs, rounded_to={"1": f"1/{steps}", "km": "1 km"}.get(
                units, f"1/{steps} {units}"
            ),
        )
    for part, other in (("AR", "HR"), ("AR_joint", "HR_joint")):
        if other in made:
            made[part].values = made["SR"].values - made[other].values
    benchmark.check_benchmark(_coordinates_only(made), "The compact benchmark")
    return made


def compact_annual(study, command="soilresp export --compact"):
    """Maps of every year in few digits: SR and HR, and where not to trust them.

    Fluxes are whole g m-2 yr-1, the dissimilarity indices multiples of 1/4096. AR, which is
    SR - HR, is left out.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    command : str

    Returns
    -------
    xarray.Dataset, dims (time, lat, lon)

    Raises
    ------
    DataError
        If the run has no maps that hold, no area of applicability, or its covariates are a
        climatology.
    """
    mapping = _maps(study)
    _needed_years(mapping, study)
    where = workflow.applicability.stored(study)
    if where is None:
        raise DataError(
            f"The run in {study.run} has no area of applicability that holds. Make it with "
            f"`soilresp run --out {study.run} --only 05`."
        )
    fields = _flags(where.fields[[f"{t}_{e}" for t in ("SR", "HR") for e in ("di", "inside")]])
    made = _by_year(mapping.annual[["SR", "HR"]].load(), mapping, study, command, fields.load())
    for name in ("SR", "HR", "SR_di", "HR_di"):
        units = made[name].attrs["units"]
        step = _packing_step(made[name].values, _ANNUAL_STEPS[units])
        size = f"{step:g}" if step >= 1 else f"1/{1 / step:g}"
        made[name] = (np.round(made[name] / step) * step).astype(np.float32).assign_attrs(
            made[name].attrs, rounded_to=size if units == "1" else f"{size} {units}",
        )
        made[name].encoding = {
            "dtype": "int16", "scale_factor": np.float32(step), "_FillValue": _PACKED_FILL,
            # Maps and the years of a cell are read alike.
            "chunksizes": (*made[name].shape[:-2], 36, 72),
        }
    made.attrs["comment"] += (
        " Fluxes and dissimilarity indices are packed into 16 bits, as precise as their attribute "
        "rounded_to says. AR is not in the file: subtract HR from SR."
    )
    return made


def _packing_step(values, steps):
    """The step of ``1 / steps``, doubled until 16 bits hold the largest of the values."""
    step, most = 1 / steps, np.nanmax(np.abs(values))
    while most / step > np.iinfo(np.int16).max:
        step *= 2
    return step


def export(run, out, format="netcdf", what="all", command="soilresp export"):
    """Write the maps of a run.

    Parameters
    ----------
    run : path-like or soilresp.study.settings.Study
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
    study = run if isinstance(run, Study) else open_run(run)
    ending, write = FORMATS[format]
    parts = ("climatology", "annual") if what == "all" else (what,)
    if what == "all" and _years(_maps(study)) is None:
        parts = ("climatology",)
    with together(out, last=CHECKSUMS) as folder:
        for part in parts:
            dataset = {"climatology": climatology, "annual": annual}[part](study, command)
            write(dataset, folder / f"soilresp_{part}_{_resolution(dataset)}{ending}")
        write_json(folder / "provenance.json", provenance(study))
        write_text(folder / CHECKSUMS, _checksums(folder, Path(out).expanduser()))
    return sorted(Path(out) / name for name in _names(parts, dataset, ending))


def export_compact(run, out=None, command="soilresp export --compact"):
    """Write the compact benchmark, its annual maps, and the table of models.

    Parameters
    ----------
    run : path-like
    out : path-like, optional
        Folder. Default: the project's own, ``data/benchmark`` (the table: ``data/study``).
    command : str

    Returns
    -------
    list of pathlib.Path
        The benchmark; the annual maps, if the run has years and an area of applicability; the
        table (`soilresp.study.chapters.models_table`), if the run has held models against its maps.

    Raises
    ------
    ParameterError
        If the project's own benchmark would come from a twin experiment.
    DataError
        If the run has no maps that hold, or lacks a variable of the benchmark.
    """
    from soilresp.study.chapters import models_table

    study = open_run(run)
    if out is None and study.is_twin:
        raise ParameterError(
            f"The run in {run} is a twin experiment: the project's own benchmark is made of field "
            "records. Give a folder with --out."
        )
    folder = benchmark.benchmark_path().parent if out is None else Path(out)
    dataset = compact(study, command)
    table = models_table.make(study)
    written = [benchmark.FILE_NAME]
    with together(folder) as aside:
        _write_netcdf(dataset, aside / benchmark.FILE_NAME, complevel=9)
        benchmark.load_benchmark(aside / benchmark.FILE_NAME)
        if _years(_maps(study)) and workflow.applicability.stored(study) is not None:
            written.append(benchmark.ANNUAL_FILE_NAME)
            _write_netcdf(
                compact_annual(study, command), aside / benchmark.ANNUAL_FILE_NAME, complevel=9
            )
            benchmark.load_annual(aside / benchmark.ANNUAL_FILE_NAME)
    if benchmark.ANNUAL_FILE_NAME not in written:
        # Years of another run must not stand beside this one's mean.
        (folder / benchmark.ANNUAL_FILE_NAME).unlink(missing_ok=True)
    files = [folder / name for name in written]
    if table is not None:
        files.append(models_table.save(study, table, command, None if out is None else folder))
    return files


def provenance(study):
    """What the maps of a run were made from.

    Parameters
    ----------
    study : soilresp.study.settings.Study

    Returns
    -------
    dict
        Settings of the stages, predictors, versions, seed, and inputs by file name with
        ``sha256`` and, for those of the registry, ``version``, ``licence`` and ``citation``.
    """
    stages = {
        s.name: s.stored(study)
        for s in (workflow.selection, workflow.assembly, workflow.predictor_search,
                  workflow.mapping, workflow.applicability)
    }
    entries = {
        Path(path).name: entry
        for entry in registry.entries().values() for path, _ in entry.places()
    }
    # Leaf area and land cover of every recipe that runs offline come from it.
    own = paths.data_dir() / "embedded.nc"
    inputs = {own.name: {"sha256": sha256(own), "licence": "by field, in data/README.md"}}
    for results in stages.values():
        for name, digest in (results["inputs"] if results and "inputs" in results else {}).items():
            inputs[name] = {"sha256": digest}
            if name in entries:
                entry = entries[name]
                inputs[name] |= {
                    key: getattr(entry, key) for key in ("version", "licence", "citation")
                }
    return {
        "recipe": study.recipe,
        "observations": study.observations,
        "profile": study.profile.name,
        "seed": study.seed,
        "predictors": stages["03_predictor_search"].chosen,
        "settings": {name: r.settings for name, r in stages.items() if r},
        "versions": versions(),
        "inputs": inputs,
    }


# ---------------------------------------------------------------- by the CF conventions


def _maps(study):
    found = workflow.mapping.stored(study)
    if found is None:
        raise DataError(
            f"The run in {study.run} has no maps that hold. Make them with "
            f"`soilresp run --out {study.run}`."
        )
    return found


def _years(mapping):
    """Years of the annual maps, or None for a climatology."""
    return mapping.annual["year"].values.tolist() if "year" in mapping.annual.dims else None


def _needed_years(mapping, study):
    years = _years(mapping)
    if years is None:
        raise DataError(
            f"The covariates of recipe '{study.recipe}' are a climatology: there are no maps by "
            "year. Export the climatology, or run a recipe with years."
        )
    return years


def _days(dates):
    since = np.array(dates, "datetime64[D]") - np.datetime64(_ORIGIN, "D")
    return since.astype(float)


def _time_attrs():
    return {
        "standard_name": "time", "long_name": "time", "units": f"days since {_ORIGIN}",
        "calendar": "standard",
    }


def _climatological_time(years):
    """Middle and bounds of the years that the climatology is the mean of."""
    bounds = _days([f"{years[0]}-01-01", f"{years[-1] + 1}-01-01"])
    attrs = {**_time_attrs(), "climatology": "climatology_bnds"}
    return {
        "time": xr.DataArray(bounds.mean(), attrs=attrs),
        "climatology_bnds": ("nv", bounds),
    }


def _flags(fields):
    """Fields of the area of applicability, whether inside as whole numbers."""
    out = {}
    for name, field in fields.items():
        if name.endswith("_inside"):
            flag = field.fillna(-1).astype(np.int8)
            flag.attrs = {
                "long_name": field.attrs["long_name"],
                "flag_values": np.array([0, 1], np.int8), "flag_meanings": "outside inside",
            }
            field = flag
        out[name] = field
    return xr.Dataset(out)


def _described(dataset, study, command, part, years):
    """The dataset with bounds, attributes and provenance, in the order of the file."""
    made = dataset.assign(
        cell_area=dataset["cell_area"].broadcast_like(dataset["vegetated_fraction"]),
    )
    for name, axis in (("lat", "Y"), ("lon", "X")):
        edges = cell_edges(made[name].values)
        made[f"{name}_bnds"] = (name, "nv"), np.column_stack([edges[:-1], edges[1:]])
        made[name].attrs = {
            "standard_name": {"Y": "latitude", "X": "longitude"}[axis],
            "long_name": {"Y": "latitude", "X": "longitude"}[axis],
            "units": {"Y": "degrees_north", "X": "degrees_east"}[axis],
            "axis": axis, "bounds": f"{name}_bnds",
        }
    for name in ("vegetated_fraction", "land_fraction"):
        made[name] = made[name].astype(np.float32)
        made[name].attrs["cell_methods"] = "area: mean"
    for name in list(made.data_vars):
        if {"lat", "lon"} <= set(made[name].dims):
            made[name] = made[name].transpose(..., "lat", "lon")
            made[name].attrs |= _attributes(name, made, part, years)
    made["cell_area"].attrs.pop("cell_measures", None)
    made.attrs = _global_attributes(study, command, part, years)
    return made


def _attributes(name, dataset, part, years):
    """CF attributes of a variable, besides its own units and long name."""
    flux, _, end = name.partition("_")
    attrs = {}
    if name in _STANDARD_NAMES:
        attrs["standard_name"] = _STANDARD_NAMES[name]
    elif end == "joint":
        attrs["standard_name"] = _STANDARD_NAMES[flux]
    if flux in ("SR", "HR", "AR"):
        attrs["cell_measures"] = "area: cell_area"
        if end.removeprefix("SR_") not in ("di", "inside", "site_distance"):
            # Quantiles and the like are taken at the mean covariates of the years.
            by_year = part == "annual" or end in ("", "joint", "sd") or name.startswith("AR_SR")
            attrs["cell_methods"] = _cell_methods(part, years if by_year else None)
            if part == "climatology" and years is not None:
                attrs["coordinates"] = "time"
    if name in ("SR", "HR", "AR", "AR_SR"):
        own = [
            v for v in dataset.data_vars
            if v.startswith(f"{name}_") and not v.endswith("_joint") and not
            (name == "AR" and v.startswith("AR_SR"))
        ]
        if own:
            attrs["ancillary_variables"] = " ".join(own)
    return attrs


def _cell_methods(part, years):
    area = "area: mean where vegetation"
    if part == "annual":
        return f"time: mean {area}"
    return f"time: mean within years time: mean over years {area}" if years else area


def _global_attributes(study, command, part, years):
    made_from = provenance(study)
    period = (
        f"{years[0]} to {years[-1]}" if years
        else "one climatology: the covariates carry no years"
    )
    title = f"Global soil respiration benchmark, {part}"
    return {
        "Conventions": "CF-1.8",
        "title": f"{title}. {study.label}" if study.label else title,
        "institution": "The Global Soil Respiration Benchmark developers",
        "source": study.describe(),
        "history": f"{_made_at(study)} soilresp {__version__}: {command}",
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
        "provenance": json.dumps(made_from, sort_keys=True),
    }


def _made_at(study):
    """When the maps of a run were made, or what ``SOURCE_DATE_EPOCH`` says instead."""
    note = study.results / workflow.mapping.name / "stage.json"
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or note.stat().st_mtime
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _coordinates_only(dataset):
    """The dataset without its bounds, which are no fields."""
    return dataset.drop_vars([v for v in dataset.data_vars if v.endswith("_bnds")])


def _resolution(dataset):
    """Size of a cell for a file name, such as 0p5deg."""
    step = abs(float(dataset["lat"][1] - dataset["lat"][0]))
    return f"{step:g}deg".replace(".", "p")


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


def _names(parts, dataset, ending):
    size = _resolution(dataset)
    return [*(f"soilresp_{part}_{size}{ending}" for part in parts), "provenance.json", CHECKSUMS]


def _encoding(dataset, **options):
    """How each variable is stored; bounds and coordinates have no missing values."""
    out = {}
    for name, variable in dataset.variables.items():
        if variable.encoding.get("dtype") == "int16":
            out[name] = dict(variable.encoding)
        elif not {"lat", "lon"} <= set(variable.dims) or name == "cell_area":
            out[name] = {"_FillValue": None}
        else:
            fill = FILL if variable.dtype.kind == "f" else np.int8(-1)
            out[name] = {"_FillValue": fill.astype(variable.dtype)}
        if {"lat", "lon"} <= set(variable.dims):
            out[name] |= options
    return out


def _write_netcdf(dataset, path, complevel=4):
    encoding = _encoding(dataset, zlib=True, complevel=complevel, shuffle=True)
    with write_aside(path) as aside:
        dataset.to_netcdf(aside, encoding=encoding, engine="netcdf4")


def _write_zarr(dataset, path):
    # Version 2: what readers of every age open.
    encoding = _encoding(dataset)
    with folder_aside(path) as aside:
        dataset.to_zarr(aside, encoding=encoding, zarr_format=2, consolidated=True, mode="w")


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
        for name in dataset.data_vars:
            field = dataset[name]
            if {"lat", "lon"} <= set(field.dims):
                _write_tif(rasterio, dataset, field, aside / f"{name}.tif", grid)


def _write_tif(rasterio, dataset, field, path, grid):
    by_class = field.dtype.kind != "f"
    bands = field.values.reshape(-1, *field.shape[-2:])
    with rasterio.open(
        path, "w", driver="COG", count=len(bands), dtype=field.dtype.name,
        nodata=-1 if by_class else np.nan, compress="DEFLATE", predictor="YES",
        overview_resampling="NEAREST" if by_class else "AVERAGE", blocksize=256, **grid,
    ) as file:
        file.write(bands)
        file.update_tags(
            **{f"dataset_{k}": v for k, v in dataset.attrs.items()},
            **{k: _tag(v) for k, v in field.attrs.items()},
        )
        for i, words in enumerate(_band_names(dataset, field), start=1):
            file.set_band_description(i, words)
            file.set_band_unit(i, field.attrs.get("units", "1"))
    # The file is laid out when it is closed, where the library may keep an error to itself.
    with rasterio.open(path) as file:
        if not np.array_equal(file.read(), bands, equal_nan=not by_class):
            raise OSError(errno.EIO, "not what was written", str(path))


def _tag(value):
    return " ".join(map(str, value)) if isinstance(value, np.ndarray) else str(value)


def _band_names(dataset, field):
    if "time" not in field.dims:
        return [field.attrs["long_name"]]
    days = dataset["time_bnds"].values[:, 0].astype(int)
    dates = np.datetime64(_ORIGIN, "D") + days.astype("timedelta64[D]")
    return [str(date)[:4] for date in dates]


FORMATS = {
    "netcdf": (".nc", _write_netcdf),
    "zarr": (".zarr", _write_zarr),
    "cog": ("_cog", _write_cog),
}
"""Ending of the name and writer, by format."""
