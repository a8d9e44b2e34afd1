"""The study in batch: papermill over the notebooks, in order, into a run folder."""

import os
import re
import shutil
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
from soilresp.io.files import read_json, write_json
from soilresp.io.progress import FILE_VARIABLE
from soilresp.io.yaml_text import YamlError, parse_yaml
from soilresp.study import freshness, provenance
from soilresp.study.kernel import USAGE_VARIABLE

__all__ = [
    "NotebookError", "run_study", "execute", "notebooks", "known_parameters", "check_parameters",
    "outdated", "parse_parameters", "as_number",
]

PARENT_VARIABLE = "SOILRESP_PARENT"
"""Environment variable with the process that a run is to end with."""

OWN_PARAMETERS = ("profile", "run")
"""Parameters that the runner sets in every notebook that has them."""


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
    profile=None, recipe=None, observations=None, only=(), out=None, parameters=None,
    make_book=False, seed=None, scheduler=None, workers=None, changed=False,
):
    """Run the study, write its summary, and print both as they come about.

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
    make_book : bool
        Whether to build the book from the executed notebooks.
    seed : int, optional
        Seed of all random draws; default 0.
    scheduler : str, optional
        Address of a Dask scheduler that is to make the runs of the maps, or "local" for
        workers on this machine. The results are the same.
    workers : int, optional
        Number of local workers.
    changed : bool
        Whether to leave out notebooks that are up to date: whose own cells, parameters and
        code, and all that their results stand on, are what they were.

    Returns
    -------
    dict
        The summary, as in ``results/summary.json``.

    Raises
    ------
    ParameterError
        If a setting, a notebook or a parameter is not known.
    DataError
        If an input that was asked for by name cannot be had, or another process runs in the
        folder.
    NotebookError
        If a notebook stops with an error.
    """
    _end_with_parent()
    chosen = notebooks(only)
    parameters = dict(parameters or {})
    check_parameters(parameters, chosen)

    # Late, so that a slip in a name is told at once.
    from soilresp.study import settings as studies

    if not only:
        profile, recipe = profile or "quick", recipe or "auto"
        observations, seed = observations or "auto", 0 if seed is None else seed
    studies.check_choices(profile, recipe, observations, seed)
    folder = studies.run_folder(out or f"runs/{profile or 'quick'}")
    with lock.hold(folder, "soilresp run"):
        study = studies.resolve_settings(
            run=folder, profile=profile, recipe=recipe, observations=observations, seed=seed,
        )
        for sentence in study.choices:
            print(sentence)
        print(study.describe())
        parameters.update(profile=study.profile.name, run=str(study.run))
        with _workers(scheduler, workers):
            executed = execute(
                _by_need(chosen), study.run / "notebooks", parameters, study, changed
            )

        from soilresp.study import summary as summaries

        summary = summaries.write(study)
        print("")
        print(summaries.table(summary))
        print("")
        print(f"Results             {_short(study.results)}")
        print(f"Executed notebooks  {_short(executed[0].parent)}")
        if make_book:
            from soilresp.book import build as book

            print(f"Book                {_short(book.build(run=study.run))}")
        return summary


def _end_with_parent():
    """Be interrupted when the process that a sweep told of is gone: nobody waits any more."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is None:
        return

    def watch():
        while os.getppid() == int(parent):
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(20)
        os._exit(1)

    # A background job is started deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _workers(scheduler, workers):
    """Let the notebooks know of a Dask scheduler, and start a local one if it is asked for."""
    from soilresp.upscaling import scale

    with ExitStack() as stack:
        if scheduler == "local" or (workers is not None and scheduler is None):
            scheduler = stack.enter_context(scale.cluster(workers))
        elif workers is not None:
            raise ParameterError("--workers goes with --scheduler local alone.")
        if scheduler:
            stack.enter_context(_environment(scale.SCHEDULER_VARIABLE, scheduler))
        yield


def notebooks(only=()):
    """The notebooks of the study, in order.

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
    only = [Path(name).name.removesuffix(".ipynb") for name in only]
    for name in only:
        if not any(_is_named(file, name) for file in found):
            raise ParameterError(
                f"There is no notebook {name!r}: choose from {', '.join(f.stem for f in found)}."
            )
    return [f for f in found if not only or any(_is_named(f, name) for name in only)]


def _is_named(file, name):
    return name in (file.stem, file.stem.partition("_")[0])


def _by_need(files):
    """Put each notebook behind those whose results it takes, else leave the order as it is."""
    needs = {}
    for stage in freshness.stages().values():
        needs.setdefault(stage.notebook, []).extend(need.notebook for need in stage.needs)
    by_name, ordered = {file.stem: file for file in files}, {}

    def add(name):
        for need in needs.get(name, ()):
            add(need)
        if name in by_name:
            ordered[name] = by_name[name]

    for name in by_name:
        add(name)
    return list(ordered.values())


def known_parameters(files):
    """Parameters of notebooks: the names assigned in their cells tagged ``parameters``.

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
        if not equals or not name.strip().isidentifier():
            raise ParameterError(f"{text!r} is not of the form name=value.")
        try:
            parsed[name.strip()] = _value(value)
        except YamlError as error:
            raise ParameterError(
                f"The value in {_short_text(text)!r} is not YAML: {error}. Quote it, or correct it."
            ) from error
    return parsed


def _short_text(text, most=80):
    return text if len(text) <= most else f"{text[:most]}..."


def _value(text):
    return as_number(parse_yaml(text))


def as_number(value):
    """A value of YAML 1.1, which wants a dot in a float and calls ``1e-3`` a string.

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
    """Refuse parameters that none of the notebooks has.

    Parameters
    ----------
    parameters : dict
    files : list of pathlib.Path
        The notebooks.

    Raises
    ------
    ParameterError
        If one is not known, or is set by an option of its own.
    """
    known = known_parameters(files)
    names = sorted(set().union(*known.values()) - set(OWN_PARAMETERS))
    for name in parameters:
        if name in OWN_PARAMETERS:
            option = {"profile": "--profile", "run": "--out"}[name]
            raise ParameterError(f"Parameter {name!r} is set by the option {option}.")
        if name not in names:
            raise ParameterError(
                f"None of {', '.join(known)} has a parameter {name!r}: "
                f"known are {', '.join(names) or 'none'}."
            )
    if parameters:
        from soilresp.study.parameters import check_parameters as check_values

        check_values(parameters)


def outdated(files, study, parameters):
    """Notebooks that have to be executed again, and why.

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
        why = freshness.reasons(file, study.run / "notebooks" / file.name, values, study)
        if why:
            found[file.stem] = why
    return found


def execute(files, folder, parameters, study=None, changed=False):
    """Execute notebooks one after the other, with a line on each; stop at the first that fails.

    An executed copy appears when its notebook is through, and never in part.

    Parameters
    ----------
    files : list of pathlib.Path
        The notebooks. They run in their own folder.
    folder : path_like
        Folder that gets the executed copies; made if need be. What they were made from is
        noted in ``provenance.json`` of the folder above.
    parameters : dict
        Values of parameters; a notebook gets those that it has.
    study : soilresp.study.settings.Study, optional
        The study that the notebooks belong to. Without it none is up to date.
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
        traceback, and an earlier copy that went well stays.
    DataError
        If the folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*.running.ipynb"):
        left.unlink()
    known = known_parameters(files)
    executed = []
    with _own_kernel():
        for number, file in enumerate(files, 1):
            values = {k: v for k, v in parameters.items() if k in known[file.stem]}
            heading = f"[{number}/{len(files)}] {file.stem}"
            target = folder / file.name
            reasons = freshness.reasons(file, target, values, study)
            if changed and not reasons:
                print(f"{heading} is up to date", flush=True)
            else:
                why = "; ".join(reasons) or "asked for"
                with _reported(heading, why if changed else "") as outcome:
                    _execute_noted(file, target, values, study, why, outcome)
            executed.append(target)
    return executed


def _execute_noted(file, target, values, study, why, outcome):
    """Execute a notebook and leave a record of it in the run folder, whatever comes of it."""
    record = {"why": why, **freshness.record(file, values, study)}
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soilresp-record-") as aside:
        use, usage = Path(aside, "use"), Path(aside, "usage")
        with (
            _environment(provenance.USE_VARIABLE, str(use)),
            _environment(USAGE_VARIABLE, str(usage)),
        ):
            try:
                _execute_one(file, target, values)
                record["status"] = "done"
                record["executed"] = provenance.checksum(target)
            except NotebookError as error:
                record |= {"status": "failed", "error": error.facts}
                raise
            finally:
                record["wall_seconds"] = round(time.monotonic() - start, 1)
                record |= {"cpu_seconds": None, "peak_memory_mb": None}
                if usage.exists():
                    record |= read_json(usage)
                uses = provenance.uses(use)
                record |= freshness.used(uses, study)
                outcome += [f"made {u['stage']} ({u['why']})" for u in uses if u["why"]]
                if "status" in record:
                    provenance.note(target.parent.parent, "notebooks", file.stem, record)


def _execute_one(file, target, values):
    import papermill
    from nbclient.exceptions import DeadKernelError

    aside = target.with_name(f".{target.stem}.running.ipynb")
    failed = target.with_name(f"{target.stem}.failed.ipynb")
    try:
        papermill.execute_notebook(
            str(file), str(aside), parameters=values, cwd=str(file.parent),
            kernel_name="python3", language="python", progress_bar=False,
        )
        _put(aside, target)
        failed.unlink(missing_ok=True)
    except papermill.PapermillExecutionError as error:
        where = _place(file, error.source)
        what = f"{error.ename}: {error.evalue}"
        _put(aside, failed)
        raise NotebookError(file.stem, what, failed, *where) from error
    except DeadKernelError as error:
        where = _place(file, _last_started(aside))
        _put(aside, failed)
        what = "its kernel died, perhaps for want of memory"
        raise NotebookError(file.stem, what, failed, *where) from error
    except OSError as error:
        raise DataError(
            f"{error.filename or target} cannot be written ({error.strerror or error}). Free the "
            "place, or take another folder with --out."
        ) from error
    finally:
        aside.unlink(missing_ok=True)
    return target


def _put(aside, target):
    """Give a whole file its name."""
    with open(aside, "rb+") as written:
        os.fsync(written.fileno())
    os.replace(aside, target)


def _place(file, source):
    """Number of a cell in the notebook as it is in the project, and its first line of code."""
    lines = [line for line in (source or "").splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith("#")), None)
    cells = nbformat.read(file, as_version=4).cells
    number = next((k for k, cell in enumerate(cells, 1) if cell.source == source), None)
    return number, first


def _last_started(executed):
    """Source of the last cell that a kernel began."""
    if not executed.exists():
        return None
    begun = [
        cell for cell in nbformat.read(executed, as_version=4).cells
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    return begun[-1].source if begun else None


@contextmanager
def _own_kernel():
    """Let "python3" be this interpreter, whatever kernels are installed elsewhere."""
    from ipykernel.kernelspec import write_kernel_spec

    with tempfile.TemporaryDirectory(prefix="soilresp-kernel-") as folder:
        # What a cell has to say is in the notebook; the kernel's own log is noise.
        spec = Path(folder, "kernels", "python3")
        write_kernel_spec(spec, extra_arguments=["--log-level=CRITICAL"])
        told = read_json(spec / "kernel.json")
        told["argv"] = [
            "soilresp.study.kernel" if part == "ipykernel_launcher" else part
            for part in told["argv"]
        ]
        write_json(spec / "kernel.json", told)
        search = os.pathsep.join(filter(None, (folder, os.environ.get("JUPYTER_PATH"))))
        with _environment("JUPYTER_PATH", search):
            yield


@contextmanager
def _reported(heading, why=""):
    """Say that a notebook runs, and why; how far it is; how long it took, and what it made."""
    start = time.monotonic()
    outcome = []
    print(f"{heading} ...{f' ({why})' if why else ''}", flush=True)
    with tempfile.TemporaryDirectory(prefix="soilresp-progress-") as folder:
        file = Path(folder, "state")
        done = threading.Event()
        watch = threading.Thread(target=_watch, args=(file, start, done), daemon=True)
        watch.start()
        try:
            with _environment(FILE_VARIABLE, str(file)):
                yield outcome
        finally:
            done.set()
            watch.join()
    print(f"{heading} took {_duration(time.monotonic() - start)}", flush=True)
    for line in outcome:
        print(f"      {line}", flush=True)


def _watch(file, start, done):
    """Show what the notebook writes of its progress: in place on a terminal, else rarely."""
    live = sys.stdout.isatty()
    last = ""
    while not done.wait(1 if live else 30):
        state = file.read_text(encoding="utf-8") if file.exists() else ""
        line = f"      {_duration(time.monotonic() - start)}  {state}"
        if live:
            print(f"\r{line[: _width()]:{_width()}}", end="", flush=True)
        elif state != last:
            print(line, flush=True)
        last = state
    if live:
        print(f"\r{'':{_width()}}\r", end="", flush=True)


def _width():
    return shutil.get_terminal_size().columns - 1


@contextmanager
def _environment(name, value):
    """Set an environment variable for a while."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _short(path):
    """A path below the working directory without what they share."""
    path = Path(path)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
