"""The data card of the benchmark: what a file holds and was made from, read from the file."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from soilresp.errors import DataError
from soilresp.grid.cells import total_pg
from soilresp.io import paths
from soilresp.io.files import sha256, write_aside
from soilresp.scoring.benchmark import ANNUAL_FILE_NAME, FLUXES, load_annual, load_benchmark

__all__ = ["describe", "below_title", "tell_book"]

_BEGIN, _END = "<!-- card -->", "<!-- /card -->"


def describe(path):
    """Say in Markdown what a benchmark file holds.

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
        _trust(dataset),
        "## Variables",
        _markdown(_variables(dataset)),
        *_years(path.with_name(ANNUAL_FILE_NAME)),
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


def below_title(text):
    """A card without its title, its headings a level lower, as a part of a page.

    Examples
    --------
    >>> below_title("# Card\\n\\nWords.\\n\\n## Totals\\n")
    'Words.\\n\\n### Totals\\n'
    """
    return text.partition("\n\n")[2].replace("\n## ", "\n### ")


def tell_book(text):
    """Put a card between the markers of the book's page on the dataset.

    Parameters
    ----------
    text : str
        From `describe`.

    Raises
    ------
    DataError
        If the page has lost its markers.
    """
    page = paths.root() / "book" / "benchmark_dataset.md"
    before, begin, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise DataError(f"{page} has lost its markers {_BEGIN} and {_END}.")
    with write_aside(page) as aside:
        aside.write_text(f"{before}{begin}\n\n{below_title(text)}\n{end}{after}", encoding="utf-8")


def _totals(dataset):
    area = dataset["cell_area"] * dataset["vegetated_fraction"]
    rows = []
    for name in FLUXES:
        row = {"flux": f"`{name}`", "total": f"{float(total_pg(dataset[name], area)):.1f}"}
        for end, words in (("sd", "sum of SD"), ("mad", "sum of MAD")):
            field = dataset.get(f"{name}_{end}")
            row[words] = "" if field is None else f"{float(total_pg(field, area)):.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def _trust(dataset):
    """One sentence on the area of applicability, if it is in the file."""
    area = (dataset["cell_area"] * dataset["vegetated_fraction"]).values
    parts = []
    for name in ("SR", "HR"):
        if f"{name}_inside" in dataset:
            flux = np.nan_to_num(dataset[name].values * area)
            outside = flux[dataset[f"{name}_inside"].values == 0].sum() / flux.sum()
            parts.append(f"{100 * outside:.0f} % of {name}")
    if not parts:
        return "The area of applicability is not in the file."
    return f"Outside the area of applicability lie {' and '.join(parts)} (`_inside` = 0)."


def _years(path):
    """The section on the annual maps, if they are there."""
    if not path.exists():
        return []
    dataset = load_annual(path)
    years = dataset["year"].values
    area = dataset["cell_area"] * dataset["vegetated_fraction"]
    sums = {name: total_pg(dataset[name].astype(float), area) for name in ("SR", "HR")}
    sums["AR"] = sums["SR"] - sums["HR"]
    said = "; ".join(
        f"{name} {float(s.mean()):.1f} ({float(s.min()):.1f} to {float(s.max()):.1f})"
        for name, s in sums.items()
    )
    return [
        "## Every year",
        f"`{path.name}`: {path.stat().st_size / 1e6:.1f} MB, NetCDF-4, "
        f"{dataset.attrs['Conventions']}, the {years.size} years {years[0]} to {years[-1]} of SR "
        "and HR, packed into 16 bits. AR is SR - HR.",
        f"SHA-256 `{sha256(path)}`.",
        f"Totals from the file, mean over the years (lowest to highest), Pg C yr-1: {said}.",
        _markdown(_variables(dataset)),
        f"History: {dataset.attrs['history']}.",
    ]


def _variables(dataset):
    rows = []
    for name, field in dataset.data_vars.items():
        if {"lat", "lon"} <= set(field.dims):
            rows.append({
                "variable": f"`{name}`", "units": field.attrs.get("units", "1"),
                "what": field.attrs["long_name"], "rounded to": field.attrs.get("rounded_to", ""),
            })
    return pd.DataFrame(rows)


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
    """A table as Markdown; a bar within a cell is escaped."""
    lines = [table.columns.tolist(), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )
