"""Selection of the SR and HR records that train the maps."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from soilresp.errors import DataError, ParameterError
from soilresp.records.corrections import KNOWN, apply_corrections
from soilresp.records.quality.checks import QUALITY, apply_flags, check_records
from soilresp.records.quality.entries import repeats
from soilresp.records.srdb import lost_none
from soilresp.records.table import as_srdb, own_records

__all__ = ["COLUMNS", "TARGETS", "Selection", "select_records"]

_FLUXES = {"SR": "Rs_annual", "HR": "Rh_annual"}

TARGETS = {"SR": 1, "HR": 2}
"""Fluxes that are fitted, and the number by which each enters the seed of its draws."""

COLUMNS = (
    "record", "study", "lat", "lon", "year", "flux", "target", "ecosystem", "quality",
    "reported_MAT", "reported_MAP",
)
"""Columns of the observations before they are matched to the map."""

_EXPECTED = {
    "manipulation": "a list of text, such as ['None'], or null for any",
    "years": "(first, last)",
    "box": "(south, north, west, east), in degrees",
    "sr_above_hr": "true or false",
    "heterotrophic": "one of reported, difference, ratio",
    "min_flux": "a number in g C m-2 yr-1",
    "max_flux": "a number in g C m-2 yr-1",
    "quality": f"one of {', '.join(QUALITY)}",
    "corrections": f"{', '.join(KNOWN)} or the path of a table",
    "drop_repeats": "true or false",
}


@dataclass(frozen=True)
class Selection:
    """Rules that a record must pass; None switches a rule off.

    Attributes
    ----------
    manipulation : tuple of str or None
        Accepted values of ``Manipulation``, without surrounding blanks.
    years : (float, float) or None
        First and last ``Study_midyear``, both included. 87 SR records lie
        exactly on 2013.0.
    box : (south, north, west, east) or None
        Degrees. The paper states the extent of its sites; taking it as a rule
        is our reading.
    sr_above_hr : bool
        Drop records whose SR is not larger than their HR.
    heterotrophic : {"reported", "difference", "ratio"}
        Where HR comes from: ``Rh_annual`` alone; with SR - AR where it is
        missing; with SR (1 - RC) where both are.
    min_flux, max_flux : float or None
        Bounds of the flux, g C m-2 yr-1; the lower one excluded.
    quality : {"report", "drop", "repair"}
        Treatment of records that `soilresp.records.quality` suspects: keep them, leave them
        out, or correct them where one change explains the evidence.
    corrections : {"none", "sourced"} or path-like
        Entries that are corrected before any rule, see `soilresp.records.corrections`.
    drop_repeats : bool
        Leave out rows that repeat study, place, year and flux of an earlier one.

    Raises
    ------
    ParameterError
        If a rule has an impossible value.

    Examples
    --------
    >>> Selection(years=(1990, 2020), max_flux=5000).years
    (1990, 2020)
    """

    manipulation: tuple | None = ("None",)
    years: tuple | None = (1982.0, 2013.0)
    box: tuple | None = (-44.23, 69.42, -150.33, 175.77)
    sr_above_hr: bool = True
    heterotrophic: str = "difference"
    min_flux: float | None = 0.0
    max_flux: float | None = None
    quality: str = "report"
    corrections: str | Path = "none"
    drop_repeats: bool = False

    def __post_init__(self):
        words, years, box = self.manipulation, self.years, self.box
        sound = {
            "manipulation": words is None
            or _is_list(words) and all(isinstance(word, str) for word in words),
            "years": years is None or _are_numbers(years, 2) and years[0] <= years[1],
            "box": box is None or _are_numbers(box, 4)
            and -90 <= box[0] < box[1] <= 90 and -180 <= box[2] < box[3] <= 180,
            "sr_above_hr": isinstance(self.sr_above_hr, bool),
            "heterotrophic": self.heterotrophic in ("reported", "difference", "ratio"),
            "min_flux": self.min_flux is None or _are_numbers([self.min_flux], 1),
            "max_flux": self.max_flux is None or _are_numbers([self.max_flux], 1),
            "quality": self.quality in QUALITY,
            "corrections": isinstance(self.corrections, str | Path) and str(self.corrections) != "",
            "drop_repeats": isinstance(self.drop_repeats, bool),
        }
        for name, is_sound in sound.items():
            if not is_sound:
                raise ParameterError(
                    f"{name} must be {_EXPECTED[name]}; got {getattr(self, name)!r}."
                )

    @classmethod
    def from_dict(cls, rules):
        """Make a selection from named rules; lists become tuples.

        Raises
        ------
        ParameterError
            If a name is not a rule.
        """
        unknown = sorted(set(rules) - set(_EXPECTED))
        if unknown:
            raise ParameterError(
                f"Unknown selection rule {unknown[0]!r}: known are {', '.join(_EXPECTED)}."
            )
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in rules.items()})


def select_records(table, rules=None, flags=None):
    """Apply the selection, and count the records that each rule leaves.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.load_srdb`, or a table of one's own with columns lat, lon and
        flux (see `soilresp.records.table.own_records`). Of one's own table, fluxes that it does
        not hold are not asked for, and years only if it has a column ``year``.
    rules : Selection, optional
        Default: the paper's rules as we read them.
    flags : pandas.DataFrame, optional
        From `soilresp.records.quality.check_records` of the corrected table; made here if
        the selection drops or repairs. With flags, the funnel ends on a line that
        says what was done about suspicious records, and to how many.

    Returns
    -------
    records : pandas.DataFrame
        Columns `COLUMNS`, one row per record and target ("SR", "HR"), then further columns of
        one's own table; flux in g C m-2 yr-1, ``reported_MAT`` in degC, ``reported_MAP`` in
        mm yr-1. The number of a record is SRDB's own, which is not unique in v5.0.
    funnel : pandas.DataFrame
        One row per rule: ``rule``, and the records left for ``SR`` and ``HR``.

    Raises
    ------
    DataError
        If no record is left for SR or for HR, which names the rule that emptied it; or if a
        table of one's own is not as it should be.

    Examples
    --------
    >>> plots = pd.DataFrame(
    ...     {"lat": [51.0, 48.5, 78.0], "lon": [13.6, 8.1, 15.5], "flux": [700.0, 950, 120]})
    >>> records, funnel = select_records(plots)
    >>> records[["lat", "flux", "target"]].values.tolist()
    [[51.0, 700.0, 'SR'], [48.5, 950.0, 'SR']]
    >>> funnel["SR"].tolist()
    [3, 3, 3, 3, 3, 3, 2]
    """
    rules = rules or Selection()
    targets = tuple(TARGETS)
    own = None if "Record_number" in table else own_records(table, complete=False)
    table = table if own is None else as_srdb(own)
    if own is not None:
        targets = tuple(t for t in TARGETS if table[_FLUXES[t]].notna().any()) or targets
        if table["Study_midyear"].isna().all():
            rules = replace(rules, years=None)
    table, corrected = apply_corrections(table, rules.corrections)
    if flags is None and rules.quality != "report":
        flags = check_records(table)
    if flags is not None:
        table, suspicious = apply_flags(table, flags, rules.quality)
    flux = {"SR": table["Rs_annual"], "HR": _heterotrophic(table, rules.heterotrophic)}
    left = {target: pd.Series(True, index=table.index) for target in targets}
    rows = []

    def narrow(rule, passes):
        for target in targets:
            left[target] = left[target] & (passes(target) if callable(passes) else passes)
        rows.append({"rule": rule, **{t: int(kept.sum()) for t, kept in left.items()}})
        for target in targets:
            if rows[-1][target] == 0:
                raise DataError(
                    f"No {target} record is left after the rule '{rule}'. Relax the selection."
                    f"{lost_none(table) if rule.startswith('Manipulation') else ''}"
                )

    narrow("All records", True)
    if rules.corrections != "none":
        named = Path(rules.corrections).name
        narrow(f"Entries corrected ({named}) in {corrected.sum()} records", True)
    narrow("A flux is given", lambda t: flux[t].notna())
    if rules.manipulation is not None:
        wanted = " or ".join(rules.manipulation)
        narrow(f"Manipulation is {wanted}", table["Manipulation"].isin(rules.manipulation))
    narrow("Coordinates are given", table["Latitude"].notna() & table["Longitude"].notna())
    if rules.min_flux is not None:
        narrow(f"Flux above {rules.min_flux:g}", lambda t: flux[t] > rules.min_flux)
    if rules.max_flux is not None:
        narrow(f"Flux at most {rules.max_flux:g}", lambda t: flux[t] <= rules.max_flux)
    if rules.sr_above_hr:
        narrow("SR larger than HR where both are given", ~(flux["SR"] <= flux["HR"]))
    if rules.years is not None:
        first, last = rules.years
        narrow(f"Mid-year in {first:g} to {last:g}", table["Study_midyear"].between(first, last))
    if rules.box is not None:
        south, north, west, east = rules.box
        inside = table["Latitude"].between(south, north) & table["Longitude"].between(west, east)
        narrow(
            f"{_degrees(south, 'SN')} to {_degrees(north, 'SN')}, "
            f"{_degrees(west, 'WE')} to {_degrees(east, 'WE')}", inside,
        )
    if rules.drop_repeats:
        narrow(
            "Not a repeat of study, place, year and flux",
            lambda t: ~repeats(table[left[t]], flux[t][left[t]]).reindex(
                table.index, fill_value=False
            ),
        )
    if flags is not None:
        treated = {
            "report": "Under suspicion, kept", "drop": "Under suspicion, left out",
            "repair": "Suspicious value repaired",
        }[rules.quality]
        n = ", ".join(f"{(kept & suspicious).sum()} {t}" for t, kept in left.items())
        narrow(f"{treated}: {n}", ~suspicious if rules.quality == "drop" else True)
    records = pd.concat([_records(table[left[t]], flux[t], t) for t in targets])
    if own is not None:
        records = records.join(own.drop(columns=[c for c in COLUMNS if c in own]))
    return records.reset_index(drop=True), pd.DataFrame(rows)


def _is_list(value, length=None):
    return isinstance(value, tuple | list) and length in (None, len(value))


def _are_numbers(values, length):
    """Tell whether a list of some length holds finite numbers alone; true and false are none."""
    return _is_list(values, length) and all(
        isinstance(v, int | float | np.number) and not isinstance(v, bool) and abs(v) < 1e300
        for v in values
    )


def _degrees(value, letters):
    """Write a coordinate with the letter of its hemisphere, such as 44.23 S."""
    return f"{abs(value):g} {letters[value >= 0]}"


def _heterotrophic(table, source):
    hr = table["Rh_annual"]
    if source in ("difference", "ratio"):
        hr = hr.fillna(table["Rs_annual"] - table["Ra_annual"])
    if source == "ratio":
        hr = hr.fillna(table["Rs_annual"] * (1 - table["RC_annual"]))
    return hr


def _records(table, flux, target):
    return pd.DataFrame(
        {
            "record": table["Record_number"],
            "study": table["Study_number"],
            "lat": table["Latitude"],
            "lon": table["Longitude"],
            # A mid-year of 2012.4 is a measurement of 2012.
            "year": np.floor(table["Study_midyear"]),
            "flux": flux[table.index],
            "target": target,
            "ecosystem": table["Ecosystem_type"],
            "quality": table["Quality_flag"].fillna(""),
            # Of the study's years where it says so, else the site's long-term mean.
            "reported_MAT": table["Study_temp"].fillna(table["MAT"]),
            "reported_MAP": table["Study_precip"].fillna(table["MAP"]),
        }
    )
