"""Whether executed notebooks still show what executing them again would show."""

import functools
import hashlib
import json
import sys

import nbformat

from soilresp import __version__
from soilresp.study import provenance
from soilresp.study.code import Closure, own_code
from soilresp.study.stage import Stage

__all__ = ["closure_of", "reasons", "record", "source_of", "stages", "used"]

_PARTS = (
    "version", "recipe", "observations", "release", "seed", "profile", "parameters", "data",
    "code",
)


@functools.lru_cache(maxsize=1)
def stages():
    """All stages of the study by name (dict of str to `soilresp.study.stage.Stage`)."""
    from soilresp.study import chapters as workflow

    modules = [m for name, m in list(sys.modules.items()) if name.startswith(workflow.__name__)]
    return {s.name: s for m in modules for s in vars(m).values() if isinstance(s, Stage)}


def source_of(notebook):
    """Hash of a notebook's cells with their tags, whatever their outputs.

    Parameters
    ----------
    notebook : nbformat.NotebookNode

    Returns
    -------
    str
    """
    cells = [
        (cell.cell_type, cell.source, *(cell.metadata.get(k) or None for k in ("tags", "mystnb")))
        for cell in notebook.cells
    ]
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()[:16]


def closure_of(notebook, whole=False):
    """What the code cells of a notebook reach.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    whole : bool
        Whether to go on through its stages.

    Returns
    -------
    soilresp.study.code.Closure
        Empty for cells that are not Python: executing them will tell.
    """
    lines = [
        line
        for cell in notebook.cells if cell.cell_type == "code"
        for line in cell.source.splitlines() if not line.startswith(("%", "!"))
    ]
    try:
        return own_code().of_source("\n".join(lines), whole)
    except SyntaxError:
        return Closure({}, frozenset(), frozenset())


def record(file, values, study):
    """What a notebook stands on before it is executed.

    Parameters
    ----------
    file : pathlib.Path
        The notebook.
    values : dict
        Its parameters.
    study : soilresp.study.settings.Study or None

    Returns
    -------
    dict
    """
    notebook = nbformat.read(file, as_version=4)
    closure = closure_of(notebook)
    own = {} if study is None else {
        "recipe": study.recipe, "observations": study.observations,
        "seed": study.seed, "profile": study.profile.name, **provenance.release(study),
    }
    return {
        "started": provenance.now(),
        **own,
        "parameters": {k: v for k, v in values.items() if k not in ("run", "profile")},
        "version": __version__,
        "source": source_of(notebook),
        "code": closure.modules,
        "data": provenance.committed_data(closure),
        **provenance.surroundings(),
    }


def used(uses, study):
    """The stages that a notebook has used, and the inputs that these had.

    Parameters
    ----------
    uses : list of dict
        From `soilresp.study.provenance.uses`.
    study : soilresp.study.settings.Study or None

    Returns
    -------
    dict
        ``stages`` by name, ``made`` (the stages that were made anew, why, and in how many
        seconds) and ``inputs``, checksums by name.
    """
    inputs = {}
    for one in uses if study is not None else ():
        stage = stages().get(one["stage"])
        if stage is not None:
            inputs |= stage.inputs(study)
    return {
        "stages": {
            u["stage"]: {"settings": u["settings"], "digest": u["digest"]}
            for u in uses if u["use"]
        },
        "made": {
            u["stage"]: {"why": u["why"], "seconds": u["seconds"]} for u in uses if u["why"]
        },
        "inputs": dict(sorted(inputs.items())),
    }


def reasons(file, target, values, study):
    """Why a notebook has to be executed again.

    Parameters
    ----------
    file, target : pathlib.Path
        The notebook, and its executed copy.
    values : dict
        Its parameters.
    study : soilresp.study.settings.Study or None

    Returns
    -------
    list of str
        Each reason in a few words; empty if the copy is up to date.
    """
    if study is None:
        return ["not known what it was made from"]
    had = provenance.read(study.run)["notebooks"].get(file.stem)
    if had is None:
        return ["never executed"]
    if had.get("status") != "done":
        return ["it failed the last time"]
    if not target.exists():
        return ["its executed copy is missing"]
    said = []
    if provenance.checksum(target) != had["executed"]:
        said.append("its executed copy was changed")
    have = record(file, json.loads(json.dumps(values)), study)
    if had["source"] != have["source"]:
        said.append("its cells changed")
    said += provenance.differences(
        {part: had.get(part) for part in _PARTS}, {part: have.get(part) for part in _PARTS}
    )
    for name, noted in had["stages"].items():
        stage = stages().get(name)
        if stage is None:
            said.append(f"there is no stage {name} any more")
            continue
        changes = stage.changes(study, noted["settings"])
        if changes:
            said.append(f"results of {name}: {changes[0]}")
        elif stage.stored_digest(study) != noted["digest"]:
            said.append(f"results of {name} changed")
    return said
