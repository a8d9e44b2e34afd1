"""The study in batch: papermill over the notebooks, in order, into a run folder."""

import os
import re
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from soilresp import paths
from soilresp.errors import DataError, ParameterError, SoilrespError
from soilresp.progress import FILE_VARIABLE
from soilresp.yaml_text import YamlError, parse_yaml

__all__ = [
    "NotebookError", "run_study", "execute", "notebooks", "known_parameters", "parse_parameters",
]

OWN_PARAMETERS = ("profile", "run")
"""Parameters that the runner sets in every notebook that has them."""


class NotebookError(SoilrespError):
    """A notebook stopped with an error."""


def run_study(
    profile=None, recipe=None, observations=None, only=(), out=None, parameters=None,
    make_book=False, seed=None, scheduler=None, workers=None,
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

    Returns
    -------
    dict
        The summary, as in ``results/summary.json``.

    Raises
    ------
    ParameterError
        If a setting, a notebook or a parameter is not known.
    DataError
        If an input that was asked for by name cannot be had.
    NotebookError
        If a notebook stops with an error.
    """
    chosen = notebooks(only)
    parameters = dict(parameters or {})
    _check_parameters(parameters, chosen)

    # Late, so that a slip in a name is told at once.
    from soilresp import study as studies

    if not only:
        profile, recipe = profile or "quick", recipe or "auto"
        observations, seed = observations or "auto", 0 if seed is None else seed
    study = studies.settle(
        run=out or f"runs/{profile or 'quick'}", profile=profile, recipe=recipe,
        observations=observations, seed=seed,
    )
    for sentence in study.choices:
        print(sentence)
    print(study.describe())
    parameters.update(profile=study.profile.name, run=str(study.run))
    with _workers(scheduler, workers):
        executed = execute(_by_need(chosen), study.run / "notebooks", parameters)

    from soilresp import summary as summaries

    summary = summaries.write(study)
    print("")
    print(summaries.table(summary))
    print("")
    print(f"Results             {_short(study.results)}")
    print(f"Executed notebooks  {_short(executed[0].parent)}")
    if make_book:
        from soilresp import book

        print(f"Book                {_short(book.build(run=study.run))}")
    return summary


@contextmanager
def _workers(scheduler, workers):
    """Let the notebooks know of a Dask scheduler, and start a local one if it is asked for."""
    from soilresp.predict import scale

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
    from soilresp.workflow import STAGES

    needs = {stage.name: [need.name for need in stage.needs] for stage in STAGES}
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
    value = parse_yaml(text)
    # YAML 1.1 wants a dot in a float and calls 1e-3 a string.
    if isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+", value):
        return float(value)
    return None if value == "None" else value


def _check_parameters(parameters, files):
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
        from soilresp.parameters import check_parameters

        check_parameters(parameters)


def execute(files, folder, parameters):
    """Execute notebooks one after the other, with a line on each; stop at the first that fails.

    Parameters
    ----------
    files : list of pathlib.Path
        The notebooks. They run in their own folder.
    folder : path_like
        Folder that gets the executed copies; made if need be.
    parameters : dict
        Values of parameters; a notebook gets those that it has.

    Returns
    -------
    list of pathlib.Path
        The executed copies.

    Raises
    ------
    NotebookError
        If a notebook stops with an error; its executed copy holds the traceback.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    known = known_parameters(files)
    executed = []
    with _own_kernel():
        for number, file in enumerate(files, 1):
            values = {k: v for k, v in parameters.items() if k in known[file.stem]}
            with _reported(f"[{number}/{len(files)}] {file.stem}"):
                executed.append(_execute_one(file, folder / file.name, values))
    return executed


def _execute_one(file, target, values):
    import papermill
    from nbclient.exceptions import DeadKernelError

    def failed(what):
        return NotebookError(
            f"Notebook {file.stem} stopped: {what}\nThe executed notebook is {target}."
        )

    try:
        papermill.execute_notebook(
            str(file), str(target), parameters=values, cwd=str(file.parent),
            kernel_name="python3", language="python", progress_bar=False,
        )
    except papermill.PapermillExecutionError as error:
        raise failed(f"{error.ename}: {error.evalue}") from error
    except DeadKernelError as error:
        raise failed("its kernel died, perhaps for want of memory.") from error
    return target


@contextmanager
def _own_kernel():
    """Let "python3" be this interpreter, whatever kernels are installed elsewhere."""
    from ipykernel.kernelspec import write_kernel_spec

    with tempfile.TemporaryDirectory(prefix="soilresp-kernel-") as folder:
        # What a cell has to say is in the notebook; the kernel's own log is noise.
        write_kernel_spec(
            Path(folder, "kernels", "python3"), extra_arguments=["--log-level=CRITICAL"]
        )
        search = os.pathsep.join(filter(None, (folder, os.environ.get("JUPYTER_PATH"))))
        with _environment("JUPYTER_PATH", search):
            yield


@contextmanager
def _reported(heading):
    """Say that a notebook runs, how far it is, and how long it took."""
    start = time.monotonic()
    print(f"{heading} ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="soilresp-progress-") as folder:
        file = Path(folder, "state")
        done = threading.Event()
        watch = threading.Thread(target=_watch, args=(file, start, done), daemon=True)
        watch.start()
        try:
            with _environment(FILE_VARIABLE, str(file)):
                yield
        finally:
            done.set()
            watch.join()
    print(f"{heading} took {_duration(time.monotonic() - start)}", flush=True)


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
