"""Write the card of a benchmark, ``README.md`` beside its file, from what the file holds.

    python tools/dataset_card.py [FOLDER]

The folder is that of the project's own benchmark by default. The book includes its card.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from soilresp.grid.cells import global_total
from soilresp.io.files import sha256, write_text
from soilresp.scoring.benchmark import (
    ANNUAL_FILE_NAME,
    FILE_NAME,
    FLUXES,
    benchmark_path,
    load_annual,
    load_benchmark,
)


def describe(path):
    """Describe a benchmark file in Markdown.

    Parameters
    ----------
    path : path-like
        A file of annual maps in the same folder is described with it.

    Returns
    -------
    str
        Totals, variables, provenance and inputs, every figure read or computed from the file.

    Raises
    ------
    DataError
        If the file is not a benchmark.
    """
    path = Path(path)
    dataset = load_benchmark(path)
    made = json.loads(dataset.attrs["provenance"])
    predictors = "; ".join(f"{t}: {', '.join(names)}" for t, names in made["predictors"].items())
    versions = ", ".join(f"{name} {number}" for name, number in made["versions"].items())
    return "\n\n".join([
        f"# {dataset.attrs['title']}",
        f"`{path.name}`: {path.stat().st_size / 1e6:.1f} MB, NetCDF-4, "
        f"{dataset.attrs['Conventions']}, {dataset.sizes['lat']} x {dataset.sizes['lon']} cells.",
        f"SHA-256 `{sha256(path)}`.",
        "## Totals",
        "From the file: the sum over cells of the field x `cell_area` x `vegetated_fraction`, "
        "Pg C yr-1.",
        _markdown(_totals(dataset)),
        _share_outside(dataset),
        "## Variables",
        _markdown(_variables(dataset)),
        *_annual_maps(path.with_name(ANNUAL_FILE_NAME)),
        "## How it was made",
        f"{dataset.attrs['source']} {dataset.attrs['comment']}",
        f"Predictors: {predictors}. Versions: {versions}.",
        f"History: {dataset.attrs['history']}.",
        "The attribute `provenance` of the file holds all of this and the settings, as JSON.",
        "## Inputs",
        _markdown(_inputs(made)),
        "## Terms and citation",
        f"{dataset.attrs['license']} Cite: {dataset.attrs['citation']}.",
    ]) + "\n"


def _area(dataset):
    return dataset["cell_area"] * dataset["vegetated_fraction"]


def _totals(dataset):
    rows = []
    for name in FLUXES:
        row = {"flux": f"`{name}`"}
        for end, words in (("", "total"), ("_sd", "sum of SD"), ("_mad", "sum of MAD")):
            field = dataset.get(f"{name}{end}")
            total = None if field is None else float(global_total(field, _area(dataset)))
            row[words] = "" if total is None else f"{total:.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def _share_outside(dataset):
    """Return one sentence on the area of applicability."""
    parts = []
    for name in ("SR", "HR"):
        if f"{name}_inside" in dataset:
            flux = np.nan_to_num(dataset[name].values * _area(dataset).values)
            outside = flux[dataset[f"{name}_inside"].values == 0].sum() / flux.sum()
            parts.append(f"{100 * outside:.0f} % of {name}")
    if not parts:
        return "The area of applicability is not in the file."
    return f"Outside the area of applicability lie {' and '.join(parts)} (`_inside` = 0)."


def _annual_maps(path):
    """Return the section on the annual maps, empty without them."""
    if not path.exists():
        return []
    dataset = load_annual(path)
    years = dataset["year"].values
    area = _area(dataset)
    sums = {name: global_total(dataset[name].astype(float), area) for name in ("SR", "HR")}
    sums["AR"] = sums["SR"] - sums["HR"]
    ranges = "; ".join(
        f"{name} {float(s.mean()):.1f} ({float(s.min()):.1f} to {float(s.max()):.1f})"
        for name, s in sums.items()
    )
    return [
        "## Every year",
        f"`{path.name}`: {path.stat().st_size / 1e6:.1f} MB, NetCDF-4, "
        f"{dataset.attrs['Conventions']}, the {years.size} years {years[0]} to {years[-1]} of SR "
        "and HR, packed into 16 bits. AR is SR - HR.",
        f"SHA-256 `{sha256(path)}`.",
        f"Totals from the file, mean over the years (lowest to highest), Pg C yr-1: {ranges}.",
        _markdown(_variables(dataset)),
        f"History: {dataset.attrs['history']}.",
    ]


def _variables(dataset):
    return pd.DataFrame([
        {
            "variable": f"`{name}`", "units": field.attrs.get("units", "1"),
            "what": field.attrs["long_name"], "rounded to": field.attrs.get("rounded_to", ""),
        }
        for name, field in dataset.data_vars.items() if {"lat", "lon"} <= set(field.dims)
    ])


def _inputs(made):
    rows = [
        {
            "file": f"`{name}`", "version": about.get("version", ""),
            "licence": about.get("licence", ""), "SHA-256": f"`{about['sha256'][:12]}`",
        }
        for name, about in made["inputs"].items()
    ]
    return pd.DataFrame(rows, columns=["file", "version", "licence", "SHA-256"])


def _markdown(table):
    """Return a table as Markdown; a bar within a cell is escaped."""
    lines = [table.columns.tolist(), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else benchmark_path().parent
    write_text(folder / "README.md", describe(folder / FILE_NAME))
