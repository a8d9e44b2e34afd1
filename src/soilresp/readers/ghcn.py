"""GHCN v2 gridded precipitation anomalies, 5 degrees, in the publisher's text format.

NOAA National Centers for Environmental Information, Global Historical
Climatology Network-Monthly version 2.
"""

import zlib
from pathlib import Path

import numpy as np
import xarray as xr

from soilresp.errors import DataError
from soilresp.grid.cells import coordinates
from soilresp.readers.archive import read_gzip

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
    month_index = {}
    for i, (month, year) in enumerate(blocks[:, :2].tolist()):
        if (year, month) in month_index:
            raise DataError(f"{path}: {year}-{month:02d} is there twice. Fetch it again.")
        month_index[year, month] = i
    first, last = years
    wanted = [(y, m) for y in range(first, last + 1) for m in range(1, 13)]
    lacking = [ym for ym in wanted if ym not in month_index]
    if lacking:
        raise DataError(
            f"{path}: no data for {lacking[0][0]}-{lacking[0][1]:02d} "
            f"({len(lacking)} of the months {first}-{last} are missing)."
        )
    values = blocks[[month_index[ym] for ym in wanted], 2:].astype(float)
    values[values == _MISSING] = np.nan
    if np.isnan(values).all():
        raise DataError(f"{path}: no value in {first}-{last}. Fetch it again.")
    grid = coordinates(5.0)
    return xr.DataArray(
        values.reshape(-1, 12, 36, 72) / 100,
        dims=("year", "month", "lat", "lon"),
        coords={
            "year": np.arange(first, last + 1),
            "month": np.arange(1, 13),
            "lat": grid["lat"],
            "lon": grid["lon"],
        },
        name="prcp",
        attrs={"units": "mm month-1", "long_name": "precipitation anomaly from 1961-1990"},
    )


def _check_words(words):
    """One long word would make an array in which every number has its length."""
    longest = max(words, key=len, default=b"")
    if len(longest) > _LONGEST:
        raise ValueError(f"{longest[:_LONGEST].decode('latin-1')!r}...")
