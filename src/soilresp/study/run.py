"""Run the study in batch: papermill over the notebooks, in order, into a run folder."""

import _thread
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import nbformat

from soilresp.errors import DataError, ParameterError, SoilrespError
from soilresp.io import lock, paths
from soilresp.io.files import cannot_write
from soilresp.io.progress import FILE_VARIABLE
from soilresp.io.yaml_text import YamlError, parse_yaml
from soilresp.study import provenance
from soilresp.study.chapters import known_stages

__all__ = [
    "NotebookError", "run_study", "execute", "notebooks", "known_parameters", "check_parameters",
    "outdated", "parse_parameters", "as_number",
]

PARENT_VARIABLE = "SOILRESP_PARENT"
"""Environment variable with the process that a run ends with."""

OWN_PARAMETERS = {"profile": "--profile", "run": "--out"}
"""Parameters that the runner sets in every notebook that has them, and their options."""


class NotebookError(SoilrespError):
    """A notebook stopped with an error.

    Parameters
    ----------
    notebook : str
    what : str
        The error, in a line.
    copy : pathlib.Path
        The executed notebook, as far as it came.
    cell : int, optional
        Number of the cell among all cells of the notebook, from 1.
    line : str, optional
        The first line of code of the cell.
    """

    def __init__(self, notebook, what, copy, cell=None, line=None):
        self.facts = {"notebook": notebook, "cell": cell, "line": line, "what": what}
        where = "" if cell is None else f" in cell {cell}"
        where += "" if line is None else f" (`{line}`)"
        super().__init__(
            f"Notebook {notebook} stopped{where}: {what}\nThe executed notebook is {copy}."
        )


def run_study(
    profile=None, recipe=None, observations=None, only=(), out=None, parameters=None, seed=None,
    scheduler=None, workers=None, changed=False,
):
    """Run the study, write its summary, and print it.

    Parameters
    ----------
    profile : {"quick", "standard", "paper"}, optional
        How much work is done; default "quick".
    recipe : {"auto", "embedded", "delta"}, optional
        Where the covariates come from; default "auto".
    observations : {"auto", "srdb", "twin"}, optional
        What is upscaled; default "auto".
    only : iterable of str
        Names or numbers of the notebooks to run, as ``05_global_mapping`` or ``05``. All of
        them by default. With `only`, settings that are not given are those that the run
        folder was made with.
    out : path_like, optional
        Run folder; one that is not absolute is below the project folder. Default:
        ``runs/PROFILE``.
    parameters : dict, optional
        Values for parameters of the notebooks. A value goes to each notebook that has the
        parameter.
    seed : int, optional
        Seed of all random draws; default 0.
    scheduler : str, optional
        Address of a Dask scheduler that makes the runs of the maps, or "local" for
        workers on this machine. The results are the same.
    workers : int, optional
        Number of local workers.
    changed : bool
        Whether to leave out notebooks that are up to date: whose own cells, parameters and
        code, and all that their results depend on, are what they were.

    Returns
    -------
    study : soilresp.study.settings.Study
    summary : dict
        As in ``results/summary.json``.

    Raises
    ------
    ParameterError
        If a setting, a notebook or a parameter is not known.
    DataError
        If an input that was asked for by name is not available, or another process runs in the
        folder.
    NotebookError
        If a notebook stops with an error.
    """
    chosen = notebooks(only)
    parameters = dict(parameters or {})
    check_parameters(parameters, chosen)

    # Imported late, so that an unknown name is reported at once.
    from soilresp.study import settings, summary

    if not only:
        profile, recipe = profile or "quick", recipe or "auto"
        observations, seed = observations or "auto", 0 if seed is None else seed
    corrections = parameters.get("corrections") or (None if only else "none")
    settings.check_choices(profile, recipe, observations, seed)
    folder = settings.run_folder(out or f"runs/{profile or 'quick'}")
    with _signals(), lock.hold(folder, "soilresp run"):
        study = settings.resolve_settings(
            folder, profile, recipe, observations, seed, corrections
        )
        print("\n".join([*study.choices, study.describe()]))
        parameters |= {"profile": study.profile.name, "run": str(study.run)}
        with _workers(scheduler, workers):
            execute(_by_need(chosen), study, parameters, changed)
        found = summary.write(study)
        print(f"\n{summary.table(found)}\n")
        for title, place in (("Results", study.results), ("Notebooks", study.run / "notebooks")):
            print(f"{title:12}{os.path.relpath(place)}")
        return study, found


@contextmanager
def _signals():
    """Let all ways to end a process end the kernel as well; end with the process that waits."""
    before = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
            number = getattr(signal, name)
            # A background job of a shell ignores SIGINT.
            before[number] = signal.signal(number, signal.default_int_handler)
    if PARENT_VARIABLE in os.environ:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_with_parent():
    while os.getppid() == int(os.environ[PARENT_VARIABLE]):
        time.sleep(1)
    _thread.interrupt_main()


@contextmanager
def _workers(scheduler, workers):
    """Tell the notebooks the address of a Dask scheduler; start a local one if asked for."""
    from soilresp.upscaling import scale

    with ExitStack() as stack:
        if scheduler == "local" or (workers is not None and scheduler is None):
            scheduler = stack.enter_context(scale.cluster(workers))
        elif workers is not None:
            raise ParameterError("--workers goes with --scheduler local alone.")
        if scheduler:
            stack.enter_context(environment({scale.SCHEDULER_VARIABLE: scheduler}))
        yield


@contextmanager
def environment(values):
    """Set environment variables for a while.

    Parameters
    ----------
    values : dict of str to str
    """
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def notebooks(only=()):
    """Return the notebooks of the study, in order.

    Parameters
    ----------
    only : iterable of str
        Names or numbers to keep, as ``05_global_mapping`` or ``05``; all if empty.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    DataError
        If there are no notebooks.
    ParameterError
        If a name fits none of them.
    """
    folder = paths.notebooks_dir()
    found = sorted(folder.glob("[0-9]*.ipynb"))
    if not found:
        raise DataError(f"{folder} holds no notebooks (files such as 01_NAME.ipynb).")
    by_name = {name: file for file in found for name in (file.stem, file.stem.partition("_")[0])}
    only = [Path(name).name.removesuffix(".ipynb") for name in only]
    for name in only:
        if name not in by_name:
            raise ParameterError(
                f"There is no notebook {name!r}: choose from {', '.join(f.stem for f in found)}."
            )
    return sorted({by_name[name] for name in only}) or found


def _by_need(files):
    """Put each notebook behind those whose results it takes; keep the order otherwise."""
    needs = {}
    for stage in known_stages().values():
        needs.setdefault(stage.notebook, []).extend(need.notebook for need in stage.needs)
    by_name, ordered = {file.stem: file for file in files}, {}

    def add(name):
        for need in needs.get(name, ()):
            if need != name:
                add(need)
        if name in by_name:
            ordered[name] = by_name[name]

    for name in by_name:
        add(name)
    return list(ordered.values())


def known_parameters(files):
    """Return the names assigned in the cells tagged ``parameters`` of notebooks.

    Parameters
    ----------
    files : iterable of pathlib.Path

    Returns
    -------
    dict of str to set of str
        Names of the parameters, by the stem of the notebook.
    """
    import papermill

    return {file.stem: set(papermill.inspect_notebook(str(file))) for file in files}


def parse_parameters(texts):
    """Read ``name=value`` pairs whose values are YAML.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    dict

    Raises
    ------
    ParameterError
        If a text has no ``=``, no name, or a value that is not YAML.

    Examples
    --------
    >>> parse_parameters(["n_runs=20", "rate=1e-3", "predictors=[MAT, Prec]", "box=null"])
    {'n_runs': 20, 'rate': 0.001, 'predictors': ['MAT', 'Prec'], 'box': None}
    """
    parsed = {}
    for text in texts:
        name, equals, value = text.partition("=")
        shown = text if len(text) <= 80 else f"{text[:80]}..."
        if not equals or not name.strip().isidentifier():
            raise ParameterError(f"{shown!r} is not of the form name=value.")
        try:
            parsed[name.strip()] = as_number(parse_yaml(value))
        except YamlError as error:
            raise ParameterError(
                f"The value in {shown!r} is not YAML: {error}. Quote it, or correct it."
            ) from error
    return parsed


def as_number(value):
    """Convert text that YAML 1.1 does not take for a number, such as ``1e-3``.

    Parameters
    ----------
    value : object

    Returns
    -------
    object
        A number for a string that is one, None for "None", else the value.
    """
    if isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+", value):
        return float(value)
    return None if value == "None" else value


def check_parameters(parameters, files):
    """Refuse parameters that none of the notebooks has, and wrong values.

    Parameters
    ----------
    parameters : dict
    files : list of pathlib.Path
        The notebooks.

    Raises
    ------
    ParameterError
        If one is not known, is set by an option of its own, or has a wrong value.
    """
    if not parameters:
        return
    known = known_parameters(files)
    names = sorted(set().union(*known.values()) - set(OWN_PARAMETERS))
    for name in parameters:
        if name in OWN_PARAMETERS:
            raise ParameterError(f"Parameter {name!r} is set by the option {OWN_PARAMETERS[name]}.")
        if name not in names:
            raise ParameterError(
                f"None of {', '.join(known)} has a parameter {name!r}: "
                f"known are {', '.join(names) or 'none'}."
            )
    from soilresp.study.parameters import check_values

    check_values(parameters)


def outdated(files, study, parameters):
    """Return the notebooks that have to be executed again, and why.

    Parameters
    ----------
    files : list of pathlib.Path
    study : soilresp.study.settings.Study
    parameters : dict
        Values of parameters, but for the profile and the run.

    Returns
    -------
    dict of str to list of str
        Reasons in a few words, by the stem of the notebook.
    """
    known = known_parameters(files)
    found = {}
    for file in files:
        values = {k: v for k, v in parameters.items() if k in known[file.stem]}
        target = study.run / "notebooks" / file.name
        if why := _notebook_reasons(file, target, values, study):
            found[file.stem] = why
    return found


def execute(files, study, parameters, changed=False):
    """Execute notebooks one after the other, with a line on each; stop at the first that fails.

    An executed copy appears in ``notebooks`` of the run folder when its notebook is finished,
    never in part. All that it depends on is noted in ``provenance.json``.

    Parameters
    ----------
    files : list of pathlib.Path
        The notebooks. They run in their own folder.
    study : soilresp.study.settings.Study
    parameters : dict
        Values of parameters; a notebook gets those that it has.
    changed : bool
        Whether to leave out notebooks that are up to date.

    Returns
    -------
    list of pathlib.Path
        The executed copies.

    Raises
    ------
    NotebookError
        If a notebook stops with an error; the copy named ``NAME.failed.ipynb`` holds the
        traceback, and an earlier copy without errors stays.
    DataError
        If the folder cannot be written.
    """
    folder = study.run / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*.running.ipynb"):
        left.unlink()
    known = known_parameters(files)
    with _own_kernel():
        for number, file in enumerate(files, 1):
            values = {k: v for k, v in parameters.items() if k in known[file.stem]}
            heading = f"[{number}/{len(files)}] {file.stem}"
            reasons = _notebook_reasons(file, folder / file.name, values, study)
            if changed and not reasons:
                print(f"{heading} is up to date", flush=True)
                continue
            why = "; ".join(reasons) or "asked for"
            print(f"{heading} ...{f' ({why})' if changed else ''}", flush=True)
            record = _execute_noted(file, folder / file.name, values, study, why)
            seconds = record["wall_seconds"]
            print(f"{heading} took {seconds // 60:.0f} min {seconds % 60:.0f} s", flush=True)
            for name, one in record["computed"].items():
                print(f"      computed {name} ({one['why']})", flush=True)
    return [folder / file.name for file in files]


def _execute_noted(file, target, values, study, why):
    """Execute a notebook and leave a record of it in the run folder, unless interrupted."""
    record = {
        "why": why, "started": provenance.now(),
        **provenance.notebook_record(file, values, study), **provenance.surroundings(),
    }
    start, use = time.monotonic(), study.run / ".use"
    use.unlink(missing_ok=True)
    variables = {provenance.USE_VARIABLE: str(use), FILE_VARIABLE: str(study.run / "progress.txt")}
    try:
        with environment(variables), _measured(record):
            _execute_one(file, target, values)
        record |= {"status": "done", "executed": provenance.checksum(target)}
    except NotebookError as error:
        record |= {"status": "failed", "error": error.facts}
        raise
    finally:
        record["wall_seconds"] = round(time.monotonic() - start, 1)
        record |= _used_stages(provenance.uses(use), study)
        if "status" in record:
            provenance.note(study.run, "notebooks", file.stem, record)
        for left in (use, study.run / "progress.txt"):
            left.unlink(missing_ok=True)
    return record


@contextmanager
def _measured(record):
    """Put the largest memory (MB) of the processes that this one starts into a record."""
    import psutil

    own, done, most = psutil.Process(), threading.Event(), [0]

    def measure():
        while not done.wait(0.5):
            try:
                sizes = [p.memory_info().rss for p in own.children(recursive=True)]
            except psutil.Error:
                continue
            most[0] = max([*most, *sizes])

    watch = threading.Thread(target=measure, daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()
        record["peak_memory_mb"] = round(most[0] / 1e6, 1) or None


def _execute_one(file, target, values):
    import papermill
    from nbclient.exceptions import DeadKernelError

    aside = target.with_name(f".{target.stem}.running.ipynb")
    failed = target.with_name(f"{target.stem}.failed.ipynb")
    try:
        papermill.execute_notebook(
            str(file), str(aside), parameters=values, cwd=str(file.parent),
            kernel_name="python3", language="python", progress_bar=sys.stderr.isatty(),
        )
        os.replace(aside, target)
        failed.unlink(missing_ok=True)
    except papermill.PapermillExecutionError as error:
        os.replace(aside, failed)
        what, where = f"{error.ename}: {error.evalue}", _place(file, error.source)
        raise NotebookError(file.stem, what, failed, *where) from error
    except DeadKernelError as error:
        os.replace(aside, failed)
        what = "its kernel died, perhaps for lack of memory"
        raise NotebookError(file.stem, what, failed, *_place(file, _last_cell(failed))) from error
    except RuntimeError as error:
        raise DataError(
            f"The kernel of {file.stem} did not start: {error}. Check that `jupyter kernelspec "
            "list` has python3, and that programs on this machine can connect to 127.0.0.1."
        ) from error
    except OSError as error:
        raise cannot_write(target, error) or error from error
    finally:
        aside.unlink(missing_ok=True)


def _place(file, source):
    """Return the number of a cell in the notebook of the project, and its first line of code."""
    lines = [line for line in (source or "").splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith("#")), None)
    cells = nbformat.read(file, as_version=4).cells
    number = next((k for k, cell in enumerate(cells, 1) if cell.source == source), None)
    return number, first


def _last_cell(executed):
    """Return the source of the last cell that a kernel began."""
    begun = [
        cell.source for cell in nbformat.read(executed, as_version=4).cells
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    return begun[-1] if begun else None


@contextmanager
def _own_kernel():
    """Let "python3" be this interpreter, whatever kernels are installed elsewhere."""
    from ipykernel.kernelspec import write_kernel_spec

    with tempfile.TemporaryDirectory(prefix="soilresp-kernel-") as folder:
        # Errors of a cell are in the notebook; the kernel's own log only repeats them.
        write_kernel_spec(
            Path(folder, "kernels", "python3"), extra_arguments=["--log-level=CRITICAL"]
        )
        search = os.pathsep.join(filter(None, (folder, os.environ.get("JUPYTER_PATH"))))
        with environment({"JUPYTER_PATH": search}):
            yield


def _used_stages(uses, study):
    """Return the stages that a notebook has used, and their inputs.

    Parameters
    ----------
    uses : list of dict
        From `soilresp.study.provenance.uses`.
    study : soilresp.study.settings.Study

    Returns
    -------
    dict
        ``stages`` by name, ``computed`` (those that were computed, why, and in how many
        seconds) and ``inputs``, checksums by name.
    """
    inputs, known = {}, known_stages()
    for one in uses:
        if one["stage"] in known:
            inputs |= known[one["stage"]].inputs(study)
    return {
        "stages": {
            u["stage"]: {"settings": u["settings"], "digest": u["digest"]}
            for u in uses if u["use"]
        },
        "computed": {
            u["stage"]: {"why": u["why"], "seconds": u["seconds"]} for u in uses if u["why"]
        },
        "inputs": dict(sorted(inputs.items())),
    }


def _notebook_reasons(file, target, values, study):
    """List why a notebook has to be executed again.

    Parameters
    ----------
    file, target : pathlib.Path
        The notebook, and its executed copy.
    values : dict
        Its parameters.
    study : soilresp.study.settings.Study

    Returns
    -------
    list of str
        Each reason in a few words; empty if the copy is up to date.
    """
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
    have = provenance.notebook_record(file, json.loads(json.dumps(values)), study)
    if had.get("source") != have.pop("source"):
        said.append("its cells changed")
    said += provenance.differences(had, have)
    for name, noted in had["stages"].items():
        stage = known_stages().get(name)
        if stage is None:
            said.append(f"there is no stage {name} any more")
        elif changes := stage.changes(study, noted["settings"]):
            said.append(f"results of {name}: {changes[0]}")
        elif stage.stored_digest(study) != noted["digest"]:
            said.append(f"results of {name} changed")
    return said
