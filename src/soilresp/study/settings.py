"""Resolve the settings of a study: profile, recipe, observations, seed and run folder."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from soilresp.covariates.recipes import AUTO, best_recipe, recipe_of, recipes
from soilresp.errors import DataError, ParameterError
from soilresp.io import fetch as access
from soilresp.io import paths
from soilresp.io.files import read_json, write_json
from soilresp.records.corrections import KNOWN, read_corrections

__all__ = ["PROFILES", "Profile", "Study", "check_choices", "resolve_settings", "run_folder"]


@dataclass(frozen=True)
class Profile:
    """Amount of work that a run does.

    Attributes
    ----------
    n_runs, n_trees : int
        Monte-Carlo runs and trees of each run's forest.
    cv_folds, cv_trees : int
        Folds of every cross-validation, and trees of its forests.
    search_trees : int
        Trees of each forest of the predictor search.
    search_depth : int
        Largest number of predictors that the search leaves out of, or puts
        into, a subset: 1 tries single additions and removals only.
    driver_trees, rank_draws : int
        Trees of the forests whose predictors are permuted, and repetitions for the spread
        of ranks.
    n_twins : int
        Twin experiments that are made again.
    recheck_leaders : int
        Leaders of the search through all subsets whose forests are grown again.
    sampling_runs, sampling_trees : int
        Runs and trees of the small ensembles under each sampling of the records.
    effect_runs, effect_trees : int
        The same of those with suspicious records left out or repaired.
    uncertainty_trees : int
        Trees of the runs whose totals tell the uncertainties.
    """

    name: str
    n_runs: int
    n_trees: int
    cv_folds: int
    cv_trees: int
    search_trees: int
    search_depth: int
    driver_trees: int = 10
    rank_draws: int = 2
    n_twins: int = 1
    recheck_leaders: int = 3
    sampling_runs: int = 10
    sampling_trees: int = 40
    effect_runs: int = 5
    effect_trees: int = 40
    uncertainty_trees: int = 50


PROFILES = {
    p.name: p
    for p in (
        # Every notebook in half a minute on two processors: enough to see that all works.
        Profile("quick", n_runs=6, n_trees=20, cv_folds=5, cv_trees=20,
                search_trees=20, search_depth=1, recheck_leaders=1, sampling_runs=5,
                sampling_trees=10, effect_runs=2, effect_trees=20, uncertainty_trees=20),
        Profile("standard", n_runs=40, n_trees=100, cv_folds=10, cv_trees=300,
                search_trees=200, search_depth=1, driver_trees=100, rank_draws=12, n_twins=2),
        Profile("paper", n_runs=2000, n_trees=500, cv_folds=10, cv_trees=500,
                search_trees=500, search_depth=2, driver_trees=500, rank_draws=50, n_twins=10),
    )
}

SRDB_RELEASE = "SRDB v5.0"
"""The release that the study is about."""

TWIN_LABEL = "Twin experiment: synthetic observations, known truth"


@dataclass(frozen=True)
class Study:
    """Resolved settings of a run.

    Attributes
    ----------
    run : pathlib.Path
        Folder of the run; results are in ``run / "results"``.
    profile : Profile
    recipe : str
        Covariate recipe, never "auto".
    observations : str
        "srdb" or "twin".
    seed : int
        Seed that every random draw is derived from.
    choices : tuple of str
        One sentence for each choice that was made for the user.
    release : str
        Which SRDB the field records are from; with another one than the study's (see
        ``SOILRESP_SRDB``) the name of its file and the beginning of its checksum.
    corrections : str
        Corrections of the field records: "none", "sourced" or the path of a table.
    """

    run: Path
    profile: Profile
    recipe: str
    observations: str
    seed: int = 0
    choices: tuple = field(default=(), compare=False)
    release: str = SRDB_RELEASE
    corrections: str = KNOWN[0]

    @property
    def results(self):
        """Folder of the result files (`pathlib.Path`)."""
        return self.run / "results"

    @property
    def is_twin(self):
        """Return whether the observations are synthetic."""
        return self.observations == "twin"

    @property
    def label(self):
        """Label of every figure and table of a twin experiment; else empty (str)."""
        return TWIN_LABEL if self.is_twin else ""

    def describe(self):
        """Return a sentence on the data and settings behind the results.

        Returns
        -------
        str
        """
        records = (
            "synthetic observations of a known truth (a twin experiment, no field data)"
            if self.is_twin
            else f"field records of {self.release}{self._corrected()}"
        )
        p = self.profile
        return (
            f"Made with {records}, covariate recipe '{self.recipe}', profile '{p.name}' "
            f"({p.n_runs} runs of {p.n_trees} trees), seed {self.seed}."
        )

    def _corrected(self):
        """Name the corrections that were applied; empty without any."""
        if self.corrections == "none":
            return ""
        if self.corrections == "sourced":
            return " with sourced corrections"
        return f" with the corrections of {Path(self.corrections).name}"


def run_folder(run):
    """Return the folder of a run; a relative one is below the project (`pathlib.Path`)."""
    run = Path(run).expanduser()
    return run.resolve() if run.is_absolute() else (paths.root() / run).resolve()


def _pick(kind, value, known):
    if value not in known:
        raise ParameterError(f"Unknown {kind} {value!r}: choose one of {', '.join(known)}.")
    return value


def check_choices(profile=None, recipe=None, observations=None, seed=None, corrections=None):
    """Refuse unknown settings before anything is done.

    Raises
    ------
    ParameterError
        If a setting has an unknown value.
    """
    if profile is not None:
        _pick("profile", profile, tuple(PROFILES))
    if recipe is not None:
        _pick("recipe", recipe, ("auto", *recipes()))
    if observations is not None:
        _pick("observations", observations, ("auto", "srdb", "twin"))
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        raise ParameterError(f"seed must be a whole number from 0 up, got {seed!r}.")
    if corrections is not None:
        read_corrections(corrections)


def _resolve_recipe(recipe):
    _pick("recipe", recipe, ("auto", *recipes()))
    if recipe != "auto":
        # locate() words the way out for the first that is missing, or downloads it.
        for name in recipe_of(recipe).needs:
            access.locate(name, download=True)
        return recipe, []
    best = best_recipe()
    if recipe_of(best).needs:
        return best, [f"Recipe '{best}': all of its inputs are available."]
    return best, [
        f"Recipe '{best}': the inputs of '{AUTO[0]}' are neither in the cache nor in a mirror, "
        "so the fields that ship with the project are used."
    ]


def _resolve_observations(observations):
    _pick("observations", observations, ("auto", "srdb", "twin"))
    if observations == "twin":
        return "twin", []
    if observations == "srdb" or os.environ.get(access.SRDB_VARIABLE):
        access.locate("srdb", download=True)
        return "srdb", []
    try:
        found = access.locate("srdb", download=True)
    except DataError as error:
        return "twin", [
            "Observations 'twin': SRDB is not available, so a synthetic data set with a known "
            f"truth takes its place. ({error})"
        ]
    return "srdb", [f"Observations 'srdb': SRDB v5.0 from the {found.source}."]


def resolve_settings(
    run=None, profile=None, recipe=None, observations=None, seed=None, corrections=None
):
    """Resolve a run's settings and note them in its folder.

    A setting that is not given is the one in the environment
    (``SOILRESP_PROFILE``, ``SOILRESP_RUN``), else the one noted in the folder
    before, else the default: profile "quick", recipe and observations "auto",
    seed 0, corrections "none", folder ``runs/interactive``.

    Parameters
    ----------
    run : path-like, optional
        Folder of the run; a relative one is below the project folder.
    profile : {"quick", "standard", "paper"}, optional
    recipe : {"auto", "embedded", "delta"}, optional
        "auto" takes the best recipe whose inputs are in the cache or a mirror.
    observations : {"auto", "srdb", "twin"}, optional
        "auto" takes SRDB if it can be had (a download is tried), else the twin.
    seed : int, optional
    corrections : {"none", "sourced"} or path-like, optional
        Corrections of the field records; a relative path starts at the notebooks.

    Returns
    -------
    Study

    Raises
    ------
    ParameterError
        If a setting has an unknown value.
    DataError
        If inputs that were asked for by name cannot be had.
    """
    folder = run_folder(run or os.environ.get("SOILRESP_RUN") or "runs/interactive")
    note = folder / "study.json"
    known = read_json(note) if note.exists() else {}
    if not isinstance(known, dict):
        raise DataError(
            f"{note} should hold the settings of a run by name, expected such as "
            '{"profile": "quick"}. Delete it and run again.'
        )
    profile = profile or os.environ.get("SOILRESP_PROFILE") or known.get("profile") or "quick"
    _pick("profile", profile, tuple(PROFILES))
    seed = known.get("seed", 0) if seed is None else seed
    corrections = str(corrections or known.get("corrections") or KNOWN[0])
    if corrections not in KNOWN:
        # A notebook runs in its own folder.
        corrections = str((paths.notebooks_dir() / Path(corrections).expanduser()).resolve())
    check_choices(seed=seed, corrections=corrections)
    choices = []
    if recipe is None and "recipe" in known:
        recipe = _pick("recipe", known["recipe"], tuple(recipes()))
    else:
        recipe, why = _resolve_recipe(recipe or "auto")
        choices += why
    if observations is None and "observations" in known:
        observations = _pick("observations", known["observations"], ("srdb", "twin"))
    else:
        observations, why = _resolve_observations(observations or "auto")
        choices += why
    settings = {"profile": profile, "recipe": recipe, "observations": observations, "seed": seed}
    release = _release(known) if observations == "srdb" else SRDB_RELEASE
    if release != SRDB_RELEASE:
        settings["release"] = release
    if corrections != "none":
        settings["corrections"] = corrections
    if settings != known:
        write_json(note, settings)
    return Study(
        folder, PROFILES[profile], recipe, observations, seed, tuple(choices), release,
        corrections,
    )


def _release(known):
    """Return the release of SRDB in words: of the file given, else that of the folder."""
    given = os.environ.get(access.SRDB_VARIABLE)
    if not given:
        return known.get("release", SRDB_RELEASE)
    found = access.locate("srdb")
    return f"SRDB as in {found.path.name} (SHA-256 {found.sha256[:12]})"
