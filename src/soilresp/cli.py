"""The ``soilresp`` command."""

import os
import re
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from soilresp import __version__
from soilresp.errors import ParameterError, SoilrespError

__all__ = ["app", "main"]

# Imports of numpy and the like are inside the commands: `soilresp --help` is for a quick look.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The Global Soil Respiration Benchmark: run the study, fetch its inputs, build the book.",
)
data_app = typer.Typer(no_args_is_help=True, help="List, fetch and verify the inputs.")
app.add_typer(data_app, name="data")
covariates_app = typer.Typer(no_args_is_help=True, help="Build and describe covariate cubes.")
app.add_typer(covariates_app, name="covariates")
models_app = typer.Typer(no_args_is_help=True, help="Read the output of ecosystem models.")
app.add_typer(models_app, name="models")


INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it (128 + SIGINT)."""


class Profile(str, Enum):
    """How much work a run does."""

    quick = "quick"
    standard = "standard"
    paper = "paper"


class Recipe(str, Enum):
    """Where the covariates come from."""

    auto = "auto"
    delta = "delta"
    embedded = "embedded"
    cru_ts = "cru_ts"
    merra2 = "merra2"


class Observations(str, Enum):
    """What is upscaled."""

    auto = "auto"
    srdb = "srdb"
    twin = "twin"


class Step(str, Enum):
    """A step of the tests."""

    unit = "unit"
    pairs = "pairs"
    notebooks = "notebooks"
    book = "book"


class ExportFormat(str, Enum):
    """How maps are written."""

    netcdf = "netcdf"
    zarr = "zarr"
    cog = "cog"
    ilamb = "ilamb"


class ExportPart(str, Enum):
    """Which maps are written."""

    climatology = "climatology"
    annual = "annual"
    all = "all"


def _own_srdb(context: typer.Context, file: Path | None):
    if file is not None:
        from soilresp.io import fetch as access
        from soilresp.study.run import _environment

        context.with_resource(_environment(access.SRDB_VARIABLE, str(file.absolute())))
    return file


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
    except SoilrespError as error:
        if os.environ.get("SOILRESP_DEBUG") == "1":
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ParameterError) else 1)
    except OSError as error:
        from soilresp.io.files import cannot_write

        words = cannot_write(error.filename or "A file", error)
        if words is None or os.environ.get("SOILRESP_DEBUG") == "1":
            raise
        print(f"error: {words}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as leave:
        if leave.code == INTERRUPTED:
            print("\ninterrupted", file=sys.stderr)
        raise


def _show_version(asked: bool):
    if asked:
        print(f"soilresp {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and leave."
        ),
    ] = False,
):
    pass


@app.command()
def run(
    profile: Annotated[
        Profile | None, typer.Option(help="How much work is done; default quick.")
    ] = None,
    recipe: Annotated[
        Recipe | None,
        typer.Option(help="Where the covariates come from; default auto, the best at hand."),
    ] = None,
    observations: Annotated[
        Observations | None,
        typer.Option(help="What is upscaled; default auto, SRDB if it can be had."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NOTEBOOK",
            help="Run this notebook alone, by name or number (05); may be repeated. Settings "
            "not given are those of the run folder.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Run folder; default runs/PROFILE in the project."),
    ] = None,
    book: Annotated[
        bool, typer.Option("--book", help="Build the book from the executed notebooks.")
    ] = False,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--parameter", metavar="NAME=VALUE",
            help="Value (YAML) of a parameter of the notebooks; may be repeated.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all random draws; default 0.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Make the runs of the maps on this Dask scheduler, or `local`; same results.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Local Dask workers; default one to a processor.")
    ] = None,
    changed: Annotated[
        bool,
        typer.Option(
            "--changed", help="Leave out notebooks that are up to date, and say why others run."
        ),
    ] = False,
    srdb: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", callback=_own_srdb, exists=True, dir_okay=False,
            help="srdb-data.csv of another release, taken instead of SRDB v5.0.",
        ),
    ] = None,
):
    """Run the study: the notebooks in order, then the table of SR, HR and AR."""
    from soilresp.study import run as runner

    runner.run_study(
        profile=profile and profile.value, recipe=recipe and recipe.value,
        observations=observations and observations.value, only=only or (), out=out,
        parameters=runner.parse_parameters(parameter or ()), make_book=book, seed=seed,
        scheduler=scheduler, workers=workers, changed=changed,
    )


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.YML", help="Sets of parameters.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Runs side by side; default one to a processor.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="For the run folders; default runs/sweep-NAME."),
    ] = None,
):
    """Run the study with many sets of parameters, and compare the results."""
    from soilresp.study import sweep as sweeps

    sweeps.run_sweep(file, workers, out)


@app.command()
def book(
    from_run: Annotated[
        Path | None,
        typer.Option(
            "--run", metavar="FOLDER",
            help="Build from this run's notebooks; default: from the committed outputs.",
        ),
    ] = None,
):
    """Build the book; a warning is an error."""
    from soilresp.book.build import build

    print(build(run=from_run))


@app.command()
def publish(
    from_run: Annotated[Path, typer.Option("--run", metavar="FOLDER", help="The run to take.")],
):
    """Make the executed notebooks of a run the committed outputs."""
    from soilresp.book.publish import publish as publish_run

    for file in publish_run(from_run):
        print(file)


@app.command()
def score(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="NetCDF files of a model; several models, or their folder, "
            "are an ensemble.",
        ),
    ],
    name: Annotated[str | None, typer.Option(help="Name of the model.")] = None,
    variable: Annotated[
        list[str] | None,
        typer.Option(
            "--var", metavar="NAME=FLUX",
            help="Variable that is SR, HR or AR, such as rh=HR, where it cannot be found out; may "
            "be repeated.",
        ),
    ] = None,
    benchmark: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Default: the benchmark that ships with the project."),
    ] = None,
    years: Annotated[
        tuple[int, int], typer.Option(metavar="FIRST LAST", help="Years that count.")
    ] = (1982, 2012),
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to write; default scores/NAME here."),
    ] = None,
):
    """Score a model's SR, HR or AR against the benchmark: totals, maps, sites, rank."""
    from soilresp.scoring import score as score_models
    from soilresp.scoring.members import read_members

    models = read_members(files, name, _pairs(variable), years)
    from soilresp.io import fetch as access
    from soilresp.plot.score import scorecard_figures
    from soilresp.records.selection import select_records
    from soilresp.records.srdb import load_srdb

    records = None
    if access.is_available(["srdb"]):
        records = select_records(load_srdb(access.locate("srdb").path))[0]
    card = score_models(models, benchmark, name, records=records)
    print(card.to_text())
    # No name may climb out of the folder, or hide what it holds.
    plain = re.sub(r"[^\w.-]+", "_", card.name).strip("._") or "model"
    folder = out or Path("scores") / plain
    for file in card.save(folder, scorecard_figures(card)):
        print(file)


def _pairs(given):
    """Options such as ``rh=HR`` as a dictionary, or None."""
    parts = [text.partition("=") for text in given or ()]
    wrong = [name + sign + flux for name, sign, flux in parts if not (name and sign and flux)]
    if wrong:
        raise ParameterError(f"--var {wrong[0]} is not NAME=FLUX, such as rh=HR.")
    return {name: flux for name, _, flux in parts} or None


@app.command()
def bench(
    out: Annotated[
        Path, typer.Option("--run", metavar="FOLDER", help="Run folder with the maps.")
    ] = Path("runs/bench"),
    recipe: Annotated[Recipe | None, typer.Option(help="Where the covariates come from.")] = None,
    observations: Annotated[Observations | None, typer.Option(help="What is upscaled.")] = None,
    trees: Annotated[int, typer.Option(min=1, help="Trees of the forest.")] = 500,
    repeats: Annotated[int, typer.Option(min=5, help="Times that each thing is done.")] = 5,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the measurements as well.")
    ] = None,
    job: Annotated[
        bool,
        typer.Option(
            "--paper-job",
            help="Instead, time runs of the paper's ensembles, and tell the hours of all 2000.",
        ),
    ] = False,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each flux of --paper-job.")] = 20,
):
    """Time the evaluation of forests beside scikit-learn and quantile-forest (ten minutes)."""
    from soilresp.io.files import write_json
    from soilresp.study import bench as benchmark
    from soilresp.study.settings import resolve_settings

    study = resolve_settings(
        out, recipe=recipe and recipe.value, observations=observations and observations.value
    )

    def keep(measured):
        if json_file is not None:
            write_json(json_file, measured)

    if job:
        print(benchmark.job_table(benchmark.paper_job(study, runs, done=keep)))
        return
    measured = benchmark.measure(study, n_trees=trees, repeats=repeats)
    print(benchmark.table(measured))
    keep(measured)


@app.command()
def converge(
    out: Annotated[
        Path, typer.Option("--run", metavar="FOLDER", help="Run folder with the maps.")
    ] = Path("runs/converge"),
    recipe: Annotated[Recipe | None, typer.Option(help="Where the covariates come from.")] = None,
    observations: Annotated[Observations | None, typer.Option(help="What is upscaled.")] = None,
    runs: Annotated[int, typer.Option(min=4, help="Monte-Carlo runs of each flux.")] = 40,
    trees: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Trees of each run, may be repeated; default 10, 50, 100, 500."),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to write; default data/study in the project."),
    ] = None,
):
    """Measure how maps and totals converge with runs and trees, and keep the table."""
    from soilresp.study.chapters import convergence as converging
    from soilresp.study.settings import settle

    study = settle(
        out, recipe=recipe and recipe.value, observations=observations and observations.value
    )
    table = converging.run_convergence(study, runs, trees or converging.TREES, into)
    print(table.pivot(index=["target", "quantity", "n_trees"], columns="n_runs", values="error")
          .to_string(float_format="{:.3g}".format))


@app.command()
def uncertainty(
    out: Annotated[
        Path, typer.Option("--run", metavar="FOLDER", help="Run folder with the maps.")
    ] = Path("runs/standard"),
    recipe: Annotated[Recipe | None, typer.Option(help="Where the covariates come from.")] = None,
    observations: Annotated[Observations | None, typer.Option(help="What is upscaled.")] = None,
    replicates: Annotated[int, typer.Option(min=3, help="Times studies are resampled.")] = 100,
    runs: Annotated[int, typer.Option(min=2, help="Runs of each time.")] = 4,
    trees: Annotated[int, typer.Option(min=1, help="Trees of each run's forest.")] = 50,
):
    """Resample studies and vary choices, for the table of uncertainties (minutes)."""
    from soilresp.study import chapters as workflow
    from soilresp.study.settings import resolve_settings

    study = resolve_settings(
        out, recipe=recipe and recipe.value, observations=observations and observations.value
    )
    table = workflow.run_uncertainty(study, replicates, runs, trees)
    print(table.groupby("kind")[["SR", "HR", "AR"]].describe().T.to_string())


@app.command()
def export(
    from_run: Annotated[
        Path, typer.Option("--run", metavar="FOLDER", help="Run folder with the maps.")
    ] = Path("runs/standard"),
    file_format: Annotated[
        ExportFormat,
        typer.Option(
            "--format", help="NetCDF (CF-1.8), Zarr, a GeoTIFF for each variable, or for ILAMB."
        ),
    ] = ExportFormat.netcdf,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to; default export/ in the run.")
    ] = None,
    what: Annotated[ExportPart, typer.Option(help="Which maps.")] = ExportPart.all,
    compact: Annotated[
        bool,
        typer.Option(
            "--compact",
            help="Write the small benchmark file, its annual maps and the table of models instead; "
            "default into data/.",
        ),
    ] = False,
):
    """Write the maps of a run as files that open everywhere."""
    from soilresp.io import lock, paths
    from soilresp.study import export as exporter

    said = f"soilresp export --run {from_run.name}"
    study = exporter.open_run(from_run)
    ilamb = file_format is ExportFormat.ilamb
    own = study.run / ("ilamb" if ilamb else "export")
    if compact:
        own = paths.data_dir() / "benchmark"
    folder = own if out is None else out
    with lock.hold(folder, "soilresp export"):
        if compact:
            written = exporter.export_compact(study, out, f"{said} --compact")
        elif ilamb:
            written = exporter.export_ilamb(study, folder)
        else:
            said += f" --format {file_format.value} --what {what.value}"
            written = exporter.export_run(study, folder, file_format.value, what.value, said)
    for file in written:
        print(file)


@app.command()
def twins(
    n: Annotated[int, typer.Option("--n", min=1, help="Experiments of each variant.")] = 50,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the tables go; default data/study."),
    ] = None,
    unfinished: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where unfinished work is kept; default runs/twins."),
    ] = None,
):
    """Train on synthetic records of a known world, many times (15 CPU minutes for 50)."""
    from soilresp.study.chapters.c11_twins import run_twins

    table = run_twins(n, out, unfinished)
    print(table.to_string(index=False, float_format="{:.2f}".format, na_rep="-"))


@app.command("search")
def search_predictors(
    out: Annotated[
        Path, typer.Option("--run", metavar="FOLDER", help="Run folder; scores are kept there.")
    ] = Path("runs/search"),
    recipe: Annotated[Recipe | None, typer.Option(help="Where the covariates come from.")] = None,
    observations: Annotated[Observations | None, typer.Option(help="What is upscaled.")] = None,
    stage: Annotated[
        list[int] | None,
        typer.Option(min=1, max=3, help="Do this stage alone; may be repeated. Default all."),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Default: all cores. Changes no score.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all random draws; default 0.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="For the table; default data/study."),
    ] = None,
):
    """Score every subset of the predictors (an hour and a half on two cores); may be resumed."""
    from soilresp.evaluation.search_all import STAGES
    from soilresp.study.chapters import search_all_subsets
    from soilresp.study.settings import resolve_settings

    study = resolve_settings(
        out, recipe=recipe and recipe.value, observations=observations and observations.value,
        seed=seed,
    )
    for number, spent in search_all_subsets(study, stage or STAGES, processes, into=into).items():
        print(
            f"stage {number}: {spent['scores']} scores, {spent['wall']:.0f} s, "
            f"{spent['cpu']:.0f} CPU s"
        )


@app.command()
def alternatives(
    recipe: Annotated[Recipe | None, typer.Option(help="Where the covariates come from.")] = None,
    observations: Annotated[Observations | None, typer.Option(help="What is upscaled.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the table goes; default data/study."),
    ] = None,
    run_folder: Annotated[
        Path, typer.Option("--run", metavar="FOLDER", help="Run folder; keeps unfinished work.")
    ] = Path("runs/alternatives"),
):
    """Look for a model that predicts unseen studies better (10 CPU minutes)."""
    from soilresp.study.chapters.c10_drivers import compare_alternatives
    from soilresp.study.settings import resolve_settings

    study = resolve_settings(
        run_folder, recipe=recipe and recipe.value,
        observations=observations and observations.value,
    )
    print(study.describe())
    table, facts = compare_alternatives(study, out)
    columns = ["target", "phase", "alternative", "step", "rmse_study", "r2_study",
               "rmse_blocks2", "gain", "gain_se", "total"]
    print(table[columns].to_string(index=False, float_format="{:.2f}".format, na_rep="-"))
    for target, name in facts["best"].items():
        print(f"Best for {target}: {name}")


@app.command()
def doctor(
    full: Annotated[
        bool, typer.Option("--full", help="Compare checksums and read results too (a minute).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell it as JSON.")] = False,
    licences: Annotated[
        bool, typer.Option("--licences", help="Instead, list packages and inputs with licences.")
    ] = False,
):
    """Say what is installed, found and free, and whether a quick run will work (exit code 0)."""
    import json

    if licences:
        from soilresp.book.licences import as_page

        print(as_page(), end="")
        return
    from soilresp.study import doctor as health

    found = health.examine(full)
    if as_json:
        print(json.dumps(health.as_dict(found), indent=1))
    else:
        print(health.as_text(found, everything=full))
    raise typer.Exit(0 if health.ready(found) else 1)


@app.command("test")
def run_tests(
    only: Annotated[Step | None, typer.Option(help="Run this step alone.")] = None,
):
    """Run the project's tests."""
    from soilresp.study import testing

    raise typer.Exit(testing.run(only=only and only.value))


Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Inputs; default all of them.")
]


@data_app.command("list")
def list_data(names: Names = None):
    """Show each input: where it is, the state of its address, version and licence."""
    from soilresp.io import fetch as access
    from soilresp.io import paths, registry

    chosen = [registry.entry(n) for n in names] if names else registry.entries().values()
    print(f"cache:  {paths.cache_dir()}")
    print(f"mirror: {paths.mirror_dir() or 'none (SOILRESP_MIRROR is not set)'}\n")
    for item in chosen:
        place = access.source_of(item.name) or "missing"
        print(f"{item.name:20} {place:9} {item.status:19} {item.what}")
        print(f"{'':50} {item.version}; {item.date}; {item.licence}")
        print(f"{'':50} {item.url or 'not published as a file'}")
    print(
        "\nunverified: the address has not been tried yet. by hand: it is a page for people; "
        "see `soilresp data fetch NAME`."
    )


@data_app.command("fetch")
def fetch_data(
    names: Names = None,
    force: Annotated[
        bool, typer.Option("--force", help="Download even what is at hand.")
    ] = False,
):
    """Download inputs into the cache. Without names, all that a program can fetch."""
    from soilresp.io import fetch as access
    from soilresp.io import registry

    chosen = names or [n for n, item in registry.entries().items() if not item.landing]
    _each(chosen, lambda name: access.fetch(name, force=force))
    if not names:
        by_hand = [n for n, item in registry.entries().items() if item.landing]
        missing = [n for n in by_hand if not access.is_available(n)]
        if missing:
            print(f"To be fetched by hand: {', '.join(missing)}")


@data_app.command("verify")
def verify_data(names: Names = None):
    """Compare the checksums of the inputs at hand with the registry."""
    from soilresp.io import fetch as access
    from soilresp.io import registry

    chosen = names or [n for n in registry.entries() if access.is_available(n)]
    if not chosen:
        print("No input is at hand: set SOILRESP_MIRROR, or run `soilresp data fetch`.")
    _each(chosen, access.locate)


@covariates_app.command("build")
def build_covariates(
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write: cube.nc or cube.zarr.")
    ],
    recipe: Annotated[
        Recipe, typer.Option(help="Where the covariates come from; auto: the best at hand.")
    ] = Recipe.auto,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="NAME=PATH",
            help="File or folder of an input of your own; may be repeated.",
        ),
    ] = None,
    years: Annotated[
        tuple[int, int] | None,
        typer.Option(metavar="FIRST LAST", help="Years, if not those of the recipe."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "-o", "--option", metavar="NAME=VALUE",
            help="A constant of the cube, such as par_fraction=0.5; may be repeated.",
        ),
    ] = None,
):
    """Build a covariate cube by a recipe, check it, and describe it."""
    from soilresp.covariates import cube
    from soilresp.covariates.load import load_covariates
    from soilresp.study.run import parse_parameters

    made = load_covariates(
        recipe.value, years, inputs=parse_parameters(given or ()),
        options=parse_parameters(option or ()),
    )
    cube.save_cube(made, out)
    _print_description(made)
    print(f"\nWritten to {out}")


@covariates_app.command("refine")
def refine_covariates(
    file: Annotated[Path, typer.Argument(help="A cube, .nc or .zarr.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write: cube.nc or cube.zarr.")
    ],
):
    """Cut each cell of a cube into four: a frame of a quarter of a degree for finer fields."""
    from soilresp.covariates import cube

    finer = cube.refine(cube.open_cube(file))
    cube.check_cube(finer)
    cube.save_cube(finer, out)
    print(f"Written to {out}")


@covariates_app.command("describe")
def describe_covariates(
    file: Annotated[Path, typer.Argument(help="A cube, .nc or .zarr.")],
):
    """Check a covariate cube and show what is in it."""
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
def list_models(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder with output, to see what is found in it.")
    ] = None,
):
    """List the models that can be read: their files, reference and forcing."""
    from soilresp.models import adapters, files_of

    for name, rules in adapters().items():
        found = "" if folder is None else f"  {len(files_of(folder, name))} files"
        print(f"{name:<12}{found}  {', '.join(rules['files'][:2])}")
        for words in (rules["reference"], rules["forcing"], rules["notes"]):
            if words:
                print(f"{'':<12}  {words}")


@models_app.command("read")
def read_models(
    path: Annotated[Path, typer.Argument(help="File of a model, or the folder of its files.")],
    adapter: Annotated[
        str | None, typer.Option(help="A name of `soilresp models list`; default: by file names.")
    ] = None,
    variable: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="NAME=FLUX", help="What a variable is, such as rh=HR."),
    ] = None,
    years: Annotated[
        tuple[int, int], typer.Option(metavar="FIRST LAST", help="Years that count.")
    ] = (1982, 2012),
    land: Annotated[
        str | None,
        typer.Option(metavar="FILE|study", help="Land fraction, where the files hold none."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it at half a degree, NetCDF.")
    ] = None,
):
    """Read a model's output, and say its totals and everything that was decided."""
    from soilresp.io.files import write_aside
    from soilresp.models import POOLS, read_model
    from soilresp.scoring.totals import global_total

    output = read_model(path, adapter, _pairs(variable), period=years, land_fraction=land)
    print(f"{output.attrs['model']}, {output.attrs['period']}")
    for name in output.data_vars:
        if output[name].attrs.get("area_basis") == "land":
            total = float(global_total(output, name).mean())
            print(f"  {name:<8}{total:10.2f} {'Pg C' if name in POOLS else 'Pg C yr-1'}")
    print("\n".join(f"- {line}" for line in output.attrs["choices"].splitlines()))
    if out is not None:
        with write_aside(out) as aside:
            output.to_netcdf(aside)
        print(f"Written to {out}")


@data_app.command("check")
def check_data(
    file: Annotated[
        Path | None, typer.Argument(help="srdb-data.csv; default: the copy at hand.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write flags.csv and report.html here."),
    ] = None,
    benchmark: Annotated[
        bool,
        typer.Option(
            "--benchmark", help="Corrupt sound records in ten known ways, and count what is found."
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the benchmark.")] = 0,
):
    """Look for field records of SRDB that cannot be right. None is changed."""
    from soilresp.io import fetch as access
    from soilresp.records.srdb import load_srdb

    path = file or access.locate("srdb").path
    table = load_srdb(path, strip=False)
    if benchmark:
        _print_benchmark(table, seed, out)
    else:
        _print_check(table, path, out)


@data_app.command("compare")
def compare_data(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="srdb-data.csv of a release.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="That of a later one.")],
    runs: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="OLD NEW", help="Run folders made with them, to compare totals."),
    ] = None,
):
    """Tell what a newer release of SRDB changes: records, fields, the selection, totals."""
    from soilresp.io.files import read_json
    from soilresp.records import releases
    from soilresp.records.srdb import load_srdb

    tables = [load_srdb(file, strip=False) for file in (old, new)]
    print("\n".join(releases.compare_releases(*tables).words()))
    stripped = [load_srdb(file) for file in (old, new)]
    print("\nRecords that the selection leaves")
    print(releases.compare_funnels(*stripped).to_string())
    if runs:
        totals = releases.compare_totals(
            *(read_json(run / "results" / "summary.json") for run in runs)
        )
        print("\nWhat the runs make of them")
        print(totals.to_string(float_format="{:,.4g}".format, na_rep="-"))


def _print_check(table, path, out):
    from soilresp.io.files import write_aside
    from soilresp.records import quality
    from soilresp.records.srdb import questionable_records

    flags = quality.check_records(table)
    for sentence in questionable_records(table):
        print(sentence)
    if len(flags):
        print(quality.counts(flags).to_string())
    serious = flags[flags["score"] >= quality.THRESHOLD]
    print(f"\n{serious.index.nunique()} of {len(table)} records are under suspicion.")
    if out is None:
        print("The most suspicious; --out FOLDER writes all:\n")
        print("\n".join(quality.sentences(quality.suspects(flags, 10))))
        return
    with write_aside(out / "flags.csv") as part:
        flags.assign(score=flags["score"].round(3)).to_csv(part, index=False)
    with write_aside(out / "report.html") as part:
        part.write_text(quality.page(flags, table, path.name, quality.TESTS), encoding="utf-8")
    print(f"{out / 'flags.csv'}\n{out / 'report.html'}")


def _print_benchmark(table, seed, out):
    from soilresp.io.files import write_aside
    from soilresp.io.progress import track
    from soilresp.records.quality import benchmark

    found, alarms = benchmark.benchmark(
        table, seed=seed, track=lambda rounds: track(rounds, "rounds")
    )
    tables = {"recall": found, "false_alarms": alarms}
    print(
        "Share of corruptions found, and of repairs that restore the record; studies that no "
        f"limit was set on\n{found.to_string(float_format='{:.3f}'.format, na_rep='')}\n\n"
        "Untouched clean records under suspicion\n"
        f"{alarms.to_string(float_format='{:.4f}'.format)}"
    )
    if out is not None:
        for name, content in tables.items():
            with write_aside(out / f"{name}.csv") as part:
                content.to_csv(part)


def _each(names, action):
    """Do something with every input, print each outcome, and fail at the end if one did."""
    from soilresp.io import registry

    chosen = [registry.entry(name) for name in names]
    failed = 0
    for item in chosen:
        try:
            found = action(item.name)
        except SoilrespError as error:
            failed += 1
            print(f"{item.name:20} FAILED\n  {error}", file=sys.stderr)
        else:
            print(f"{item.name:20} {_verdict(item, found):28} {found.source:9} {found.path}")
    if failed:
        raise SoilrespError(f"{failed} of {len(chosen)} inputs failed, see above.")


def _verdict(item, found):
    known = {digest for _, digest in item.places()} | {item.tested_sha256}
    return "ok" if found.sha256 in known else "rolling, not the tested copy"


if __name__ == "__main__":
    main()
