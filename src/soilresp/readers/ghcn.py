"""Read GHCN v2 gridded precipitation anomalies, 5 degrees, in the publisher's text format.

NOAA National Centers for Environmental Information, Global Historical
Climatology Network-Monthly version 2.
"""

import zlib
from pathlib import Path

import numpy as np

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.readers.archive import read_gzip
from soilresp.readers.netcdf import by_year, check_months, month_name

__all__ = ["read_ghcn"]

_MISSING = -32768
_CELLS = 36 * 72
_LONGEST = 24  # characters of a number
_MOST = 400_000_000  # bytes; a century has 25 million


def read_ghcn(path, years):
    """Read monthly precipitation anomalies relative to 1961-1990.

    Each month is a line with its number and year, then 36 x 72 whole numbers
    in hundredths of a millimetre per month, from 87.5 N to 87.5 S and in each
    row from 177.5 W to 177.5 E.

    Parameters
    ----------
    path : path-like
        ``grid_prcp_1900-current.dat`` or its ``.gz``.
    years : (int, int)
        First and last year.

    Returns
    -------
    xarray.DataArray
        Dimensions ``(year, month, lat, lon)``, mm month-1; NaN without gauges.

    Raises
    ------
    DataError
        If the file cannot be read, is cut short, or lacks or repeats a month.
    """
    path = Path(path)
    try:
        text = read_gzip(path, _MOST) if path.suffix == ".gz" else path.read_bytes()
        words = text.split()
        _check_words(words)
        numbers = np.array(words).astype(np.int32)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}). Fetch it again.") from None
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"{path}: not a whole number in the file ({error}); expected GHCN's grid of month, "
            "year and 36 x 72 values. Fetch it again."
        ) from None
    if len(numbers) == 0 or len(numbers) % (_CELLS + 2):
        raise DataError(
            f"{path}: {len(numbers)} numbers, which is not a whole number of months of "
            f"{_CELLS + 2} (month, year and 36 x 72 values). The file is cut short; fetch it again."
        )
    blocks = numbers.reshape(-1, _CELLS + 2)
    months = (blocks[:, 1] * 12 + blocks[:, 0] - 1).tolist()
    place = {month: i for i, month in enumerate(months)}
    if len(place) < len(months):
        twice = next(m for i, m in enumerate(months) if place[m] != i)
        raise DataError(f"{path}: {month_name(twice)} is repeated. Fetch it again.")
    check_months(place, years, path)
    rows = [place[m] for m in range(years[0] * 12, (years[1] + 1) * 12)]
    values = blocks[rows, 2:].astype(float)
    values[values == _MISSING] = np.nan
    if np.isnan(values).all():
        raise DataError(f"{path}: no value in {years[0]}-{years[1]}. Fetch it again.")
    out = by_year(values.reshape(-1, 36, 72) / 100, years, **coordinates(5.0))
    out.name = "prcp"
    out.attrs = {"units": "mm month-1", "long_name": "precipitation anomaly from 1961-1990"}
    return out


def _check_words(words):
    """Refuse a very long word, whose length every number of the array would take."""
    longest = max(words, key=len, default=b"")
    if len(longest) > _LONGEST:
        raise ValueError(f"{longest[:_LONGEST].decode('latin-1')!r}...")
