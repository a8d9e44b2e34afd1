"""The carbon budget of the paper's Table 1, recomputed from its inputs with uncertainty."""

import numpy as np
import pandas as pd

from soilresp.errors import ParameterError
from soilresp.scoring.paper import paper_values

__all__ = ["COMPILED_ROOT_SHARE", "carbon_budget"]

COMPILED_ROOT_SHARE = (0.37, 0.12)
"""Mean and SD over 33 studies of the root share of all autotrophic respiration."""

_STREAM = 6  # keeps these draws apart from other draws of the same study's seed

_LINES = {
    "GPP": ("gross primary production", "input"),
    "NPP": ("net primary production", "input"),
    "SR": ("soil respiration", "this run"),
    "HR": ("heterotrophic respiration", "this run"),
    "AR": ("autotrophic respiration below ground", "SR - HR"),
    "TAR": ("autotrophic respiration of the whole ecosystem", "GPP - NPP"),
    "AAR": ("autotrophic respiration above ground", "TAR - AR"),
    "AR_TAR": ("below-ground share of autotrophic respiration", "AR / TAR"),
    "NEP": ("net ecosystem production", "NPP - HR"),
    "fire": ("carbon emitted by fire", "input"),
    "NBP": ("net biosphere production", "NEP - fire"),
}


def _lines(gpp, npp, sr, hr, fire):
    """Every line of the budget from its inputs, be they numbers or draws."""
    ar, tar, nep = sr - hr, gpp - npp, npp - hr
    return {"GPP": gpp, "NPP": npp, "SR": sr, "HR": hr, "AR": ar, "TAR": tar, "AAR": tar - ar,
            "AR_TAR": ar / tar, "NEP": nep, "fire": fire, "NBP": nep - fire}


def _note(line, printed, again):
    """Remarks on a line of the paper."""
    said = []
    if line in printed and not np.isclose(printed[line], again[line], atol=0.05):
        said.append(f"printed {printed[line]:g}; the paper's own inputs give {again[line]:.1f}")
    if line == "AR_TAR":
        mean, sd = COMPILED_ROOT_SHARE
        said.append(f"{mean:.2f} +- {sd:.2f} in compilations; SD of this ratio is not finite")
    if line == "NBP":
        reference = paper_values()["carbon_budget"]["NBP_reference"]
        said.append(f"{reference['value']} +- {reference['sd']} in {reference['source']}")
    return "; ".join(said)


def carbon_budget(
    sr, hr, *, sr_sd, hr_sd, correlation=0.0, gpp=120.0, gpp_sd=3.75, npp=56.0,
    npp_sd=14.3, fire=2.2, fire_sd=0.0, n_draws=100_000, seed=0,
):
    """Compute Table 1 of the paper from its inputs, every derived line with its uncertainty.

    Parameters
    ----------
    sr, hr : float
        Global totals, Pg C yr-1.
    sr_sd, hr_sd : float
        Uncertainty of the totals (1 SD), Pg C yr-1. The sum over cells of the
        per-cell SD, as the paper has it, takes all cells to err together and
        is an upper bound.
    correlation : float
        Correlation of the errors of SR and HR, -1 to 1. HR is often measured at
        plots of SR, which makes it positive and AR more certain.
    gpp, gpp_sd : float
        FLUXCOM: 120 with a range of 111-126 (Jung et al. 2017), read as +-2 SD.
    npp, npp_sd : float
        56 +- 14.3 SD over studies (Ito 2011).
    fire, fire_sd : float
        2.2 (van der Werf et al. 2017). The paper gives no uncertainty: taken as
        exact unless one is given.
    n_draws : int
        Monte-Carlo draws from normal distributions.
    seed : int
        The same seed gives the same table.

    Returns
    -------
    pandas.DataFrame
        Index ``line`` (GPP, NPP, SR, HR, AR, TAR, AAR, AR_TAR, NEP, fire, NBP);
        ``long_name``, ``how``, ``value`` and, from the draws, ``sd``, ``q05``,
        ``q95``; ``paper`` as printed (NaN if it is not), ``paper_recomputed``
        from the paper's own inputs, and ``note``. Pg C yr-1, AR_TAR a ratio.

    Raises
    ------
    ParameterError
        If an SD is negative, the correlation is out of range, or `n_draws` is below
        100.

    Notes
    -----
    Lu et al. (2021), Table 1, doi:10.1088/1748-9326/abf526. Two lines of the print
    do not add up: 56 - 50.3 = 5.7 is printed as 5.5, and NBP follows at 3.3 for 3.5.

    Examples
    --------
    >>> table = carbon_budget(85.5, 50.3, sr_sd=2.0, hr_sd=2.0)
    >>> table.loc["NEP", ["value", "paper"]].astype(float).round(1).tolist()
    [5.7, 5.5]
    """
    sds = {"sr_sd": sr_sd, "hr_sd": hr_sd, "gpp_sd": gpp_sd, "npp_sd": npp_sd, "fire_sd": fire_sd}
    for name, sd in sds.items():
        if not sd >= 0:
            raise ParameterError(f"{name} must not be negative, got {sd}.")
    if not -1 <= correlation <= 1:
        raise ParameterError(f"correlation must lie between -1 and 1, got {correlation}.")
    if n_draws < 100:
        raise ParameterError(f"n_draws must be at least 100 for a 5 % quantile, got {n_draws}.")
    normal = np.random.default_rng([seed, _STREAM]).standard_normal((5, n_draws))
    of_hr = correlation * normal[2] + np.sqrt(1 - correlation**2) * normal[3]
    draws = _lines(
        gpp + gpp_sd * normal[0], npp + npp_sd * normal[1], sr + sr_sd * normal[2],
        hr + hr_sd * of_hr, fire + fire_sd * normal[4],
    )
    values = _lines(gpp, npp, sr, hr, fire)
    paper, rows = paper_values(), []
    printed = {k: v["value"] for k, v in paper["carbon_budget"].items() if isinstance(v, dict)}
    printed["SR"] = paper["totals"]["SR"]["value"]
    again = _lines(*(printed[k] for k in ("GPP", "NPP", "SR", "HR", "fire")))
    for line, (long_name, how) in _LINES.items():
        q05, q95 = np.quantile(draws[line], [0.05, 0.95])
        # A ratio of normal draws has no finite variance: its quantiles are all there is.
        sd = np.nan if line == "AR_TAR" else float(np.std(draws[line], ddof=1))
        rows.append({
            "line": line, "long_name": long_name, "how": how, "value": float(values[line]),
            "sd": sd, "q05": float(q05), "q95": float(q95),
            "paper": printed.get(line, np.nan), "paper_recomputed": again[line],
            "note": _note(line, printed, again),
        })
    return pd.DataFrame(rows).set_index("line")
