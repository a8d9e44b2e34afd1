"""What the committed notebooks were made from, so that outputs that no longer fit are found.

`soilresp publish` leaves ``notebooks/published.json``: for each notebook hashes of its cells,
of all code that it reaches and of its outputs, and the settings, data and inputs of the run.
"""

import hashlib
import json

import jupytext
import nbformat

from soilresp.errors import DataError
from soilresp.io import paths
from soilresp.io.files import read_json, write_json
from soilresp.io.versions import versions
from soilresp.study import freshness, provenance
from soilresp.study.code import own_code

__all__ = ["command", "file", "stale", "stale_in_run", "write"]


def file():
    """The record of the committed notebooks (`pathlib.Path`)."""
    return paths.notebooks_dir() / "published.json"


def stale_in_run(names, study):
    """Notebooks of a run that executing again might change, each with the reasons.

    Parameters
    ----------
    names : list of str
        Notebooks, without ending.
    study : soilresp.study.settings.Study

    Returns
    -------
    dict of str to list of str
    """
    records = provenance.read(study.run)["notebooks"]
    found = {}
    for name in names:
        notebook = paths.notebooks_dir() / f"{name}.ipynb"
        values = records.get(name, {}).get("parameters", {})
        executed = study.run / "notebooks" / notebook.name
        why = freshness.reasons(notebook, executed, values, study)
        if why:
            found[name] = why
    return found


def command(run, settings):
    """What to type to bring a run up to date (str).

    Parameters
    ----------
    run : str
        Folder of the run, as it is shown.
    settings : dict
        Profile, recipe, observations, seed.
    """
    options = " ".join(f"--{key} {value}" for key, value in settings.items())
    return f"soilresp run --changed --out {run} {options}"


def write(names, study):
    """Note what the notebooks that a run has just given were made from.

    Parameters
    ----------
    names : list of str
    study : soilresp.study.settings.Study
    """
    records = provenance.read(study.run)["notebooks"]
    notebooks, data, inputs = {}, {}, {}
    for name in names:
        had = records[name]
        here = _now(name)
        data |= here.pop("files")
        inputs |= had["inputs"]
        notebooks[name] = {
            **here, "parameters": had["parameters"], "inputs": sorted(had["inputs"]),
            **{key: had[key] for key in ("wall_seconds", "cpu_seconds", "peak_memory_mb")},
        }
    write_json(file(), {
        "settings": _settings(study),
        "versions": versions(),
        "inputs": dict(sorted(inputs.items())),
        "data": dict(sorted(data.items())),
        "modules": _modules(names),
        "notebooks": notebooks,
    })


def stale(names):
    """Committed notebooks whose outputs need not be what they would be now.

    Parameters
    ----------
    names : list of str
        Notebooks, without ending.

    Returns
    -------
    dict of str to list of str
        The reasons, by notebook.

    Raises
    ------
    DataError
        If nothing has been published with a record.
    """
    if not file().exists():
        raise DataError(f"{file()} is missing: make it with `soilresp publish --run FOLDER`.")
    told = read_json(file())
    here = [name for name in names if name in told["notebooks"]]
    modules = _modules(here)
    changed = {
        m for m in {**told["modules"], **modules} if told["modules"].get(m) != modules.get(m)
    }
    found = {}
    for name in names:
        why = _changes(name, told, changed)
        if why:
            found[name] = why
    return found


def _changes(name, told, changed):
    had = told["notebooks"].get(name)
    if had is None:
        return ["never published"]
    here = _now(name)
    why = []
    if here["source"] != had["source"]:
        why.append("its cells changed")
    if here["outputs"] != had["outputs"]:
        why.append("its outputs are not those that were published")
    if here["code"] != had["code"]:
        own = changed & _closure(name).modules.keys()
        why.append(f"the code of {', '.join(sorted(own)) or 'its cells'} changed")
    why += [f"data/{f} changed" for f, digest in here["files"].items()
            if told["data"].get(f) != digest]
    return why


def _settings(study):
    return {
        "profile": study.profile.name, "recipe": study.recipe,
        "observations": study.observations, "seed": study.seed,
    }


def _twin(name):
    try:
        return jupytext.read(paths.notebooks_dir() / f"{name}.py", fmt="py:percent")
    except FileNotFoundError:
        raise DataError(f"{name}.py is missing: {name} has no .py twin.") from None


def _closure(name):
    return freshness.closure_of(_twin(name), whole=True)


def _now(name):
    """Hashes of a committed notebook as it is."""
    closure = _closure(name)
    return {
        "source": freshness.source_of(_twin(name)),
        "code": _hash(closure.modules),
        "outputs": _outputs(name),
        "files": provenance.committed_data(closure),
    }


def _outputs(name):
    notebook = nbformat.read(paths.notebooks_dir() / f"{name}.ipynb", as_version=4)
    return _hash([cell.get("outputs") for cell in notebook.cells])


def _modules(names):
    """Hash of what all notebooks together reach of each module."""
    cells = [
        cell.source for name in names for cell in _twin(name).cells if cell.cell_type == "code"
    ]
    lines = [x for source in cells for x in source.splitlines() if not x.startswith(("%", "!"))]
    return own_code().of_source("\n".join(lines)).modules


def _hash(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
