"""Build the interactive map and the sortable table of models of the book.

A Sphinx extension, named in ``_config.yml``. The numbers come from the two files of the benchmark
in the project, and are written into scripts that a page loads as it needs them, so that pages
request nothing from other machines and work from disk.
"""

import base64
import html
import json
import zlib
from pathlib import Path

import matplotlib
import models_table_page
import numpy as np
from cartopy.io import shapereader
from docutils import nodes
from matplotlib.colors import BoundaryNorm, to_hex
from sphinx.util.docutils import SphinxDirective

from soilresp.covariates.embedded import load_embedded
from soilresp.covariates.strata import STRATA, dominant_stratum
from soilresp.errors import DataError
from soilresp.io import paths
from soilresp.io.files import write_aside
from soilresp.plot.applicability import RATIO_LEVELS
from soilresp.plot.fluxes import CV_LEVELS, FLUX_LEVELS
from soilresp.plot.style import COLOURS, FLUX_UNITS
from soilresp.scoring import benchmark
from soilresp.study.chapters import models_table

FOLDER = "explorer"
"""Folder of the data below ``_static``."""

BLOCK = 40
"""Rows and columns of cells whose years are loaded together: 20 degrees."""

SERIES_STEP = 2
"""Rounding of annual values, g C m-2 yr-1."""

MISSING = 65535

_STEPS = {"g m-2 yr-1": 16, "%": 16, "1": 4096}
"""Steps per unit of the fields of the benchmark: only standard deviations are rounded."""

_FLUX_NAMES = {
    "SR": "soil respiration", "HR": "heterotrophic respiration", "AR": "autotrophic respiration",
}

INSIDE = (
    ("inside for SR and HR", "#4575b4"), ("outside for HR", "#fee090"),
    ("outside for SR", "#fdae61"), ("outside for both", "#a50026"),
)
"""Classes of the area of applicability and their colours: ends and middle of RdYlBu_r."""

_COASTS = {"coast_far": "110m", "coast_near": "50m"}


def legend(levels, cmap, extend):
    """Return the colours of the steps between levels, as in the figures.

    Parameters
    ----------
    levels : sequence of float
    cmap : str
        Name of a colour map of matplotlib.
    extend : {"neither", "min", "max", "both"}

    Returns
    -------
    dict
        ``levels``; ``colours``, one more than there are levels: below the first, between
        each two, above the last.

    Examples
    --------
    >>> legend((0, 1, 2), "gray", "neither")["colours"]
    ['#000000', '#000000', '#ffffff', '#ffffff']
    """
    colours = matplotlib.colormaps[cmap]
    norm = BoundaryNorm(levels, colours.N, extend=extend)
    middles = np.convolve(levels, [0.5, 0.5], "valid")
    values = np.concatenate([[levels[0] - 1], middles, [levels[-1] + 1]])
    return {
        "levels": [float(v) for v in levels],
        "colours": [to_hex(c) for c in colours(norm(values))],
    }


def encode(numbers):
    """Pack whole numbers of 16 bits into text.

    Parameters
    ----------
    numbers : array_like of int
        Taken modulo 2**16.

    Returns
    -------
    str
        Base64 of a zlib stream of two planes: the high bytes, then the low ones, of each
        number with its sign folded into the last bit (0, -1, 1, -2 become 0, 1, 2, 3).

    Examples
    --------
    >>> zlib.decompress(base64.b64decode(encode([0, -1, 1, 300]))).hex()
    '0000000200010258'
    """
    signed = np.asarray(numbers).astype(np.int64).astype(np.uint16).view(np.int16).astype(np.int32)
    folded = ((signed << 1) ^ (signed >> 31)).astype(np.uint16)
    planes = (folded >> 8).astype(np.uint8).tobytes() + (folded & 255).astype(np.uint8).tobytes()
    return base64.b64encode(zlib.compress(planes, 9)).decode()


def about(climatology, annual=None):
    """Return the facts that a page needs before it shows a number.

    Parameters
    ----------
    climatology : xarray.Dataset
        From `soilresp.scoring.benchmark.load_benchmark`.
    annual : xarray.Dataset, optional
        From `soilresp.scoring.benchmark.load_annual`.

    Returns
    -------
    dict
        ``source`` (the run, in words), ``label`` (of a twin experiment, else empty), ``years``,
        ``layers``, ``steps``, ``threshold``, ``strata``, ``colours`` and so on.
    """
    made = json.loads(climatology.attrs["provenance"])
    twin = made["observations"] == "twin"
    return {
        "title": climatology.attrs["title"],
        "source": climatology.attrs["source"],
        "label": "Twin experiment: synthetic observations, known truth." if twin else "",
        "run": {k: made[k] for k in ("profile", "recipe", "observations", "seed")},
        "citation": climatology.attrs["citation"],
        "files": [benchmark.FILE_NAME] + [benchmark.ANNUAL_FILE_NAME] * (annual is not None),
        "years": [] if annual is None else annual["year"].values.tolist(),
        "layers": _layers(climatology),
        "steps": {v: _step(climatology[v]) for v in _fields(climatology)},
        "threshold": {
            t: float(climatology[f"{t}_di"].attrs["threshold"])
            for t in ("SR", "HR") if f"{t}_di" in climatology
        },
        "seriesStep": SERIES_STEP,
        "block": BLOCK,
        "missing": MISSING,
        "units": FLUX_UNITS,
        "fluxNames": _FLUX_NAMES,
        "fluxColours": {f: COLOURS[f] for f in _FLUX_NAMES},
        "strata": {0: "no class of vegetation"} | {n: name for n, (name, _) in STRATA.items()},
    }


def write_data(folder):
    """Write the scripts that hold the numbers of the explorer.

    Parameters
    ----------
    folder : path-like
        Gets ``meta.js``, a script for each field, the coast lines at two scales, and
        ``series_N.js`` with the years of the cells of block N.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    DataError
        If the benchmark that ships with the project is missing or damaged.
    """
    folder = Path(folder)
    climatology = benchmark.load_benchmark()
    annual = benchmark.load_annual() if benchmark.annual_path().exists() else None
    known = np.isfinite(climatology["SR"].values)
    written = [_write(folder, "meta", about(climatology, annual))]
    land = known | (climatology["land_fraction"].values >= 0.5)
    texts = {"cells": _mask(known), "land": _mask(land)}
    for name in _fields(climatology):
        values = climatology[name].values[known] / _step(climatology[name])
        texts[name] = _coded(name, values)
    for name in ("SR_inside", "HR_inside"):
        if name in climatology:
            texts[name] = _coded(name, climatology[name].values[known])
    stratum = dominant_stratum(load_embedded()["igbp_fraction"]).transpose("lat", "lon").values
    texts["stratum"] = _coded("stratum", stratum[known])
    texts["vegetated"] = _coded(
        "vegetated", 100 * climatology["vegetated_fraction"].values[known]
    )
    for name, scale in _COASTS.items():
        texts[name] = encode(_coast(scale))
    if annual is not None:
        texts |= {f"series_{n}": text for n, text in _series(annual, known)}
    return written + [_write(folder, name, text) for name, text in texts.items()]


def write_page(folder):
    """Write ``index.html``, the map alone in a window.

    Parameters
    ----------
    folder : path-like
        That of the data; ``explorer.js`` and ``explorer.css`` are in the one above.

    Returns
    -------
    pathlib.Path
    """
    facts = about(benchmark.load_benchmark())
    path = Path(folder) / "index.html"
    with write_aside(path) as aside:
        aside.write_text(
            _PAGE.format(
                title=html.escape(facts["title"]), source=_source(facts), wait=_WAIT
            ), encoding="utf-8",
        )
    return path


def _source(facts):
    """Return the description of the run that the data come from, for a page."""
    return html.escape(f"{facts['label']} {facts['source']}".strip())


def _fields(climatology):
    """Return the names of the fields that are needed; AR itself is SR - HR."""
    ends = ("", "_sd", "_cv", "_di")
    names = [f"{f}{end}" for end in ends for f in _FLUX_NAMES if f"{f}{end}" != "AR"]
    return [name for name in names if name in climatology]


def _step(field):
    """Return the step that the field is rounded to, or a coarser one that fits 16 bits."""
    step = 1 if field.name.endswith("_sd") else 1 / _STEPS[field.attrs["units"]]
    while float(field.max()) / step >= MISSING:
        step *= 2
    return step


def _mask(where):
    return encode(np.packbits(where.ravel()))


def _coded(name, values):
    values = np.where(np.isfinite(values), np.round(values), MISSING).astype(np.int64)
    if values.min() < 0 or values.max() > MISSING:
        raise DataError(f"{name} of the benchmark has values that the explorer cannot hold.")
    return encode(np.diff(values, prepend=0))


def _series(annual, known):
    """Yield each block and its years: the means of its cells, and departures from them."""
    row, col = np.nonzero(known)
    block = row // BLOCK * (known.shape[1] // BLOCK) + col // BLOCK
    values = {
        f: np.round(annual[f].values[:, known].astype(float) / SERIES_STEP) for f in ("SR", "HR")
    }
    whole = np.isfinite(values["SR"]).all(0) & np.isfinite(values["HR"]).all(0)
    for number in np.unique(block):
        here, parts = block == number, []
        for v in values.values():
            own = np.where(whole[here], v[:, here], 0).astype(int)
            mean = np.where(whole[here], np.round(own.mean(0)).astype(int), MISSING)
            away = np.where(whole[here], own - mean, 0)
            parts += [np.diff(mean, prepend=0), away.ravel()]
        yield int(number), encode(np.concatenate(parts))


def _coast(scale):
    """Return coast lines: their number, their lengths, steps of 0.01 degrees in x, and in y."""
    part = f"natural_earth/shapefiles/natural_earth/physical/ne_{scale}_coastline.shp"
    path = paths.data_dir() / part
    if not path.is_file():
        raise DataError(
            f"{path} is missing, so the explorer has no coast lines. It is part of the project: "
            "restore it with 'git checkout -- data/natural_earth'."
        )
    lines = [
        np.round(100 * np.asarray(line.coords)[:, :2]).astype(int)
        for shape in shapereader.Reader(path).geometries()
        for line in getattr(shape, "geoms", [shape])
    ]
    x, y = np.concatenate(lines).T
    return np.concatenate([
        [len(lines)], [len(line) for line in lines], np.diff(x, prepend=0), np.diff(y, prepend=0),
    ])


def _layers(climatology):
    flux = legend(FLUX_LEVELS, "viridis_r", "max")
    spread = legend(CV_LEVELS, "magma_r", "both")
    ratio = legend(RATIO_LEVELS, "RdYlBu_r", "max")
    layers = [
        {"name": f, "group": "Flux", "button": f, "words": f"{f}, {words}",
         "units": FLUX_UNITS, "digits": 0, **flux}
        for f, words in _FLUX_NAMES.items()
    ]
    layers += [
        {"name": f"{f}_cv", "group": "Coefficient of variation", "button": f"CV of {f}",
         "words": f"CV of {f}, {words}", "units": "%", "digits": 1, **spread}
        for f, words in _FLUX_NAMES.items() if f"{f}_cv" in climatology
    ]
    layers += [
        {"name": f"{t}_di", "group": "Applicability", "button": f"Dissimilarity, {t}",
         "words": f"Dissimilarity to the records of {t} / threshold, above 1: outside",
         "units": "–", "digits": 2, **ratio}
        for t in ("SR", "HR") if f"{t}_di" in climatology
    ]
    if {"SR_inside", "HR_inside"} <= set(climatology):
        layers.append({
            "name": "inside", "group": "Applicability", "button": "Inside or outside",
            "words": "Area of applicability", "units": "",
            "classes": [words for words, _ in INSIDE], "colours": [c for _, c in INSIDE],
        })
    return layers


def _write(folder, name, content):
    path = folder / f"{name}.js"
    with write_aside(path) as aside:
        aside.write_text(
            f"soilrespExplorer.put({json.dumps(name)},{json.dumps(content)});\n", encoding="utf-8"
        )
    return path


# ---------------------------------------------------------------- in the book


_WAIT = (
    '<div class="soil-explorer"><p class="explorer-wait">The map is drawn by a script of this '
    "site, which has not run. The same maps are figures of the chapter on global mapping, and "
    "the numbers are in the files of the benchmark.</p></div>"
)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Explore the maps: {title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../explorer.css">
<script src="../explorer.js" defer></script>
</head>
<body class="explorer-alone">
<main>
<h1>Explore the maps</h1>
<p>{source} <a href="../../book/explorer.html">What is shown here</a></p>
{wait}
</main>
</body>
</html>
"""


class Explorer(SphinxDirective):
    """Reserve the place of the map; its data are written when the book has been built."""

    def run(self):
        """Reserve the place, and note that this page needs the script."""
        for file in (benchmark.benchmark_path(), benchmark.annual_path()):
            self.env.note_dependency(str(file))
        self.env.metadata[self.env.docname]["explorer"] = "map"
        words = _source(about(benchmark.load_benchmark()))
        alone = "../" * self.env.docname.count("/") + f"_static/{FOLDER}/index.html"
        return [nodes.raw(
            "", f'{_WAIT}\n<p class="explorer-source">The data: {words} '
            f'<a href="{alone}">The same map alone in a window</a>.</p>', format="html",
        )]


class ModelsTable(SphinxDirective):
    """Show the committed table of models."""

    def run(self):
        """Make the table from ``data/study/models_table.csv``."""
        table, facts = models_table.load()
        self.env.note_dependency(str(paths.data_dir() / "study" / f"{models_table.NAME}.csv"))
        self.env.metadata[self.env.docname]["explorer"] = "table"
        return [
            nodes.raw("", models_table_page.as_html(table), format="html"),
            nodes.paragraph("", f"Compared with the benchmark of: {facts['source']}"),
        ]


_ASSETS = {
    "map": ("explorer.js", "explorer.css"), "table": ("models_table.js", "models_table.css"),
}


def _add_assets(app, pagename, templatename, context, doctree):
    kind = app.env.metadata.get(pagename, {}).get("explorer")
    for file in _ASSETS.get(kind, ()):
        if file.endswith(".js"):
            app.add_js_file(file, loading_method="defer")
        else:
            app.add_css_file(file)


def _finish(app, exception):
    """Write the data beside the pages, and the page that is the map alone."""
    asked = any(m.get("explorer") == "map" for m in app.env.metadata.values())
    if exception or not asked or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / FOLDER
    write_data(folder)
    write_page(folder)


def setup(app):
    """Offer ``{explorer}`` and ``{models-table}`` to the book; named in ``_config.yml``."""
    app.add_directive("explorer", Explorer)
    app.add_directive("models-table", ModelsTable)
    app.connect("html-page-context", _add_assets)
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
