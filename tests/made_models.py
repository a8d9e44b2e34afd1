"""Small synthetic files in the layouts that ecosystem models write, with totals known by hand."""

import numpy as np
import xarray as xr

from soilresp.grid.cells import rectilinear_area

FIRST, LAST = 1982, 1983
SAHARA, AMAZON = (25.25, 5.25), (-5.25, -65.25)
"""Two places that are land all around."""

TIMES = {
    "noleap": ("days since 1700-01-01", "noleap"),
    "360_day": ("days since 1859-12-01", "360_day"),
    "standard": ("days since 1850-01-01", "standard"),
    "months": ("months since 1700-01-01", ""),
    "years": ("years since 1701-01-01", ""),
    "plain years": ("", ""),
    "absolute": ("day as %Y%m%d.%f", "proleptic_gregorian"),
}
"""Kinds of time axes: units and calendar."""


def axis(kind, monthly=True, first=FIRST, last=LAST):
    """A time axis: values, attributes, and days of each step and of its year."""
    import cftime

    units, calendar = TIMES[kind]
    steps = [(y, m) for y in range(first, last + 1) for m in (range(1, 13) if monthly else [1])]
    of = calendar if calendar in ("noleap", "360_day") else "standard"

    def days(y, m):
        end = (y + 1, 1) if m == 12 else (y, m + 1)
        return (cftime.datetime(*end, 1, calendar=of) - cftime.datetime(y, m, 1, calendar=of)).days

    year_days = np.array([sum(days(y, k) for k in range(1, 13)) for y, _ in steps], float)
    length = np.array([days(y, m) for y, m in steps], float) if monthly else year_days
    if kind == "months":
        values = [(y - 1700) * 12 + m - 1 for y, m in steps]
    elif kind == "years":
        values = [y - 1701 + (m - 1) / 12 for y, m in steps]
    elif kind == "plain years":
        values = [y for y, _ in steps]
    elif kind == "absolute":
        values = [y * 10000 + m * 100 + 15.5 for y, m in steps]
    else:
        dates = [cftime.datetime(y, m if monthly else 7, 15, calendar=of) for y, m in steps]
        values = cftime.date2num(dates, units, calendar)
    attrs = {k: v for k, v in (("units", units), ("calendar", calendar)) if v}
    return np.asarray(values, float), attrs, length, year_days


def grid(kind):
    """Centres of a grid as models have them."""
    if kind == "half N-S":
        return np.arange(89.75, -90, -0.5), np.arange(-179.75, 180, 0.5)
    if kind == "half S-N 0-360":
        return np.arange(-89.75, 90, 0.5), np.arange(0.25, 360, 0.5)
    if kind == "CLASSIC":
        return np.arange(-89.5, 90, 1.0), np.arange(-180, 180, 1.0)
    if kind == "ISBA":
        return np.arange(-59.5, 90, 1.0), np.arange(-179.5, 180, 1.0)
    if kind == "poles 0-360":
        return np.linspace(-90, 90, 96), np.arange(0, 360, 2.5)
    # The Gaussian latitudes of 64 rows.
    nodes, _ = np.polynomial.legendre.leggauss(64)
    return np.rad2deg(np.arcsin(nodes))[::-1], np.arange(0, 360, 2.8125)


def land_cells(lat, lon):
    """The cells of the two places: rows, columns, and their area on the sphere (m2)."""
    area = rectilinear_area(xr.DataArray(lat, dims="lat", coords={"lat": lat}),
                            xr.DataArray(lon, dims="lon", coords={"lon": lon})).values
    rows = [int(np.argmin(np.abs(lat - y))) for y, _ in (SAHARA, AMAZON)]
    columns = [
        int(np.argmin(np.abs((lon - x + 180) % 360 - 180))) for _, x in (SAHARA, AMAZON)
    ]
    return rows, columns, area[rows, columns]


def write(path, values, units="kg m-2 s-1", kind="half N-S", time="noleap", monthly=True,
          fill="attribute", names=("lat", "lon", "time"), land=None, attrs=None, **more):
    """Write variables that are the same in both cells at every step, a value for each year.

    `values` maps a name to the flux of a year (g C m-2 yr-1, for a unit of mass C) or
    pool, which is spread evenly over the days of the year. Gives the area of the cells, m2.
    """
    lat, lon = grid(kind)
    rows, columns, area = land_cells(lat, lon)
    data = {}
    coords = {names[0]: lat, names[1]: lon}
    nothing = {"attribute": np.nan, "-99999": -99999.0, "1e20": 1e20, "0": 0.0, "none": np.nan,
               "inf": np.inf}[fill]
    if time is not None:
        at, time_attrs, length, year_days = axis(time, monthly, **more)
        coords[names[2]] = (names[2], at, time_attrs)
    for name, value in values.items():
        unit = units[name] if isinstance(units, dict) else units
        per_step = value / _grams(unit)
        if time is None:
            block = np.full((len(lat), len(lon)), nothing)
            block[rows, columns] = _rate(per_step, unit, 365.0, 365.0)
            dims = names[:2]
        else:
            block = np.full((len(at), len(lat), len(lon)), nothing)
            rate = _rate(per_step, unit, length, year_days)
            block[:, rows, columns] = np.broadcast_to(rate, len(at))[:, None]
            dims = (names[2], *names[:2])
        data[name] = (dims, block, {"units": unit} | (attrs or {}))
    if land is not None:
        share = np.zeros((len(lat), len(lon)))
        share[rows, columns] = land
        scale, unit = (100, "%") if land > 1 else (1, "1")
        data["sftlf" if scale == 100 else "landfrac"] = (names[:2], share, {"units": unit})
        area = area * land / scale
    out = xr.Dataset(data, coords)
    out[names[0]].attrs["units"] = "degrees_north"
    out[names[1]].attrs["units"] = "degrees_east"
    masked = {"_FillValue": 1e20} if fill == "attribute" else {"_FillValue": None}
    out.to_netcdf(path, encoding={n: masked | {"zlib": True} for n in data})
    return area


def _grams(unit):
    return 1000.0 if unit.startswith("kg") else 1.0


def _rate(amount, unit, days, year_days):
    """Value that gives `amount` in a year of this many days, per the unit's own time."""
    if unit.endswith("s-1"):
        return amount / (year_days * 86400)
    if "day" in unit:
        return amount / year_days
    if "month" in unit:
        return amount / 12
    return amount * np.ones_like(days)
