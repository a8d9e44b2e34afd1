"""Values stated by the paper and the literature."""

import functools

import pandas as pd
import yaml

from soilresp.io.paths import data_dir

__all__ = ["paper_values", "literature"]


@functools.cache
def paper_values():
    """Return the numbers stated by Lu et al. (2021), each with its place in the paper.

    Returns
    -------
    dict
        Content of ``data/paper_values.yaml``: ``records``, ``predictors``,
        ``validation``, ``totals`` and ``models`` (Pg C yr-1), ``carbon_budget``
        (Table 1 as printed), and ``derived``, which follows from the rest.

    Notes
    -----
    Lu et al. (2021), doi:10.1088/1748-9326/abf526.

    Examples
    --------
    >>> paper_values()["totals"]["SR"]["value"]
    85.5
    """
    return yaml.safe_load((data_dir() / "paper_values.yaml").read_text(encoding="utf-8"))


def literature(flux=None):
    """Return published global totals of SR, HR and AR.

    Parameters
    ----------
    flux : {"SR", "HR", "AR"}, optional
        Default: all.

    Returns
    -------
    pandas.DataFrame
        One row an estimate, oldest first: ``flux``, ``value`` and ``spread`` (Pg
        C yr-1), ``spread_type`` (they differ: SD between years, SD between
        models, half of a range), ``period``, ``method``, ``reference``, ``doi``,
        ``note``. A spread that was not given is NaN, a text empty.

    Examples
    --------
    >>> literature("AR")["reference"].tolist()
    ['Hashimoto et al. 2015', 'Tang et al. 2019', 'Lu et al. 2021']
    """
    table = pd.read_csv(data_dir() / "literature_totals.csv", keep_default_na=False,
                        na_values={"spread": [""]}, dtype={"value": float, "spread": float})
    if flux is not None:
        table = table[table["flux"] == flux].reset_index(drop=True)
    return table
