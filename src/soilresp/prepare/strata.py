"""The five vegetation bins that balance the records by area (Lu et al. 2021, table S1)."""

import numpy as np
import pandas as pd
import xarray as xr

from soilresp.errors import DataError, ParameterError

__all__ = ["STRATA", "stratum_fractions", "dominant_stratum", "area_shares", "draw_run"]

STRATA = {
    1: ("evergreen broadleaf forest", (2,)),
    2: ("deciduous broadleaf forest", (4,)),
    3: ("needleleaf and mixed forest", (1, 3, 5)),
    4: ("shrubland", (6, 7)),
    5: ("savanna, grassland, wetland, cropland", (8, 9, 10, 11, 12, 14)),
}
"""Bins: name and IGBP classes. Barren, urban, ice and water are in none."""


def stratum_fractions(igbp_fraction):
    """Share of each cell in each bin.

    Parameters
    ----------
    igbp_fraction : xarray.DataArray, dims (igbp, lat, lon)

    Returns
    -------
    xarray.DataArray, dims (stratum, lat, lon)
    """
    parts = [igbp_fraction.sel(igbp=list(classes)).sum("igbp") for _, classes in STRATA.values()]
    return xr.concat(parts, pd.Index(list(STRATA), name="stratum"))


def dominant_stratum(igbp_fraction):
    """Bin that covers most of each cell's vegetation; 0 where there is none.

    Parameters
    ----------
    igbp_fraction : xarray.DataArray, dims (igbp, lat, lon)

    Returns
    -------
    xarray.DataArray of int8, dims (lat, lon)
        On ties the lower number.
    """
    shares = stratum_fractions(igbp_fraction)
    best = (shares.argmax("stratum") + 1).where(shares.sum("stratum") > 0, 0).astype(np.int8)
    best.attrs = {
        "long_name": "vegetation bin of the cell",
        "units": "1",
        "flag_values": [0, *STRATA],
        "flag_meanings": "none " + " ".join(n.replace(", ", "_").replace(" ", "_") for n, _ in STRATA.values()),
    }
    return best.rename("stratum")


def area_shares(cube):
    """Share of the vegetated area that each bin covers.

    Parameters
    ----------
    cube : xarray.Dataset
        With ``igbp_fraction`` and ``cell_area``.

    Returns
    -------
    pandas.Series
        Indexed by bin; sums to 1.
    """
    area = (stratum_fractions(cube["igbp_fraction"]) * cube["cell_area"]).sum(("lat", "lon"))
    return pd.Series(area.values / float(area.sum()), index=pd.Index(list(STRATA), name="stratum"))


def draw_run(strata, shares, rng, train_fraction=0.8, draw="area"):
    """Split the records of one Monte-Carlo run and draw its training set.

    Within each bin a random `train_fraction` of the records is set apart for
    training; from all of these together as many records are drawn with
    replacement, a record's probability being its bin's area share over the
    number of its bin's records (Lu et al. 2021, section 2.2). The rest is held out.

    Parameters
    ----------
    strata : numpy.ndarray of int, shape (n,)
        Bin of each record.
    shares : pandas.Series
        Area share of each bin.
    rng : numpy.random.Generator
    train_fraction : float
        Above 0, at most 1.
    draw : {"area", "record"}
        "area" as above; "record" draws every record with the same probability.

    Returns
    -------
    drawn : numpy.ndarray of int
        Positions of the drawn records, with repeats.
    held_out : numpy.ndarray of int
        Positions of the records never drawn, in order.

    Raises
    ------
    DataError
        If a record's bin is unknown, or if the draw is by area and a bin with
        area has no record.
    ParameterError
        If `draw` or `train_fraction` is none of the above.
    """
    if draw not in ("area", "record"):
        raise ParameterError(f"draw must be 'area' or 'record', got {draw!r}.")
    if not 0 < train_fraction <= 1:
        raise ParameterError(f"train_fraction must be above 0 and at most 1, got {train_fraction}.")
    strata = np.asarray(strata)
    _check_bins(strata, shares, draw)
    train = []
    for stratum in shares.index:
        members = rng.permutation(np.flatnonzero(strata == stratum))
        train.append(np.sort(members[: max(1, round(train_fraction * members.size))]))
    pool = np.concatenate(train)
    if draw == "area":
        counts = pd.Series([t.size for t in train], index=shares.index)
        weight = (shares / counts)[strata[pool]].to_numpy()
    else:
        weight = np.ones(pool.size)
    drawn = rng.choice(pool, size=pool.size, replace=True, p=weight / weight.sum())
    held_out = np.setdiff1d(np.arange(strata.size), pool)
    return drawn, held_out


def _check_bins(strata, shares, draw):
    unknown = sorted(set(strata.tolist()) - set(shares.index))
    if unknown:
        raise DataError(f"Records lie in bin {unknown[0]}, which has no area share.")
    empty = [s for s in shares.index if shares[s] > 0 and not (strata == s).any()]
    if empty and draw == "area":
        names = ", ".join(f"{s} ({STRATA[s][0]})" if s in STRATA else str(s) for s in empty)
        raise DataError(
            f"No record in bin {names}. The draw by area needs records in every bin: "
            "widen the selection, or draw records equally."
        )
