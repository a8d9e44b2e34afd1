"""Define the ``soilresp`` command."""

import os
import re
import sys
from pathlib import Path
from typing import Literal

import typer
from typer.core import TyperGroup

import soilresp as sr
from soilresp.errors import ParameterError, SoilrespError

__all__ = ["app", "main"]

# Imports of numpy and the like are inside the commands, so that help and errors come at once.

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it (128 + SIGINT)."""

COMMANDS = (
    "run", "sweep", "book", "score", "predict", "export", "data", "covariates", "models", "study",
    "test",
)
"""Commands in the order of the help."""

EXTRAS = {"rasterio": "products", "pyhdf": "products", "distributed": "cluster"}
"""Extra of the package that brings a module; any other optional module comes with ``study``."""


class _Group(TyperGroup):
    def list_commands(self, ctx):
        return list(COMMANDS)


_STYLE = {"no_args_is_help": True, "rich_markup_mode": None}
app = typer.Typer(
    cls=_Group,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Map soil respiration from field records, and score ecosystem models against the maps.",
    epilog="`soilresp COMMAND --help` describes a command.",
    **_STYLE,
)


def _group(name, words):
    part = typer.Typer(help=words, **_STYLE)
    app.add_typer(part, name=name)
    return part


data_app = _group("data", "List, download and check the input data.")
covariates_app = _group("covariates", "Build and describe covariate cubes.")
models_app = _group("models", "List and read output of ecosystem models.")
study_app = _group("study", "Make the tables of long computations.")

Recipe = Literal["auto", "delta", "embedded", "cru_ts", "merra2"]
Observations = Literal["auto", "srdb", "twin"]


def _option(words, *names, default=None, **settings):
    return typer.Option(default, *names, help=words, **settings)


def _file(words, *names):
    return _option(words, *names, metavar="FILE")


def _folder(words, *names, default=None):
    return _option(words, *names, default=default, metavar="FOLDER")


def _count(words, default=None, least=1):
    return _option(words, default=default, min=least, metavar="N")


def _argument(words, default=..., **settings):
    return typer.Argument(default, help=words, **settings)


RECIPE = _option("Source of the covariates.  [default: auto, the best available]")
OBSERVATIONS = _option("Records to upscale.  [default: auto, SRDB if available]")
SEED = _count("Seed of all random draws.  [default: 0]", least=0)
TABLE = _folder("Folder of the table.  [default: data/study]", "--out")
YEARS = _option("Period to average.", default=(1982, 2012), metavar="FIRST LAST")
BENCHMARK = _file("Benchmark.  [default: the one of the package]")
VARIABLE = _option(
    "Variable that is SR, HR or AR, such as rh=HR, if it is not recognised. Repeatable.",
    "--var", metavar="NAME=FLUX",
)
INPUTS = _argument("Inputs.  [default: all]", None, metavar="[NAME]...")
CUBE = _argument("Covariate cube, .nc or .zarr.", metavar="CUBE")
CUBE_FILE = _option("File to write, cube.nc or cube.zarr.", "--out", default=..., metavar="FILE")


def main(arguments=None):
    """Run the command and leave with its exit code.

    0: done. 1: something went wrong, in one message. 2: the command was given wrongly.
    130: interrupted. With ``SOILRESP_DEBUG=1`` an error comes with its traceback.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the command line.
    """
    try:
        app(arguments)
    except (SoilrespError, OSError, ImportError) as error:
        words = _message(error)
        if words is None or os.environ.get("SOILRESP_DEBUG") == "1":
            raise
        print(f"error: {words}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ParameterError) else 1)
    except SystemExit as leave:
        if leave.code == INTERRUPTED:
            print("\ninterrupted", file=sys.stderr)
        raise


def _message(error):
    """Return the message of an error for the user, or None if it is a fault of the program."""
    if isinstance(error, ImportError):
        module = (error.name or "").partition(".")[0]
        if module == "soilresp":
            return None
        needed = f"This needs the package {module}, which is not installed." if module else error
        return f'{needed} Try: pip install "soilresp[{EXTRAS.get(module, "study")}]".'
    if isinstance(error, SoilrespError):
        return str(error)
    from soilresp.io.files import cannot_write

    return cannot_write(error.filename or "A file", error)


def _show_version(asked: bool):
    if asked:
        print(f"soilresp {sr.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = _option(
        "Show the version and exit.", "--version", default=False, callback=_show_version,
        is_eager=True,
    ),
):
    pass


def _need_repository():
    from importlib.util import find_spec

    from soilresp.io import paths

    paths.root()
    for module in ("papermill", "pyarrow"):  # now, rather than after minutes of work
        if find_spec(module) is None:
            raise ModuleNotFoundError(name=module)


@app.command()
def run(
    profile: Literal["quick", "standard", "paper"] = _option("Amount of work.  [default: quick]"),
    recipe: Recipe = RECIPE,
    observations: Observations = OBSERVATIONS,
    only: list[str] = _option("Run only this notebook (05). Repeatable.", metavar="NOTEBOOK"),
    out: Path = _folder("Run folder.  [default: runs/PROFILE]"),
    book: bool = _option("Build the book of this run.", "--book", default=False),
    parameter: list[str] = _option(
        "Parameter of the notebooks. Repeatable.", "-p", "--parameter", metavar="NAME=VALUE"
    ),
    seed: int = SEED,
    scheduler: str = _option(
        "Dask scheduler for the maps, or `local`; the results are the same.", metavar="ADDRESS"
    ),
    workers: int = _count("Local Dask workers.  [default: one per processor]"),
    changed: bool = _option("Skip notebooks that are up to date.", "--changed", default=False),
    srdb: Path = _option("Another release of SRDB.", metavar="FILE", exists=True, dir_okay=False),
):
    """Run the notebooks of the study and print its totals.

    With --only, settings that are not given are those of the run folder.
    """
    _need_repository()
    from soilresp.io import fetch
    from soilresp.study import run as runner

    if srdb is not None:
        os.environ[fetch.SRDB_VARIABLE] = str(srdb.absolute())
    study, _ = runner.run_study(
        profile=profile, recipe=recipe, observations=observations, only=only or (), out=out,
        parameters=runner.parse_parameters(parameter or ()), seed=seed, scheduler=scheduler,
        workers=workers, changed=changed,
    )
    if book:
        from soilresp.book.build import build

        print(build(run=study.run))


@app.command()
def sweep(
    file: Path = _argument("Grid of parameters.", metavar="SWEEP.YML"),
    workers: int = _count("Runs side by side.  [default: one per processor]"),
    out: Path = _folder("Folder of the runs.  [default: runs/sweep-NAME]"),
):
    """Run the study over a grid of parameters."""
    _need_repository()
    from soilresp.study.sweep import run_sweep

    run_sweep(file, workers, out)


@app.command()
def book(from_run: Path = _folder("Run to take.  [default: committed notebooks]", "--run")):
    """Build the book; a warning is an error."""
    _need_repository()
    from soilresp.book.build import build

    print(build(run=from_run))


@app.command()
def score(
    files: list[Path] = _argument(
        "NetCDF files of a model; files of several models, or a folder, are an ensemble.",
        metavar="FILE...",
    ),
    name: str = _option("Name of the model.", metavar="NAME"),
    variable: list[str] = VARIABLE,
    benchmark: Path = BENCHMARK,
    years: tuple[int, int] = YEARS,
    out: Path = _folder("Folder to write.  [default: scores/NAME]"),
):
    """Score the SR, HR or AR of a model against the benchmark."""
    from soilresp.io.fetch import is_available
    from soilresp.scoring.members import read_members

    models = read_members(files, name, _pairs(variable), years)
    from soilresp.plot import scorecard_figures

    records = sr.select_records(sr.load_srdb())[0] if is_available(["srdb"]) else None
    card = sr.score(models, benchmark, name, records=records)
    print(card.to_text())
    # No name may lead out of the folder, or hide what it holds.
    plain = re.sub(r"[^\w.-]+", "_", card.name).strip("._") or "model"
    for file in card.save(out or Path("scores") / plain, scorecard_figures(card)):
        print(file)


def _pairs(given):
    """Return options such as ``rh=HR`` as a dictionary, or None."""
    parts = [text.partition("=") for text in given or ()]
    wrong = [name + sign + flux for name, sign, flux in parts if not (name and sign and flux)]
    if wrong:
        raise ParameterError(f"--var {wrong[0]} is not NAME=FLUX, such as rh=HR.")
    return {name: flux for name, _, flux in parts} or None


@app.command()
def predict(
    sites: Path = _argument("Table with the columns lat and lon.", metavar="SITES.CSV"),
    benchmark: Path = BENCHMARK,
    out: Path = _file("CSV to write.  [default: the terminal]"),
):
    """Predict SR, HR and AR at the places of a CSV table."""
    from soilresp.io.files import write_text
    from soilresp.scoring.places import predict_at_places, read_places

    table = predict_at_places(read_places(sites), sr.load_benchmark(benchmark))
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    if out is None:
        print(text, end="")
    else:
        write_text(out, text)
        print(out)


@app.command()
def export(
    from_run: Path = _folder("Run folder.  [default: the benchmark of the package]", "--run"),
    file_format: Literal["netcdf", "zarr", "cog", "ilamb"] = _option(
        "NetCDF (CF-1.8), Zarr, GeoTIFF, or the layout of ILAMB.", "--format", default="netcdf"
    ),
    out: Path = _folder("Folder to write.  [default: export/ or ilamb/ in the run, or here]"),
    what: Literal["climatology", "annual", "all"] = _option("Maps to write.", default="all"),
    compact: bool = _option("Write the files of the benchmark.", "--compact", default=False),
):
    """Write the maps as NetCDF, Zarr, GeoTIFF or for ILAMB."""
    if from_run is None:
        from soilresp.scoring.export import export_shipped

        written = export_shipped(out or Path("export"), file_format, what)
    else:
        written = _export_run(from_run, file_format, out, what, compact)
    for file in written:
        print(file)


def _export_run(run, file_format, out, what, compact):
    from soilresp.io import lock, paths
    from soilresp.study import export as exporter

    study = exporter.open_run(run)
    said = f"soilresp export --run {run.name}"
    own = study.run / ("ilamb" if file_format == "ilamb" else "export")
    folder = out or (paths.data_dir() / "benchmark" if compact else own)
    with lock.hold(folder, "soilresp export"):
        if compact:
            return exporter.export_compact(study, out, f"{said} --compact")
        if file_format == "ilamb":
            return exporter.export_ilamb(study, folder)
        said += f" --format {file_format} --what {what}"
        return exporter.export_run(study, folder, file_format, what, said)


@app.command("test", hidden=True)
def run_tests(only: Literal["unit", "pairs", "notebooks", "book"] = _option("Run only this step.")):
    """Run the tests of the project: units, pairs of notebooks, notebooks, book."""
    import subprocess

    from soilresp.io import paths

    command = [sys.executable, str(paths.root() / "tools" / "run_tests.py")]
    raise typer.Exit(subprocess.call(command + (["--only", only] if only else [])))


# ---------------------------------------------------------------- long computations


def _study(folder, recipe, observations, seed=None):
    """Return the settings of a run folder and print them."""
    _need_repository()
    from soilresp.study.settings import resolve_settings

    study = resolve_settings(folder, recipe=recipe, observations=observations, seed=seed)
    print(study.describe())
    return study


@study_app.command()
def search(
    out: Path = _folder("Run folder.", "--run", default=Path("runs/search")),
    recipe: Recipe = RECIPE,
    observations: Observations = OBSERVATIONS,
    processes: int = _count("Processes.  [default: one per processor]"),
    seed: int = SEED,
    into: Path = TABLE,
):
    """Score all subsets of the predictors (90 minutes)."""
    study = _study(out, recipe, observations, seed)
    from soilresp.study.chapters import search_all_subsets

    for number, spent in search_all_subsets(study, n_jobs=processes, into=into).items():
        print(f"stage {number}: {spent['scores']} scores, {spent['cpu']:.0f} CPU s")


@study_app.command()
def alternatives(
    out: Path = _folder("Run folder.", "--run", default=Path("runs/alternatives")),
    recipe: Recipe = RECIPE,
    observations: Observations = OBSERVATIONS,
    into: Path = TABLE,
):
    """Score other models on unseen studies (10 minutes)."""
    study = _study(out, recipe, observations)
    from soilresp.study.chapters.c10_drivers import compare_alternatives

    table, facts = compare_alternatives(study, into)
    columns = ["target", "phase", "alternative", "step", "rmse_study", "r2_study",
               "rmse_blocks2", "gain", "gain_se", "total"]
    print(table[columns].to_string(index=False, float_format="{:.2f}".format, na_rep="-"))
    for target, name in facts["best"].items():
        print(f"Best for {target}: {name}")


@study_app.command()
def twins(
    n: int = _option("Experiments of each variant.", "--n", default=50, min=1, metavar="N"),
    into: Path = TABLE,
    unfinished: Path = _folder("Folder of unfinished work.  [default: runs/twins]"),
):
    """Repeat the study on synthetic records (15 minutes)."""
    _need_repository()
    from soilresp.study.chapters.c11_twins import run_twins

    table = run_twins(n, into, unfinished)
    print(table.to_string(index=False, float_format="{:.2f}".format, na_rep="-"))


@study_app.command()
def uncertainty(
    out: Path = _folder("Run folder.", "--run", default=Path("runs/standard")),
    recipe: Recipe = RECIPE,
    observations: Observations = OBSERVATIONS,
    replicates: int = _count("Resamplings of the studies.", 100, 3),
    runs: int = _count("Runs of each resampling.", 4, 2),
    trees: int = _count("Trees of each run.", 50),
    into: Path = TABLE,
):
    """Resample studies and vary choices (an hour)."""
    study = _study(out, recipe, observations)
    from soilresp.study.chapters import run_uncertainty

    table = run_uncertainty(study, replicates, runs, trees, into)
    print(table.groupby("kind")[["SR", "HR", "AR"]].describe().T.to_string())


@study_app.command("convergence")
def measure_convergence(
    out: Path = _folder("Run folder.", "--run", default=Path("runs/convergence")),
    recipe: Recipe = RECIPE,
    observations: Observations = OBSERVATIONS,
    runs: int = _count("Monte-Carlo runs of each flux.", 40, 4),
    trees: list[int] = _count("Trees of each run. Repeatable.  [default: 10, 50, 100, 500]"),
    into: Path = TABLE,
):
    """Measure the error by number of runs and trees."""
    study = _study(out, recipe, observations)
    from soilresp.study.chapters import convergence

    table = convergence.run_convergence(study, runs, trees or convergence.TREES, into)
    print(table.pivot(index=["target", "quantity", "n_trees"], columns="n_runs", values="error")
          .to_string(float_format="{:.3g}".format))


@study_app.command("influence")
def measure_influence(
    out: Path = _folder("Run folder.", "--run", default=Path("runs/standard")),
    recipe: Recipe = RECIPE,
    observations: Observations = OBSERVATIONS,
    studies: int = _count("Studies of each flux to refit without.", 20),
    runs: int = _count("Runs of each refit, at most.", 40, 2),
    into: Path = TABLE,
):
    """Weigh records and studies in the totals (10 minutes)."""
    study = _study(out, recipe, observations)
    from soilresp.study.chapters.influence import run_influence

    table, facts = run_influence(study, studies, runs, into)
    print(table.dropna().to_string(index=False, float_format="{:.3g}".format))
    for target, found in facts.items():
        print(target, found)


# ---------------------------------------------------------------- data


@data_app.command("list")
def list_data(names: list[str] = INPUTS):
    """Show place, version, licence and address of each input."""
    from soilresp.io import fetch, paths, registry

    chosen = [registry.entry(n) for n in names] if names else registry.entries().values()
    print(f"cache:  {paths.cache_dir()}")
    print(f"mirror: {paths.mirror_dir() or 'none (SOILRESP_MIRROR is not set)'}\n")
    for item in chosen:
        place = fetch.source_of(item.name) or "missing"
        print(f"{item.name:20} {place:9} {item.status:19} {item.what}")
        print(f"{'':50} {item.version}; {item.date}; {item.licence}")
        print(f"{'':50} {item.url or 'not published as a file'}")
    print("\nunverified: the address has not been tried. by hand: the address is a page.")


@data_app.command("fetch")
def fetch_data(
    names: list[str] = INPUTS,
    force: bool = _option("Download again what is already there.", "--force", default=False),
):
    """Download inputs into the cache."""
    from soilresp.io import fetch, registry

    chosen = names or [n for n, item in registry.entries().items() if not item.landing]
    _each(chosen, lambda name: fetch.fetch(name, force=force))
    if not names:
        by_hand = [n for n, item in registry.entries().items() if item.landing]
        missing = [n for n in by_hand if not fetch.is_available(n)]
        if missing:
            print(f"To be fetched by hand: {', '.join(missing)}")


@data_app.command("verify")
def verify_data(names: list[str] = INPUTS):
    """Compare inputs with the registered checksums."""
    from soilresp.io import fetch, registry

    chosen = names or [n for n in registry.entries() if fetch.is_available(n)]
    if not chosen:
        print("No input is available: set SOILRESP_MIRROR, or run `soilresp data fetch`.")
    _each(chosen, fetch.locate)


def _each(names, action):
    """Apply a function to every input, print each outcome, and raise at the end if one failed."""
    from soilresp.io import registry

    chosen = [registry.entry(name) for name in names]
    failed = 0
    for item in chosen:
        try:
            found = action(item.name)
        except SoilrespError as error:
            failed += 1
            print(f"{item.name:20} FAILED\n  {error}", file=sys.stderr)
            continue
        known = {digest for _, digest in item.places()} | {item.tested_sha256}
        verdict = "ok" if found.sha256 in known else "rolling, not the tested copy"
        print(f"{item.name:20} {verdict:28} {found.source:9} {found.path}")
    if failed:
        raise SoilrespError(f"{failed} of {len(chosen)} inputs failed, see above.")


@data_app.command("check")
def check_data(
    file: Path = _argument("srdb-data.csv.  [default: the available copy]", None, metavar="[FILE]"),
    out: Path = _folder("Write flags.csv and report.html here."),
):
    """Flag field records of SRDB that are likely wrong."""
    from soilresp.io import fetch
    from soilresp.io.files import write_aside, write_text
    from soilresp.records import quality
    from soilresp.records.srdb import questionable_records

    path = file or fetch.locate("srdb").path
    table = sr.load_srdb(path, strip=False)
    flags = sr.check_records(table)
    for sentence in questionable_records(table):
        print(sentence)
    if len(flags):
        print(quality.counts(flags).to_string())
    serious = flags[flags["score"] >= quality.THRESHOLD]
    print(f"\n{serious.index.nunique()} of {len(table)} records are suspect.")
    if out is None:
        print("The most suspect; --out FOLDER writes all:\n")
        print("\n".join(quality.sentences(quality.suspects(flags, 10))))
        return
    with write_aside(out / "flags.csv") as part:
        flags.assign(score=flags["score"].round(3)).to_csv(part, index=False)
    write_text(out / "report.html", quality.page(flags, table, path.name, quality.TESTS))
    print(f"{out / 'flags.csv'}\n{out / 'report.html'}")


@data_app.command("compare")
def compare_data(
    old: Path = _argument("srdb-data.csv of a release.", metavar="OLD"),
    new: Path = _argument("srdb-data.csv of a later release.", metavar="NEW"),
    runs: tuple[Path, Path] = _option(
        "Run folders made with them, to compare totals.", metavar="OLD NEW"
    ),
):
    """Compare two releases of SRDB."""
    from soilresp.io.files import read_json
    from soilresp.records import releases

    tables = [sr.load_srdb(file, strip=False) for file in (old, new)]
    print(releases.compare_releases(*tables).to_text())
    stripped = [sr.load_srdb(file) for file in (old, new)]
    print("\nSelected records")
    print(releases.compare_funnels(*stripped).to_string())
    if runs:
        totals = releases.compare_totals(
            *(read_json(run / "results" / "summary.json") for run in runs)
        )
        print("\nTotals of the runs")
        print(totals.to_string(float_format="{:,.4g}".format, na_rep="-"))


# ---------------------------------------------------------------- covariates and models


@covariates_app.command("build")
def build_covariates(
    out: Path = CUBE_FILE,
    recipe: Recipe = _option("Source of the covariates.", default="auto"),
    given: list[str] = _option(
        "Your own file or folder of an input. Repeatable.", "--input", metavar="NAME=PATH"
    ),
    years: tuple[int, int] = _option("Years.  [default: the recipe's]", metavar="FIRST LAST"),
    option: list[str] = _option(
        "A constant of the cube, such as par_fraction=0.5. Repeatable.", "-o", "--option",
        metavar="NAME=VALUE",
    ),
):
    """Build, check and describe a covariate cube."""
    from soilresp.covariates import cube
    from soilresp.study.run import parse_parameters

    made = sr.load_covariates(
        recipe, years, inputs=parse_parameters(given or ()),
        options=parse_parameters(option or ()),
    )
    cube.save_cube(made, out)
    _print_description(made)
    print(f"\nWritten to {out}")


@covariates_app.command("refine")
def refine_covariates(file: Path = CUBE, out: Path = CUBE_FILE):
    """Split each cell of a cube into four."""
    from soilresp.covariates import cube

    finer = cube.refine(cube.open_cube(file))
    cube.check_cube(finer)
    cube.save_cube(finer, out)
    print(f"Written to {out}")


@covariates_app.command("describe")
def describe_covariates(file: Path = CUBE):
    """Check a covariate cube and summarise its fields."""
    from soilresp.covariates import cube

    _print_description(cube.open_cube(file))


def _print_description(made):
    from soilresp.covariates.cube import describe

    print(made.attrs.get("title", "Covariate cube"))
    table = describe(made)
    for column in ("missing", "filled"):
        table[column] = [f"{share:.2%}" for share in table[column]]
    table["by_year"] = ["by year" if flag else "static" for flag in table["by_year"]]
    print(table.to_string(float_format=lambda x: f"{x:,.2f}"))


@models_app.command("list")
def list_models(folder: Path = _argument("Folder whose files to count.", None, metavar="[FOLDER]")):
    """List the models that can be read."""
    from soilresp.models import adapters, files_of

    for name, rules in adapters().items():
        found = "" if folder is None else f"  {len(files_of(folder, name))} files"
        print(f"{name:<12}{found}  {', '.join(rules['files'][:2])}")
        for words in (rules["reference"], rules["forcing"], rules["notes"]):
            if words:
                print(f"{'':<12}  {words}")


@models_app.command("read")
def read_models(
    path: Path = _argument("File of a model, or the folder of its files.", metavar="PATH"),
    adapter: str = _option(
        "Name in `soilresp models list`.  [default: by file name]", metavar="NAME"
    ),
    variable: list[str] = VARIABLE,
    years: tuple[int, int] = YEARS,
    land: str = _option("Land fraction, if the files have none.", metavar="FILE|study"),
    out: Path = _file("NetCDF to write, at half a degree."),
):
    """Read the output of a model and print its totals."""
    from soilresp.io.files import write_aside
    from soilresp.models import POOLS
    from soilresp.scoring.totals import model_total

    output = sr.read_model(path, adapter, _pairs(variable), period=years, land_fraction=land)
    print(f"{output.attrs['model']}, {output.attrs['period']}")
    for name in output.data_vars:
        if output[name].attrs.get("area_basis") == "land":
            total = float(model_total(output, name).mean())
            print(f"  {name:<8}{total:10.2f} {'Pg C' if name in POOLS else 'Pg C yr-1'}")
    print("\n".join(f"- {line}" for line in output.attrs["choices"].splitlines()))
    if out is not None:
        with write_aside(out) as aside:
            output.to_netcdf(aside)
        print(f"Written to {out}")


if __name__ == "__main__":
    main()
