"""Reader of the output of one model."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from soilresp.errors import DataError, ParameterError
from soilresp.grid.cells import GRAMS_PER_PG, cell_area, rectilinear_area, to_standard
from soilresp.models import land as lands
from soilresp.models.below_ground import below_ground, root_share
from soilresp.models.declared import FLUXES, GENERIC, POOLS, adapters
from soilresp.models.files import files_at, inventory, opened, recognise
from soilresp.models.half_degree import conservative
from soilresp.models.testbed import read_testbed
from soilresp.models.times import read_steps
from soilresp.models.units import CARBON_IN_CO2, flux_factor, pool_factor

__all__ = ["clean_name", "read_model"]

_FILL = 1e15
_NEGATIVE_FILL = -9990.0
_MAY_BE_ZERO = {"raLeaf", "raStem", "raOther", "cLitter", "cRoot", "rhLitter"}
_HIGHEST = {"SR": 200, "HR": 120, "AR": 120, "ra": 160, "GPP": 260, "NPP": 130}
_LOWEST = {"SR": 20, "HR": 10, "GPP": 40, "NPP": 15}
_HIGHEST_OF_CELL = {"SR": 10000, "HR": 6000, "AR": 6000, "GPP": 8000, "NPP": 5000}
_WHOLE = 0.5
_LOST = 0.01
_CLOSE = 0.01
_LONGEST_NAME = 80


@dataclass
class _Reading:
    """State of one model while it is read, with notes on what was decided."""

    name: str
    rules: dict
    period: tuple | None
    notes: list = field(default_factory=list)
    outside: dict = field(default_factory=dict)
    sampled: bool = False

    def note(self, sentence):
        if sentence not in self.notes:
            self.notes.append(sentence)


def read_model(path, adapter=None, variables=None, *, period=(1982, 2012), land_fraction=None,
               name=None, regrid=True):
    """Read a model's output from files of any grid, units and calendar.

    Parameters
    ----------
    path : path-like or list of path-like
        NetCDF files of one model, or their folder. Monthly or annual values, in one
        file or in chunks, or a single mean.
    adapter : str, optional
        A key of `soilresp.models.adapters`. Default: by the file names, else
        "generic", which goes by the names of variables and their standard names.
    variables : mapping of str to str, optional
        Name in the files to ``SR HR AR GPP NPP cSoil cLitter cRoot``, or to a name
        of CMIP such as ``raRoot``. Default: all that are known by name.
    period : tuple of int or None
        First and last year kept; None: all.
    land_fraction : path-like, xarray.DataArray or "study", optional
        Share of each cell that is land, on the model's grid; "study": that of the
        study's land cover. Default: what the files hold (``sftlf``, ``landarea`` ...);
        on the half-degree grid, the study's.
    name : str, optional
        Of the model. Default: the adapter's, or what the files say.
    regrid : bool
        Whether to bring it to the half-degree grid, totals kept.

    Returns
    -------
    xarray.Dataset
        Any of SR, HR, AR, GPP, NPP (g C m-2 yr-1 of land), cSoil, cLitter, cRoot
        (kg C m-2 of land), dims ``(year, lat, lon)``, or ``(lat, lon)`` for a mean;
        ``land_fraction`` and, if regridded, ``cell_area`` (m2). NaN where the model
        has no land. Attributes: ``model``, ``adapter``, ``period``, ``how_ar``,
        ``reference``, ``forcing``, ``source_file``, and ``choices``, a line for
        everything that was decided.

    Raises
    ------
    ParameterError
        If the adapter is unknown.
    DataError
        If a file is missing, cut off, or zero throughout; units or time are not
        known; land fraction is needed and missing; HR lacks the litter; a flux is
        beyond any carbon flux (as CO2 in place of carbon is); or the field does not
        lie on the continents.

    Notes
    -----
    A year is that of the calendar (360 days in some); months count by their days.
    AR comes by the first of the ways in `soilresp.models.below_ground`, and
    SR = AR + HR where the model does not give it.

    Examples
    --------
    >>> import soilresp as sr
    >>> maps = sr.load_benchmark()[["HR", "land_fraction"]]
    >>> maps.to_netcdf("my_model.nc")
    >>> output = read_model("my_model.nc", name="my model")
    >>> list(output.data_vars), output["HR"].attrs["units"]
    (['HR', 'land_fraction', 'cell_area'], 'g m-2 yr-1')
    """
    files = files_at(path)
    adapter = adapter or recognise(files)
    rules = adapters().get(adapter)
    if rules is None:
        raise ParameterError(f"Unknown adapter {adapter!r}; known are {', '.join(adapters())}.")
    if rules["layout"] == "testbed":
        return _testbed(files, adapter, rules, name, regrid)
    found = inventory(files, rules, variables)
    called = clean_name(name or "") or _name_of(found, adapter)
    reading = _Reading(called, rules, period, found.notes)
    fields, basis = {}, {}
    for role, sources in found.sources.items():
        fields[role], basis[role] = _annual(role, sources, reading)
    fields = _same_years(fields, reading)
    _refuse_half_of_hr(fields, reading)
    placed = next((r for r in ("rh", "rs", "npp", "gpp") if r in fields), None)
    if placed and not reading.sampled:
        lands.check_position(fields[placed], f"{reading.name}: {placed}")
    like = next(iter(fields.values()))
    like = like.isel(year=0, drop=True) if "year" in like.dims else like
    share = _land(land_fraction, found, like, reading)
    fields = {r: _per_land(r, f, basis[r], share, found, reading) for r, f in fields.items()}
    fields, share = _common_land(fields, share, reading)
    if reading.sampled and regrid:
        raise DataError(
            f"{reading.name}: the cells have gaps between them, a sample of a grid. It can be read "
            "as it is (regrid=False); maps and totals need the whole grid."
        )
    for role, one in fields.items():
        if not reading.sampled:
            _refuse_implausible(role, one, share, reading)
    fields = _derive(fields, reading)
    out = xr.Dataset(fields | {"land_fraction": share})
    out["land_fraction"].attrs = {"units": "1", "long_name": "share of the cell that is land"}
    out = to_standard(out)
    if regrid:
        out = _to_half_degree(out)
    ar, how = below_ground(dict(out), root_share() if regrid else None)
    out = out.drop_vars([v for v in out.data_vars if v.startswith("ra")])
    if ar is not None:
        out["AR"] = ar
        if "SR" not in out and "HR" in out:
            out["SR"] = out["AR"] + out["HR"]
    _describe(out, found)
    years = out["year"].values if "year" in out.dims else None
    out.attrs = {
        "model": reading.name,
        "adapter": adapter,
        "period": "mean" if years is None else f"{years[0]}-{years[-1]}",
        "how_ar": how,
        "reference": rules["reference"],
        "forcing": rules["forcing"],
        "source_file": ", ".join(sorted({f.name for s in found.sources.values() for f, _ in s})),
        "choices": "\n".join([*reading.notes, f"AR: {how}."]),
    }
    return out


def _testbed(files, adapter, rules, name, regrid):
    """CASA-CNP, CORPSE or MIMICS."""
    if len(files) > 1:
        raise DataError(
            f"{adapter} is one file of means; got {len(files)}. Name the one to be read."
        )
    out = read_testbed(files[0], adapter)
    lands.check_position(out["HR"], f"{adapter}: HR")
    share = out["land_fraction"]
    reading = _Reading(adapter, rules, None)
    for flux in (v for v in FLUXES if v in out):
        _refuse_implausible(flux, out[flux], share, reading)
    if regrid:
        out = conservative(out)
    choices = f"Per m2 of land; land fraction from landarea.\nAR: {out.attrs['how_ar']}."
    return out.assign_attrs(model=name or adapter, adapter=adapter, forcing=rules["forcing"],
                            choices=choices)


def _name_of(found, adapter):
    """Name of the model: the adapter's, or what the files say of themselves."""
    if adapter not in (GENERIC, "CMIP"):
        return adapter
    file, _ = next(iter(found.sources.values()))[0]
    with opened(file) as data:
        stated = [data.attrs.get(key, "") for key in ("source_id", "model_id", "model")]
    stated.append(file.name.removesuffix(".gz").removesuffix(".nc"))
    return next(filter(None, map(clean_name, stated)), "model")


def clean_name(words):
    """Clean a name from a file into one short line for terminals and figures.

    Parameters
    ----------
    words : object

    Returns
    -------
    str
        Without control characters and dollars, which would begin a formula, with single
        blanks, and of 80 characters at most.

    Examples
    --------
    >>> clean_name("JULES\\x1b[2J\\n vn6")
    'JULES[2J vn6'
    """
    shown = "".join(c if c.isprintable() else " " * c.isspace() for c in str(words) if c != "$")
    return " ".join(shown.split())[:_LONGEST_NAME].strip()


def _annual(role, sources, reading):
    """Annual values of one variable from all of its files, and the area they are per."""
    pool = role.startswith("c")
    total, seen, whole, basis, grid = {}, {}, {}, None, None
    for file, name in sources:
        with opened(file) as data:
            stored = data[name]
            what = f"{file.name}: {name}"
            stored = _three_dims(stored, what)
            factor = _factor(role, stored, pool, what, reading)
            basis = _basis(stored, data, reading)
            steps = _steps(data, stored, what, reading)
            stored = stored.transpose(..., "lat", "lon")
            grid = _same_grid(grid, stored, what)
            reading.sampled |= lands.has_gaps(data)
            if steps is None:
                if len(sources) > 1:
                    raise DataError(f"{what} has no years, and neither may other files of {role}.")
                mean = _clean(stored.squeeze().values, role, reading)
                mean *= _per_year(factor, 365, 1, pool)
                field = xr.DataArray(mean, grid, ("lat", "lon"))
                return _refuse_zero(field, role, what), basis
            for year, rows in steps.groupby("year"):
                if reading.period and not reading.period[0] <= year <= reading.period[1]:
                    continue
                _refuse_overlap(seen, year, rows["month"], what)
                block = _clean(stored[rows.index[0] : rows.index[-1] + 1].values, role, reading)
                weight = _weights(rows, factor, pool)
                part = np.einsum("t,tij->ij", weight, block)
                total[year] = total[year] + part if year in total else part
                whole[year] = 12 if rows["month"].max() > 0 else 1
            span = f"{steps['year'].min()}-{steps['year'].max()}"
    years = [y for y in sorted(total) if len(seen[y]) == whole[y]]
    if not years:
        raise DataError(
            f"{what} has no whole year in {reading.period[0]}-{reading.period[1]}; the last file "
            f"covers {span}. Give the period that you want (period=None: all)."
        )
    if len(years) < len(total):
        reading.note(f"{role}: {len(total) - len(years)} incomplete years were left out.")
    stacked = np.stack([total.pop(y) for y in years])
    field = xr.DataArray(stacked, {"year": years} | grid, ("year", "lat", "lon"))
    return _refuse_zero(field, role, what), basis


def _three_dims(stored, what):
    """A variable with time, latitude and longitude only."""
    for dim in [d for d in stored.dims if d not in ("time", "lat", "lon")]:
        if stored.sizes[dim] > 1:
            raise DataError(
                f"{what} has the dimension {dim} of length {stored.sizes[dim]}; expected time, "
                "latitude and longitude. Sum or average over it first."
            )
        stored = stored.isel({dim: 0}, drop=True)
    return stored


def _same_grid(grid, stored, what):
    """Coordinates of the cells, which all files of a model must share."""
    own = {k: stored[k].values for k in ("lat", "lon")}
    if grid is not None and not all(
        len(own[k]) == len(grid[k]) and np.allclose(own[k], grid[k]) for k in own
    ):
        raise DataError(f"{what} is on another grid than the files before it. Read them apart.")
    return own if grid is None else grid


def _factor(role, stored, pool, what, reading):
    """Factor from values to grams (pools: kilograms) of carbon, and the time they are per."""
    units = stored.attrs.get("units", "")
    if pool:
        return pool_factor(units, what)
    grams, per, co2 = flux_factor(units, what)
    if co2:
        reading.note(f"{role}: {units} taken as mass of CO2, x 12.011 / 44.01.")
    elif reading.name in reading.rules["co2_mass"]:
        grams *= CARBON_IN_CO2
        reading.note(f"{role}: {reading.name} reports mass of CO2 in {units}; x 12.011 / 44.01.")
    return grams, per


def _per_year(factor, year_days, share, pool):
    """Factor from a mean over a step to the amount of its share of a year."""
    if pool:
        return factor * share
    amount, per = factor
    if per == "year":
        return amount * share
    if per == "month":
        return amount * 12 * share
    return amount * share * year_days * 86400 / per


def _weights(rows, factor, pool):
    """Weights that add the steps of a year up to its amount (pools: to its mean)."""
    monthly = rows["month"].max() > 0
    if monthly and not pool and factor[1] == "month":
        return np.full(len(rows), factor[0])
    share = (rows["days"] / rows["year_days"]).to_numpy()
    return _per_year(factor, rows["year_days"].to_numpy(), share, pool)


def _basis(stored, data, reading):
    """Area that a value is per m2 of: land, cell or vegetated."""
    if stored.attrs.get("area_basis"):
        return stored.attrs["area_basis"]
    methods = str(stored.attrs.get("cell_methods", ""))
    if {"vegetated_fraction", "land_fraction"} <= set(data.data_vars):
        return "vegetated"
    if "where land" in methods:
        return "land"
    if "area: mean" in methods and "where" not in methods:
        return "cell"
    return reading.rules.get("basis", "land")


def _steps(data, stored, what, reading):
    """Years and months of the steps; None for a mean without years."""
    if "time" not in stored.dims:
        return None
    axis = data["time"]
    values = axis.values
    bounds = data.get(axis.attrs.get("bounds", ""))
    if bounds is not None and bounds.ndim == 2 and bounds.shape[1] == 2:
        middle, width = bounds.values.mean(axis=1), np.abs(np.diff(bounds.values, axis=1)[:, 0])
        if np.all(width > 0) and np.all(np.abs(middle - values) <= width):
            values = middle
    try:
        return read_steps(
            values, axis.attrs.get("units", ""), axis.attrs.get("calendar", ""), f"{what}, time"
        )
    except DataError:
        if stored.sizes["time"] > 1:
            raise
        reading.note("The single step of time was taken as a mean; it cannot be decoded.")
        return None


def _clean(block, role, reading):
    """Values without the fills that no attribute names; where one is infinite is kept."""
    block = np.array(block, float)
    infinite = np.isinf(block)
    fill = ~infinite & ((np.abs(block) >= _FILL) | (block <= _NEGATIVE_FILL))
    if fill.any():
        reading.note(f"{role}: values beyond any flux, such as -99999 and 1e20, are missing.")
    if infinite.any():
        where = infinite.any(axis=tuple(range(block.ndim - 2)))
        reading.outside[role] = reading.outside.get(role, False) | where
    block[fill | infinite] = np.nan
    return block


def _refuse_overlap(seen, year, months, what):
    """Months of a year that two files have."""
    twice = seen.setdefault(year, set()) & set(months)
    if twice or (seen[year] and (0 in seen[year]) != (0 in set(months))):
        raise DataError(
            f"{what}: {year} is also in another file. Leave one of the two out, for example the "
            "monthly or the annual one."
        )
    seen[year] |= set(months)


def _refuse_zero(field, role, what):
    """A field, or a year of it, that is zero throughout."""
    if role in _MAY_BE_ZERO:
        return field
    there = (field.notnull() & (field != 0)).any(("lat", "lon"))
    if not bool(there.all()):
        nothing = "zero" if bool(field.notnull().any()) else "missing"
        when = "throughout" if there.ndim == 0 or not bool(there.any()) else (
            f"or missing in {int(field['year'][~there][0])}")
        raise DataError(f"{what} is {nothing} {when}. The file may be cut off: fetch it again.")
    return field


def _same_years(fields, reading):
    """Fields of the years that all have."""
    annual = [set(f["year"].values.tolist()) for f in fields.values() if "year" in f.dims]
    if not annual:
        return fields
    if len(annual) < len(fields):
        reading.note("Variables without years are taken as they are.")
    common = sorted(set.intersection(*annual))
    if not common:
        raise DataError(f"{reading.name}: the variables have no year in common. Read them apart.")
    if any(set(common) != a for a in annual):
        reading.note(f"Only {common[0]}-{common[-1]}, which all variables have.")
    return {r: f.sel(year=common) if "year" in f.dims else f for r, f in fields.items()}


def _refuse_half_of_hr(fields, reading):
    """HR of the soil without that of the litter."""
    if "rhSoil" in fields and "rhLitter" not in fields and "rh" not in fields:
        raise DataError(
            f"{reading.name}: rhSoil is there without rhLitter: HR would lack the litter. Give the "
            "file of rhLitter, or of rh."
        )
    if {"rh", "rhSoil", "rhLitter"} <= set(fields):
        rh, soil, litter = (float(fields[r].sum()) for r in ("rh", "rhSoil", "rhLitter"))
        if abs(rh - soil - litter) > _CLOSE * abs(rh):
            raise DataError(
                f"{reading.name}: rh is {rh / (soil + litter):.3g} of rhSoil + rhLitter; expected "
                "1. It may lack the litter: leave rh out, or give the right file."
            )


def _land(given, found, like, reading):
    """Land fraction on the grid of the model, by the first way that works."""
    lat, lon = like["lat"], like["lon"]
    if isinstance(given, str) and given == "study":
        reading.note("Land fraction: that of the study's land cover, as asked for.")
        return lands.study_land(lat, lon)
    if isinstance(given, xr.DataArray):
        share, how, ratio = given.astype(float).fillna(0), "as given", None
    else:
        files = found.fixed if given is None else [Path(given)]
        share, how, ratio = _land_in_files(files, like)
        if share is None and given is not None:
            raise DataError(f"{given} holds no land fraction (sftlf, landfrac, landarea ...).")
    if share is None and reading.sampled:
        reading.note("Land fraction: not known, 1 where there are values; the cells have gaps.")
        return xr.ones_like(like)
    if share is None:
        if not lands.is_half_degree(lat, lon):
            raise DataError(
                f"{reading.name} has no land fraction, which its grid needs: a global total is "
                "flux x cell area x land fraction. Give the file of sftlf (or landfrac, landarea) "
                "beside it, or land_fraction='study'."
            )
        reading.note("Land fraction: that of the study's land cover; the files hold none.")
        return lands.study_land(lat, lon)
    try:
        share = share.reindex_like(like, method="nearest", tolerance=1e-3)
    except (ValueError, KeyError, IndexError) as error:
        raise DataError(f"Land fraction ({how}) is on another grid: {error}.") from None
    if bool(share.isnull().all()):
        raise DataError(f"{reading.name}: land fraction ({how}) is on another grid than the flux.")
    reading.note(f"Land fraction: {how}.")
    if ratio is not None:
        reading.note("Cell area: areacella, which agrees with the coordinates.")
        ratio = ratio.reindex_like(share, method="nearest", tolerance=1e-3).fillna(1)
        share = share * ratio
    return share.fillna(0).clip(0, 1)


def _land_in_files(files, like):
    """Land fraction and ratio of cell areas that the files hold."""
    share, how, ratio = None, "", None
    for file in files:
        with opened(file) as data:
            if data.sizes["lat"] != like.sizes["lat"] or data.sizes["lon"] != like.sizes["lon"]:
                continue
            if share is None:
                share, name = lands.land_fraction_in(data, file.name)
                how = f"{name} of {file.name}"
                share = None if share is None else share.load()
            if ratio is None:
                ratio = lands.cell_area_ratio(data, file.name)
                ratio = None if ratio is None else ratio.load()
    return share, how, ratio


def _per_land(role, field, basis, share, found, reading):
    """Values per m2 of land, missing where there is none."""
    outside = reading.outside.get(role)
    if outside is not None:
        bad = int((outside & (share.values > 0)).sum())
        if bad:
            raise DataError(
                f"{reading.name}: {role} is infinite in {bad} cells with land; expected numbers. "
                "Check the file."
            )
        reading.note(f"{role}: infinite off land only; missing there.")
    is_land = share > 0
    area = rectilinear_area(share["lat"], share["lon"])
    weight = area * (1 if basis == "cell" else share.where(is_land, 1))
    lost = abs(field.where(~is_land)) * weight
    all_of_it = float((abs(field) * weight).sum())
    off = float(lost.sum()) / all_of_it if all_of_it else 0
    if off > _LOST:
        reading.note(f"{role}: {off:.1%} lies in cells without land and is left out.")
    if basis == "cell":
        reading.note(f"{role}: per m2 of the whole cell, divided by land fraction.")
        field = field / share.where(is_land)
    elif basis == "vegetated":
        reading.note(f"{role}: per m2 of vegetated area, x vegetated fraction / land fraction.")
        field = field * _vegetated_share(found, share)
    return field.where(is_land)


def _vegetated_share(found, share):
    """Vegetated share of the land, from the file that holds both fractions."""
    for file in found.fixed:
        with opened(file) as data:
            if "vegetated_fraction" in data:
                vegetated = data["vegetated_fraction"].load().reindex_like(share)
                return (vegetated / share.where(share > 0)).clip(max=1)
    raise DataError("vegetated_fraction is missing, which a flux per m2 of vegetated area needs.")


def _common_land(fields, share, reading):
    """Fields missing in the same cells, and land fraction without those that no field has."""
    known = None
    for one in fields.values():
        own = one.notnull()
        own = own.all([d for d in own.dims if d not in ("lat", "lon")])
        known = own if known is None else known & own
    area = share * rectilinear_area(share["lat"], share["lon"])
    for role, one in fields.items():
        carbon = float((abs(one) * area).sum())
        lost = float((abs(one).where(~known) * area).sum())
        if carbon and lost > 3 * _LOST * carbon:
            raise DataError(
                f"{reading.name}: {lost / carbon:.1%} of {role} lies in cells where another year "
                "or variable is missing. Read the variables apart, or fill the gaps first."
            )
        if lost > 0:
            reading.note(f"{role}: {lost / carbon:.2%} left out, where others are missing.")
    fields = {r: f.where(known) for r, f in fields.items()}
    without = float(area.where(~known).sum() / area.sum())
    if without > _LOST:
        reading.note(f"{without:.1%} of the land has no data and does not count as land.")
    return fields, share.where(known, 0)


def _refuse_implausible(role, field, share, reading):
    """Totals and cells beyond any carbon flux; small ones if the whole land is there."""
    flux = {"rs": "SR", "rh": "HR", "raRoot": "AR", "gpp": "GPP", "npp": "NPP"}.get(role, role)
    if flux not in _HIGHEST:
        return
    area = share * rectilinear_area(share["lat"], share["lon"])
    total = float((field * area).sum(("lat", "lon")).mean()) / GRAMS_PER_PG
    top = float(field.max())
    highest, lowest = _HIGHEST[flux], _LOWEST.get(flux, 0)
    if total > highest or top > _HIGHEST_OF_CELL.get(flux, np.inf):
        carbon = total * CARBON_IN_CO2
        hint = (
            f" As mass of CO2 it would be {carbon:.1f} Pg C yr-1: if so, say 'kg CO2 m-2 s-1' in "
            "its units." if lowest < carbon < highest else ""
        )
        raise DataError(
            f"{reading.name}: {role} adds up to {total:.1f} Pg C yr-1, and up to {top:.0f} g C m-2 "
            f"yr-1 in a cell; expected {highest} Pg C yr-1 at most. Its units, or the land "
            f"fraction, are wrong.{hint}"
        )
    bottom = float(field.min())
    if total < 0 or bottom < -_HIGHEST_OF_CELL.get(flux, np.inf):
        raise DataError(
            f"{reading.name}: {role} adds up to {total:.1f} Pg C yr-1, down to {bottom:.0f} g C "
            "m-2 yr-1 in a cell; expected a flux above zero. Its sign is wrong: give respiration "
            "as positive."
        )
    if total >= lowest:
        return
    study = lands.study_land(share["lat"], share["lon"])
    all_land = float((study * rectilinear_area(share["lat"], share["lon"])).sum())
    gives = (field > 0).any([d for d in field.dims if d not in ("lat", "lon")])
    if float(area.where(gives).sum()) > _WHOLE * all_land:
        raise DataError(
            f"{reading.name}: {role} adds up to {total:.3g} Pg C yr-1 over the land of the globe; "
            f"expected {lowest} at least. Its units are wrong."
        )


def _derive(fields, reading):
    """HR, SR, GPP and NPP by the project's names; parts of respiration as they are."""
    out = dict(fields)
    if "rh" not in out and "rhSoil" in out:
        out["rh"] = out["rhSoil"] + out["rhLitter"]
        reading.note("HR = rhSoil + rhLitter.")
    if "npp" not in out and {"gpp", "ra"} <= set(out):
        out["npp"] = out["gpp"] - out["ra"]
        reading.note("NPP = gpp - ra.")
    names = {"rh": "HR", "rs": "SR", "npp": "NPP", "gpp": "GPP"}
    return {names.get(r, r): f for r, f in out.items() if r not in ("rhSoil", "rhLitter")}


def _to_half_degree(out):
    """The half-degree grid: as it is where it is that already."""
    full = out.sizes["lat"] == 360 and out.sizes["lon"] == 720
    if full and lands.is_half_degree(out["lat"], out["lon"]):
        out = out.assign_coords(
            lat=np.round(out["lat"] * 4) / 4, lon=np.round(out["lon"] * 4) / 4
        )
        return out.assign(cell_area=cell_area())
    return conservative(out)


def _describe(out, found):
    """Units, names and ground of each variable, in the project's order."""
    names = {"HR": ("rh", "rhSoil", "rhLitter"), "SR": ("rs",), "AR": ("raRoot", "ra"),
             "GPP": ("gpp",), "NPP": ("npp",)}
    for name in out.data_vars:
        if name in FLUXES or name in POOLS:
            made = [n for role in names.get(name, (name,)) for _, n in found.sources.get(role, [])]
            out[name].attrs = {
                "units": "kg m-2" if name in POOLS else "g m-2 yr-1",
                "long_name": f"{(POOLS | FLUXES)[name]}, carbon",
                "area_basis": "land",
                "made_from": " + ".join(dict.fromkeys(made)) or "derived",
            }
