"""Selecting the SR and HR records of SRDB that train the maps."""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from soilresp.errors import DataError, ParameterError
from soilresp.records import quality as checks

__all__ = ["COLUMNS", "TARGETS", "Selection", "select"]

TARGETS = {"SR": 1, "HR": 2}
"""Fluxes that are fitted, and the number by which each enters the seed of its draws."""

COLUMNS = (
    "record", "study", "lat", "lon", "year", "flux", "target", "ecosystem", "quality",
    "reported_MAT", "reported_MAP",
)
"""Columns of the observations before they are matched to the map."""

_PARTITIONS = {
    "reported": "Rh_annual",
    "difference": "Rh_annual, else Rs_annual - Ra_annual",
    "ratio": "Rh_annual, else Rs_annual - Ra_annual, else Rs_annual x (1 - RC_annual)",
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
        What is done about records that `soilresp.records.quality` suspects:
        nothing; left out; or corrected where one change explains the evidence.
    """

    manipulation: tuple | None = ("None",)
    years: tuple | None = (1982.0, 2013.0)
    box: tuple | None = (-44.23, 69.42, -150.33, 175.77)
    sr_above_hr: bool = True
    heterotrophic: str = "difference"
    min_flux: float | None = 0.0
    max_flux: float | None = None
    quality: str = "report"

    def __post_init__(self):
        if not isinstance(self.quality, str) or self.quality not in checks.QUALITY:
            raise ParameterError(
                f"quality must be one of {', '.join(checks.QUALITY)}, got {self.quality!r}."
            )
        if not isinstance(self.heterotrophic, str) or self.heterotrophic not in _PARTITIONS:
            raise ParameterError(
                f"heterotrophic must be one of {', '.join(_PARTITIONS)}, "
                f"got {self.heterotrophic!r}."
            )
        if isinstance(self.manipulation, str):
            raise ParameterError(
                f"manipulation must be a list of values, got {self.manipulation!r}: "
                f"write [{self.manipulation!r}], or null for any."
            )
        if self.manipulation is not None and not (
            _is_list(self.manipulation) and all(isinstance(m, str) for m in self.manipulation)
        ):
            raise ParameterError(f"manipulation must be a list of text, got {self.manipulation!r}.")
        if not isinstance(self.sr_above_hr, bool):
            raise ParameterError(f"sr_above_hr must be true or false, got {self.sr_above_hr!r}.")
        for name in ("min_flux", "max_flux"):
            value = getattr(self, name)
            if value is not None and not _are_numbers([value]):
                raise ParameterError(f"{name} must be a number in g C m-2 yr-1, got {value!r}.")
        years = self.years
        if years is not None and not (
            _is_list(years, 2) and _are_numbers(years) and years[0] <= years[1]
        ):
            raise ParameterError(f"years must be (first, last), got {self.years}.")
        if self.box is not None:
            if not (_is_list(self.box, 4) and _are_numbers(self.box)):
                raise ParameterError(f"box must be (south, north, west, east), got {self.box}.")
            south, north, west, east = self.box
            if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
                raise ParameterError(f"box must be (south, north, west, east), got {self.box}.")

    @classmethod
    def from_dict(cls, rules):
        """Make a selection from named rules; lists become tuples.

        Raises
        ------
        ParameterError
            If a name is not a rule.
        """
        known = [f.name for f in fields(cls)]
        unknown = sorted(set(rules) - set(known))
        if unknown:
            raise ParameterError(
                f"Unknown selection rule {unknown[0]!r}: known are {', '.join(known)}."
            )
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in rules.items()})


def select(table, selection=None, flags=None):
    """Apply the selection, and count what each rule leaves.

    Parameters
    ----------
    table : pandas.DataFrame
        From `soilresp.records.srdb.read_srdb`.
    selection : Selection, optional
        Default: the paper's rules as we read them.
    flags : pandas.DataFrame, optional
        From `soilresp.records.quality.check` of the table; made here if the
        selection drops or repairs. With flags, the funnel ends on a line that
        says what was done about suspicious records, and to how many.

    Returns
    -------
    observations : pandas.DataFrame
        Columns `COLUMNS`, one row per record and target ("SR", "HR"); flux in
        g C m-2 yr-1, ``reported_MAT`` in degC, ``reported_MAP`` in mm yr-1. The
        number of a record is SRDB's own, which is not unique in v5.0.
    funnel : pandas.DataFrame
        One row per rule: ``rule``, and the records left for ``SR`` and ``HR``.

    Raises
    ------
    DataError
        If no record is left for SR or for HR; names the rule that emptied it.
    """
    rules = selection or Selection()
    if flags is None and rules.quality != "report":
        flags = checks.check(table)
    if flags is not None:
        table, suspicious = checks.apply(table, flags, rules.quality)
    sr = table["Rs_annual"]
    hr = _heterotrophic(table, rules.heterotrophic)
    keep = pd.Series(True, index=table.index)
    steps = [("All records", keep)]
    steps.append(("A flux is given", {"SR": sr.notna(), "HR": hr.notna()}))
    if rules.manipulation is not None:
        wanted = " or ".join(rules.manipulation)
        steps.append((f"Manipulation is {wanted}", table["Manipulation"].isin(rules.manipulation)))
    steps.append(("Coordinates are given", table["Latitude"].notna() & table["Longitude"].notna()))
    if rules.min_flux is not None:
        least = rules.min_flux
        steps.append((f"Flux above {least:g}", {"SR": sr > least, "HR": hr > least}))
    if rules.max_flux is not None:
        steps.append(
            (f"Flux at most {rules.max_flux:g}",
             {"SR": sr <= rules.max_flux, "HR": hr <= rules.max_flux})
        )
    if rules.sr_above_hr:
        steps.append(("SR larger than HR where both are given", ~(sr <= hr)))
    if rules.years is not None:
        first, last = rules.years
        within = table["Study_midyear"].between(first, last)
        steps.append((f"Mid-year in {first:g} to {last:g}", within))
    if rules.box is not None:
        south, north, west, east = rules.box
        inside = table["Latitude"].between(south, north) & table["Longitude"].between(west, east)
        words = f"{_degrees(south, 'SN')} to {_degrees(north, 'SN')}, "
        words += f"{_degrees(west, 'WE')} to {_degrees(east, 'WE')}"
        steps.append((words, inside))

    if flags is not None:
        steps.append((rules.quality, ~suspicious if rules.quality == "drop" else keep))

    left = {"SR": keep, "HR": keep}
    rows = []
    for rule, passes in steps:
        if rule in checks.QUALITY:
            rule = _told(rule, {t: int((left[t] & suspicious).sum()) for t in left})
        for target in left:
            left[target] = left[target] & (passes[target] if isinstance(passes, dict) else passes)
        rows.append({"rule": rule, "SR": int(left["SR"].sum()), "HR": int(left["HR"].sum())})
        for target in left:
            if rows[-1][target] == 0:
                raise DataError(
                    f"No {target} record is left after the rule '{rule}'. Relax the selection."
                )
    observations = pd.concat(
        [_records(table[left["SR"]], sr, "SR"), _records(table[left["HR"]], hr, "HR")],
        ignore_index=True,
    )
    return observations, pd.DataFrame(rows)


def _told(quality, n):
    """Line of the funnel on `n` suspicious records of each target."""
    words = {
        "report": "Under suspicion, kept", "drop": "Under suspicion, left out",
        "repair": "Suspicious value repaired",
    }
    return f"{words[quality]}: {n['SR']} SR, {n['HR']} HR"


def _is_list(value, length=None):
    return isinstance(value, tuple | list) and length in (None, len(value))


def _are_numbers(values):
    """Whether all are finite numbers; true and false are none."""
    return all(
        isinstance(v, int | float | np.number) and not isinstance(v, bool) and abs(v) < 1e300
        for v in values
    )


def _degrees(value, letters):
    """A coordinate with the letter of its hemisphere, such as 44.23 S."""
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
