"""Estimate monthly leaf area index from satellite fAPAR and NDVI extremes."""

import numpy as np

from soilresp.errors import DataError

__all__ = ["seasonal_shape", "monthly_lai"]


def seasonal_shape(temperature, precipitation):
    """Compute the relative leaf development of each month, between 0 and 1.

    The smaller of a temperature limit (none below -2 degC, full from 10 degC)
    and a moisture limit (rain of this month and the last, full from 60 mm a
    month), divided by its largest value of the year. After the idea of the
    growing season index of Jolly et al. (2005, doi:10.1111/j.1365-2486.2005.00930.x),
    for monthly means.

    Parameters
    ----------
    temperature : numpy.ndarray, shape (12, n)
        degC.
    precipitation : numpy.ndarray, shape (12, n)
        mm month-1.

    Returns
    -------
    numpy.ndarray, shape (12, n)
        Ones where one limit or the other is closed in every month; NaN where
        an input is missing in any.
    """
    warm = np.clip((temperature + 2) / 12, 0, 1)
    rain = (precipitation + np.roll(precipitation, 1, axis=0)) / 2
    shape = np.minimum(warm, np.clip(rain / 60, 0, 1))
    peak = shape.max(axis=0)
    return np.where(peak == 0, 1.0, shape / np.where(peak == 0, 1, peak))


def monthly_lai(
    fapar_max, ndvi_min, ndvi_max, temperature, precipitation, igbp_fraction, area,
    extinction=0.5, evergreen_lai=5.0,
):
    """Estimate monthly leaf area index by a proxy.

    The year's largest LAI follows Beer-Lambert's law, ``-ln(1 - fAPAR) / k``;
    the smallest is that times NDVI's smallest over largest value, or all of it
    for the evergreen share of the cell (snow hides leaves from NDVI); months
    lie between the two by `seasonal_shape`. One factor scales the field so
    that cells of evergreen broadleaf forest have `evergreen_lai` on average,
    because fAPAR saturates.

    Parameters
    ----------
    fapar_max, ndvi_min, ndvi_max : numpy.ndarray, shape (n,)
        Fractions.
    temperature, precipitation : numpy.ndarray, shape (12, n)
        degC, mm month-1.
    igbp_fraction : numpy.ndarray, shape (17, n)
        Share of the IGBP classes 0 to 16.
    area : numpy.ndarray, shape (n,)
        Vegetated area, m2.
    extinction : float
        Light extinction coefficient k.
    evergreen_lai : float
        m2 m-2.

    Returns
    -------
    lai : numpy.ndarray, shape (12, n)
        m2 m-2; NaN where an input is missing.
    scale : float
        The factor.

    Raises
    ------
    DataError
        If no cell is mostly evergreen broadleaf forest.
    """
    peak = -np.log(1 - np.clip(fapar_max, 0, 0.99)) / extinction
    forest = (igbp_fraction[2] > 0.6) & np.isfinite(peak)
    if not forest.any():
        raise DataError(
            "No cell is mostly evergreen broadleaf forest, to which the leaf area proxy is scaled. "
            "Check the vegetation map."
        )
    scale = evergreen_lai / np.average(peak[forest], weights=area[forest])
    vegetated = igbp_fraction[[*range(1, 13), 14]].sum(axis=0)
    evergreen = igbp_fraction[[1, 2]].sum(axis=0) / np.where(vegetated > 0, vegetated, 1)
    # Where even the largest NDVI is not above zero, nothing outlasts the bad season.
    kept = np.where(ndvi_max <= 0, 0, ndvi_min / np.where(ndvi_max <= 0, 1, ndvi_max))
    kept = evergreen + (1 - evergreen) * np.clip(kept, 0, 1)
    shape = kept + (1 - kept) * seasonal_shape(temperature, precipitation)
    return scale * peak * shape, float(scale)
