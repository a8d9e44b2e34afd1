"""Compute shortwave radiation at the surface from cloud cover.

Allen, R. G., Pereira, L. S., Raes, D. and Smith, M. (1998), Crop evapotranspiration, FAO
Irrigation and Drainage Paper 56, chapter 3, https://www.fao.org/4/x0490e/x0490e07.htm.
"""

import numpy as np
import xarray as xr

from soilresp.errors import DataError

__all__ = ["daily_extraterrestrial", "extraterrestrial_radiation", "shortwave_from_cloud"]

SOLAR_CONSTANT = 0.0820e6 / 60
"""W m-2 (FAO-56: 0.0820 MJ m-2 min-1)."""

_MONTH_OF_DAY = np.repeat(np.arange(12), [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def daily_extraterrestrial(lat, day):
    """Compute the daily mean radiation on a horizontal plane at the top of the atmosphere.

    FAO-56, equations 21 to 25. They make both summers equally long, so that a year has
    2 % more at 44 S than at 44 N, where it should have the same.

    Parameters
    ----------
    lat : array_like
        Degrees north.
    day : array_like
        Day of the year, 1 to 365; broadcasts against `lat`.

    Returns
    -------
    numpy.ndarray
        W m-2.

    Examples
    --------
    Example 8 of FAO-56, 20 S on 3 September, in MJ m-2 per day:

    >>> round(float(daily_extraterrestrial(-20, 246)) * 0.0864, 1)
    32.2
    """
    phi = np.deg2rad(np.asarray(lat, float))
    angle = 2 * np.pi * np.asarray(day) / 365
    distance = 1 + 0.033 * np.cos(angle)
    declination = 0.409 * np.sin(angle - 1.39)
    # Clipped where the sun does not set or does not rise.
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(declination), -1, 1))
    return (SOLAR_CONSTANT / np.pi) * distance * (
        sunset * np.sin(phi) * np.sin(declination)
        + np.cos(phi) * np.cos(declination) * np.sin(sunset)
    )


def extraterrestrial_radiation(lat):
    """Compute the monthly mean radiation at the top of the atmosphere.

    Parameters
    ----------
    lat : array_like, shape (n,)
        Degrees north.

    Returns
    -------
    numpy.ndarray, shape (12, n)
        W m-2.

    Raises
    ------
    DataError
        If a latitude is missing or beyond a pole.
    """
    lat = np.asarray(lat, float)
    if not np.all(np.abs(lat) <= 90):
        raise DataError("Latitudes should lie in -90..90. Check for swapped coordinates.")
    daily = daily_extraterrestrial(lat, np.arange(1, 366)[:, None])
    return np.stack([daily[month == _MONTH_OF_DAY].mean(axis=0) for month in range(12)])


def shortwave_from_cloud(cld, lat=None, overcast=0.25, sunshine=0.50):
    """Compute downward shortwave radiation at the surface from cloud cover.

    Angstrom's relation ``(overcast + sunshine * n / N) * Ra`` (FAO-56, equation 35;
    Angstrom 1924, doi:10.1002/qj.49705021008), with the relative sunshine ``n / N``
    taken as one minus the cloud fraction.

    Against CRU CL 1.0, area-weighted over vegetated land and months, this gives r =
    0.995 and a bias of +11 W m-2 (of 145) to its radiation. That radiation is itself so
    close a function of its cloud cover that the agreement says little about the climate;
    MERRA-2 has 37 W m-2 more (194; r = 0.96), most of all over the humid tropics.

    Parameters
    ----------
    cld : xarray.DataArray or numpy.ndarray
        Cloud cover, %; with dimensions ``month`` and ``lat``, or as an array of shape
        ``(..., 12, n)``.
    lat : array_like, shape (n,), optional
        Degrees north of the cells, for an array.
    overcast : float
        Share of the radiation that reaches the ground under full cloud.
    sunshine : float
        Share that full sunshine adds.

    Returns
    -------
    Same type as `cld`
        W m-2; NaN where there is no cloud cover.

    Raises
    ------
    DataError
        If a value is no percentage, or all of them look like fractions.

    Examples
    --------
    >>> cld = np.full((12, 1), 50.0)
    >>> shortwave_from_cloud(cld, lat=[0.0]).round()[[2, 5], 0]
    array([219., 194.])
    """
    values = np.asarray(cld)
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    if low < 0 or high > 100 or 0 < high <= 1:
        raise DataError(
            f"Cloud cover lies between {low:g} and {high:g}; expected percent, 0 to 100. "
            "Multiply fractions by 100."
        )
    share = overcast + sunshine * (1 - cld / 100)
    if not isinstance(cld, xr.DataArray):
        return share * extraterrestrial_radiation(lat).astype(values.dtype)
    coords = {"month": np.arange(1, 13), "lat": cld["lat"]}
    above = extraterrestrial_radiation(cld["lat"]).astype(values.dtype)
    above = xr.DataArray(above, coords, ("month", "lat"))
    out = (share * above).transpose(*cld.dims).rename("rsds")
    out.attrs = {
        "units": "W m-2",
        "long_name": "downward shortwave radiation from cloud cover",
        "source": f"{cld.attrs.get('source', 'cloud cover')}; Angstrom's relation (FAO-56)",
    }
    return out
