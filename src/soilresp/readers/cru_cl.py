"""Read CRU CL 1.0: the monthly climatology of 1961-1990 at half a degree.

New, M., Hulme, M. and Jones, P. (1999), doi:10.1175/1520-0442(1999)012<0829:RTCSTC>2.0.CO;2.
"""

from pathlib import Path

import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates, to_standard
from soilresp.readers.archive import read_member

__all__ = ["VARIABLES", "DAYS_IN_MONTH", "read_cru_cl"]

DAYS_IN_MONTH = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
"""Mean days of the calendar months."""

VARIABLES = {
    "tmp": ("mean air temperature", "degC", 0.1),
    "pre": ("precipitation", "mm month-1", 0.1),
    "vap": ("vapour pressure", "hPa", 0.1),
    "rad": ("downward shortwave radiation", "W m-2", 1.0),
    "cld": ("cloud cover", "%", 1.0),
    "dtr": ("diurnal temperature range", "degC", 0.1),
}
"""Variables of the archive: meaning, unit as returned, factor from the stored integer."""

_MISSING = -9999
_WIDTH = 5
_MOST = 32_000_000  # bytes; a variable has 15.6 million


def read_cru_cl(path, variable):
    """Read one variable from the publisher's zip or ``.dat`` file.

    The file holds 12 x 360 rows from north to south, each with 720 whole
    numbers of five characters from 0.25 to 359.75 E. Precipitation comes in mm
    per day and is returned per month. ``crad6190.zip`` holds two versions of the
    radiation. The one that ends in ``.dat`` is read; the other, of a later date,
    has the same pattern (r above 0.9999) and is 15 % higher over vegetation, which
    brings it nearer to MERRA-2 but still 14 % below.

    Parameters
    ----------
    path : path-like
    variable : str
        A name in `VARIABLES`.

    Returns
    -------
    xarray.DataArray
        Dimensions ``(month, lat, lon)`` on the standard grid; NaN over sea.

    Raises
    ------
    DataError
        If the file is not a zip, or its header, size or numbers are not those
        of the format.
    """
    long_name, units, scale = VARIABLES[variable]
    header, _, body = _text(path).partition(b"\n")
    numbers, _, body = body.partition(b"\n")
    found = dict(zip(header.split(), numbers.split()))
    if [found.get(name) for name in (b"n_months", b"n_rows", b"n_cols")] != [b"12", b"360", b"720"]:
        raise DataError(
            f"{path}: the header should give n_cols 720, n_rows 360, n_months 12; got "
            f"{header[:80]!r} and {numbers[:80]!r}. Is this a CRU CL 1.0 file?"
        )
    n_month, n_lat, n_lon = 12, 360, 720
    expected = n_month * n_lat * (n_lon * _WIDTH + 1)
    if len(body) != expected:
        raise DataError(
            f"{path}: expected {expected} bytes after the header ({n_month} x {n_lat} rows of "
            f"{n_lon} numbers), got {len(body)}. The file is truncated or not CRU CL 1.0; "
            "fetch it again."
        )
    rows = np.frombuffer(body, "S1").reshape(n_month * n_lat, -1)
    if not (rows[:, -1] == b"\n").all():
        row = int(np.argmax(rows[:, -1] != b"\n")) + 3
        raise DataError(
            f"{path}, line {row}: expected {n_lon} numbers of {_WIDTH} characters each. "
            "Is this a CRU CL 1.0 file?"
        )
    try:
        values = np.ascontiguousarray(rows[:, :-1]).view(f"S{_WIDTH}").astype(np.int32)
    except ValueError as error:
        raise DataError(f"{path}: a cell is not a whole number ({error}).") from None
    values = values.reshape(n_month, n_lat, n_lon)
    field = np.where(values == _MISSING, np.nan, values * scale)
    if variable == "pre":
        field *= DAYS_IN_MONTH[:, None, None]
    grid = coordinates()
    coords = {"month": np.arange(1, 13), "lat": grid["lat"], "lon": grid["lon"] + 180}
    attrs = {"long_name": long_name, "units": units, "source": "CRU CL 1.0, 1961-1990"}
    out = xr.DataArray(field, coords, ("month", "lat", "lon"), variable, attrs)
    return to_standard(out).assign_coords(grid)


def _text(path):
    path = Path(path)
    if path.suffix == ".zip":
        return read_member(path, ".dat", _MOST)
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error}). Fetch it again.") from None
