"""Stage 1: the selected field records."""

import pandas as pd

from soilresp.errors import ParameterError
from soilresp.io import fetch as access
from soilresp.records import quality, twin
from soilresp.records.corrections import apply_corrections
from soilresp.records.selection import TARGETS, Selection, select_records
from soilresp.records.srdb import load_srdb
from soilresp.study.stage import Stage

__all__ = ["rules_of", "selection"]


def rules_of(study, rules):
    """Return the selection with the study's corrections.

    Parameters
    ----------
    study : soilresp.study.settings.Study
    rules : dict or None
        Changed rules.

    Returns
    -------
    soilresp.records.selection.Selection

    Raises
    ------
    ParameterError
        If the rules name corrections as well.
    """
    if rules and "corrections" in rules:
        raise ParameterError(
            "Corrections hold for the whole study: give the parameter corrections, not a rule."
        )
    return Selection.from_dict({**(rules or {}), "corrections": study.corrections})


def _selection(study, needs, *, rules=None, truth=twin.TRUTHS[0]):
    """Select the records of SR and HR.

    Results: ``observations``, ``funnel``, ``inputs`` (checksums), and
    ``truth`` (global totals of the twin's world; empty with field data),
    ``flags`` (what `soilresp.records.quality` says of all records, as corrected) and
    ``suspicious_sites`` (where their coordinates more likely are).
    Settings: ``rules``, fields of `soilresp.records.selection.Selection`; ``truth``,
    the world of a twin experiment, one of `soilresp.records.twin.TRUTHS`.
    """
    if study.is_twin:
        if rules:
            raise ParameterError("A twin experiment has no selection: its records are made to fit.")
        observations = twin.sample(study.seed, source=truth)
        funnel = pd.DataFrame(
            [{"rule": "Synthetic records", **observations["target"].value_counts().to_dict()}]
        )
        return {
            "observations": observations,
            "funnel": funnel[["rule", *TARGETS]],
            "inputs": {},
            "truth": twin.truth(truth)[1],
            "flags": pd.DataFrame(columns=quality.FIELDS),
            "suspicious_sites": pd.DataFrame(),
        }
    found = access.locate("srdb", download=True)
    entered, _ = apply_corrections(load_srdb(found.path, strip=False), study.corrections)
    flags = quality.check_records(entered)
    observations, funnel = select_records(
        load_srdb(found.path), rules_of(study, rules), flags
    )
    return {
        "flags": flags,
        "suspicious_sites": quality.suspicious_sites(entered, flags),
        "observations": observations,
        "funnel": funnel,
        "inputs": {found.path.name: found.sha256},
        "truth": {},
    }


selection = Stage(
    "01_data_selection", _selection,
    data=("corrections.csv", "embedded.nc", "twin_network.json",
          "natural_earth/**/ne_50m_admin_0_countries.*"),
)
