"""Compute SR from climate and HR from SR by published equations.

They are compared with the maps, and are the known truth of the twin experiment.
"""

import numpy as np
import xarray as xr

from soilresp.errors import DataError, ParameterError
from soilresp.readers.cru_cl import DAYS_IN_MONTH

__all__ = ["raich_2002", "bond_lamberty_2004"]

HOTTEST_MONTH = 60.0
"""degC; no monthly mean air temperature is higher, so a larger value is in kelvin."""


def _months(array, name):
    """Return `array` with a dimension ``month`` of length 12 (the first, if numpy)."""
    if not isinstance(array, xr.DataArray):
        array = np.asarray(array, float)
        array = xr.DataArray(array, dims=("month", *(f"d{i}" for i in range(1, array.ndim))))
    if array.sizes.get("month") != 12:
        raise DataError(
            f"{name} has dimensions {dict(array.sizes)}; expected 12 months along `month` "
            "(numpy arrays: along the first axis)."
        )
    return array


def raich_2002(
    tas, pr, *, base=1.250, q=0.05452, k=4.259, coldest=-13.3, hottest=33.5,
    days_in_month=DAYS_IN_MONTH,
):
    r"""Compute annual SR from monthly air temperature and precipitation.

    .. math::

        SR = \sum_{m=1}^{12} d_m \, F \, e^{Q T_m} \, \frac{P_m}{K + P_m}

    with :math:`T` held within the temperatures of the records that the model
    was fitted to, and :math:`d_m` the days of the month.

    Parameters
    ----------
    tas : array_like, shape (12, ...), or xarray.DataArray with dimension ``month``
        Monthly mean air temperature, degC.
    pr : array_like or xarray.DataArray
        Monthly precipitation, **mm month-1**; the constant `k` is in cm.
    base : float
        F, rate at 0 degC without water limitation, g C m-2 d-1.
    q : float
        Q, temperature coefficient, degC-1 (Q10 = 1.72).
    k : float
        K, precipitation that halves the rate, cm month-1.
    coldest, hottest : float
        Bounds that the temperature is truncated at, degC.
    days_in_month : sequence of 12 float
        Default: those of a climatology, with 28.25 days in February.

    Returns
    -------
    numpy.ndarray or xarray.DataArray
        SR in g C m-2 yr-1 without the ``month`` dimension. NaN where any month
        is missing.

    Raises
    ------
    DataError
        If there are not 12 months, if precipitation is negative, or if the
        temperature is evidently in kelvin.

    Notes
    -----
    Form and constants: Raich & Potter (1995), doi:10.1029/94GB02723, and
    Raich, Potter & Bhagawati (2002), doi:10.1046/j.1365-2486.2002.00511.x
    (80.4 Pg C yr-1 for 1980-1994). The model knows neither vegetation nor
    substrate; it was fitted to monthly field fluxes from -13.3 to 33.5 degC.
    Some implementations set the flux below -13.3 degC to zero instead of
    truncating; with the CRU CL 1.0 climatology that lowers the global total by
    0.9 %.

    Examples
    --------
    Every month at 10 degC with 42.59 mm: half of the water-unlimited rate.

    >>> float(raich_2002([10.0] * 12, [42.59] * 12).round(1))
    393.8
    """
    if np.shape(days_in_month) != (12,):
        raise ParameterError(f"days_in_month needs 12 values, got {np.shape(days_in_month)}.")
    is_xarray = isinstance(tas, xr.DataArray)
    tas, pr = _months(tas, "tas"), _months(pr, "pr")
    if float(tas.max()) > HOTTEST_MONTH:
        raise DataError(
            f"tas reaches {float(tas.max()):.1f}; expected monthly means in degC. "
            "Subtract 273.15 if it is in kelvin."
        )
    if float(pr.min()) < 0:
        raise DataError(f"pr falls to {float(pr.min()):.3g}; expected precipitation in mm month-1.")
    days = xr.DataArray(np.asarray(days_in_month, float), dims="month")
    if "month" in tas.coords:
        days = days.assign_coords(month=tas["month"])
    pr_cm = pr / 10
    rate = base * np.exp(q * tas.clip(coldest, hottest)) * pr_cm / (k + pr_cm)
    sr = (rate * days).sum("month", skipna=False)
    if not is_xarray:
        return sr.values
    long_name = "soil respiration, carbon (Raich et al. 2002)"
    sr.attrs = {"units": "g m-2 yr-1", "long_name": long_name}
    return sr.rename("SR")


def bond_lamberty_2004(sr, *, intercept=1.22, slope=0.73, cap=True):
    r"""Compute annual HR from annual SR.

    .. math:: \ln HR = 1.22 + 0.73 \ln SR

    Parameters
    ----------
    sr : array_like or xarray.DataArray
        SR, g C m-2 yr-1, not negative.
    intercept, slope : float
        Coefficients in natural logarithms of g C m-2 yr-1.
    cap : bool
        Hold HR at SR where the line crosses it (below 91.7 g C m-2 yr-1), so
        that AR = SR - HR is never negative.

    Returns
    -------
    numpy.ndarray or xarray.DataArray
        HR, g C m-2 yr-1; 0 where SR is 0, NaN where SR is NaN.

    Raises
    ------
    DataError
        If SR is negative somewhere.

    Notes
    -----
    Bond-Lamberty, Wang & Gower (2004), doi:10.1111/j.1365-2486.2004.00816.x,
    from 53 forest sites (R2 = 0.81). The relation is applied to cells, and so
    to other vegetation, outside of what it was fitted to.

    Examples
    --------
    >>> float(bond_lamberty_2004(1000.0).round(1))
    524.6
    """
    if np.any(np.asarray(sr) < 0):
        raise DataError(
            f"SR falls to {np.nanmin(np.asarray(sr)):.4g}; expected g C m-2 yr-1, not negative."
        )
    values = sr if isinstance(sr, xr.DataArray) else np.asarray(sr, float)
    hr = np.exp(intercept) * values**slope
    if cap:
        hr = np.minimum(hr, values)
    if isinstance(hr, xr.DataArray):
        hr.attrs = {
            "units": "g m-2 yr-1",
            "long_name": "heterotrophic respiration, carbon (Bond-Lamberty et al. 2004)",
        }
        hr = hr.rename("HR")
    return hr
