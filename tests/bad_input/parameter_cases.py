"""Commands and parameters that cannot be."""

from bad_input.case import Case

RUN = ("run", "--recipe", "embedded", "--observations", "twin")


def value(name, wrong, given, says):
    """A value of a parameter that is refused before anything is done."""
    return Case(f"param-{name}", wrong, (*RUN, "-p", given), 2, says)


def use(name, wrong, command, says):
    """A command that is given wrongly."""
    return Case(f"use-{name}", wrong, command, 2, says)


def _damaged_study(content):
    def make(world):
        (world.root / "runs/r").mkdir(parents=True)
        (world.root / "runs/r/study.json").write_text(content)

    return make


PARAMETER_CASES = (
    value("unknown", "a name that no notebook has", "n_rums=3", "has a parameter 'n_rums'"),
    value("no-value", "no equals sign", "n_runs", "not of the form name=value"),
    value("own", "one that is an option", "profile=quick", "is set by the option --profile"),
    value("not-yaml", "a bracket that is not closed", "sr_predictors=[MAT", "is not YAML"),
    value("deep", "brackets ten thousand deep", "rules=" + "[" * 10_000, "nested too deeply"),
    value("date", "a date that cannot be", "n_runs=2001-99-99", "is not YAML: a value cannot be"),
    value("tag", "a tag that would run a program",
          'model_name=!!python/object/apply:os.system ["true"]', "could not determine a constr"),
    value("negative", "negative runs", "n_runs=-5", "n_runs must be a whole number from 1"),
    value("no-trees", "no trees", "n_trees=0", "n_trees must be a whole number from 1.*got 0"),
    value("fraction", "half a run", "n_runs=1.5", "n_runs must be a whole number.*got 1.5"),
    value("nan", "NaN runs", "n_runs=.nan", "n_runs must be a whole number.*got nan"),
    value("flag", "true for a number", "n_trees=true", "n_trees must be.*got True"),
    value("words", "a word for a number", "n_runs=many", "n_runs must be.*got 'many'"),
    value("huge", "a million million trees", "n_trees=1000000000000", "from 1 to 100,000"),
    value("list", "a list for a number", "cv_trees=[5]", "cv_trees must be"),
    value("one-fold", "one fold", "cv_folds=1", "cv_folds must be a whole number from 2"),
    value("deep-search", "a search deeper than there are predictors", "search_depth=99",
          "search_depth must be a whole number from 1 to 10"),
    value("predictor", "an unknown predictor", "sr_predictors=[MAT, NDVI]",
          "sr_predictors must be a list of MAT"),
    value("predictor-text", "a text for a list of predictors", "hr_predictors=MAT",
          "hr_predictors must be a list of predictors"),
    value("predictor-twice", "a predictor twice", "sr_predictors=[MAT, MAT]",
          "each predictor once"),
    value("no-predictors", "no predictors", "sr_predictors=[]", "a list of predictors"),
    value("draw", "an unknown way to draw", "draw=biased", "draw must be one of area"),
    value("joint", "an unknown way to split SR", "joint=sum", "joint must be one of"),
    value("spread", "an unknown spread", "spread=wide", "spread must be one of studies"),
    value("truth", "an unknown truth", "truth=wishes", "truth must be one of climate_response"),
    value("correlation", "a correlation of 2", "correlation=2",
          "correlation must be a number from -1"),
    value("correlation-nan", "a correlation of NaN", "correlation=.nan", "got nan"),
    value("few-draws", "ten draws", "n_draws=10", "n_draws must be a whole number from 100"),
    value("years-reversed", "years in reverse", "years=[2012, 1990]", "years in order"),
    value("years-outside", "a year before all records", "years=[1700, 1710]", "from 1850 to 2100"),
    value("years-words", "words for years", "years=[a, b]", "first and the last year"),
    value("year-one", "one year for two", "years=[1990]", "first and the last year"),
    value("rule", "an unknown selection rule", "rules={flux: 3}", "Unknown selection rule 'flux'"),
    value("rule-years", "selection years in reverse", "rules={years: [2013, 1982]}",
          "years must be \\(first, last\\)"),
    value("rule-words", "words in selection years", "rules={years: [a, b]}", "years must be"),
    value("rule-nan", "NaN for the least flux", "rules={min_flux: .nan}",
          "min_flux must be a number"),
    value("rule-box", "a box of three numbers", "rules={box: [1, 2, 3]}", "box must be"),
    value("rule-box-nan", "a box with NaN", "rules={box: [.nan, 2, 3, 4]}", "box must be"),
    value("rule-text", "a text for manipulations", "rules={manipulation: None}", "must be a list"),
    value("rule-quality", "an unknown treatment", "rules={quality: hide}",
          "quality must be one of"),
    value("rules-list", "a list for rules", "rules=[1, 2]", "selection rules by name"),
    value("option", "an unknown constant", "options={par: 1}", "Unknown covariate option 'par'"),
    value("option-words", "a word for a constant", "options={par_fraction: half}",
          "must be like 0.45"),
    value("option-nan", "NaN for a constant", "options={extinction: .nan}", "must be like 0.5"),
    value("option-range", "a share in percent", "options={par_fraction: 45}", "between 0.01 and 1"),
    value("option-pair", "one number for two", "options={ratio_bounds: 3}", "must be like"),
    value("inputs", "an unknown input", "inputs={cru: here}", "no input named 'cru'"),
    value("inputs-path", "an input that is not there", "inputs={gistemp: nowhere.nc}",
          "gistemp names 'nowhere.nc', which does not exist"),
    value("models", "a folder of models that is not there", "models=nowhere",
          "models names 'nowhere'"),
    value("file", "a number for a file", "file=3", "file must be the path"),
    use("profile", "an unknown profile", ("run", "--profile", "huge"), "'huge' is not one of"),
    use("recipe", "an unknown recipe", ("run", "--recipe", "mine"), "'mine' is not one of"),
    use("seed", "a negative seed", ("run", "--seed", "-1"), "seed"),
    use("seed-words", "a word for a seed", ("run", "--seed", "lucky"), "valid integer"),
    use("notebook", "an unknown notebook", ("run", "--only", "99"), "There is no notebook '99'"),
    use("workers", "no workers", ("run", "--workers", "0"), "workers"),
    use("command", "an unknown command", ("walk",), "No such command"),
    use("ending", "a cube of an unknown kind",
        ("covariates", "build", "--recipe", "embedded", "--out", "cube.txt"),
        "written as .nc or .zarr, not 'cube.txt'"),
    use("build-option", "an unknown constant of a cube",
        ("covariates", "build", "--recipe", "embedded", "--out", "cube.nc", "-o", "par=1"),
        "Unknown covariate option"),
    use("build-years", "years of a climatology",
        ("covariates", "build", "--recipe", "embedded", "--out", "cube.nc", "--years", "1990",
         "1999"), "is a climatology and has no years"),
    use("var", "a variable without its flux", ("score", "m.nc", "--var", "rh"), "is not NAME=FLUX"),
    use("no-file", "a score of nothing", ("score",), "Missing argument"),
    Case("run-study-damaged", "a damaged study.json", (*RUN[:1], "--only", "01", "--out", "runs/r"),
         1, "study.json is not readable JSON", _damaged_study("{\"profile\":")),
    Case("run-study-list", "a list in study.json", ("run", "--only", "01", "--out", "runs/r"),
         1, "study.json.*expected", _damaged_study("[1, 2]")),
    Case("run-study-profile", "an unknown profile in study.json",
         ("run", "--only", "01", "--out", "runs/r"), 2, "Unknown profile 'vast'",
         _damaged_study('{"profile": "vast"}')),
    Case("run-study-seed", "a text for a seed in study.json",
         ("run", "--only", "01", "--out", "runs/r", "--recipe", "embedded", "--observations",
          "twin"), 2, "seed must be a whole number", _damaged_study('{"seed": "x"}')),
    Case("run-nowhere", "a run that is not there", ("export", "--run", "nowhere"), 1,
         "nowhere"),
    Case("publish-nowhere", "a run that is not there", ("publish", "--run", "nowhere"), 1,
         "There is no run in nowhere"),
    Case("mirror-nowhere", "SOILRESP_MIRROR names no folder", ("data", "check"), 1,
         "SOILRESP_MIRROR is set to", env={"SOILRESP_MIRROR": "nowhere"}),
    Case("home-nowhere", "SOILRESP_HOME names no project", ("data", "list"), 1,
         "The project folder.*set SOILRESP_HOME", env={"SOILRESP_HOME": "/nowhere"}),
    Case("param-apart", "negative runs, in a process of its own", (*RUN, "-p", "n_runs=-5"), 2,
         "n_runs must be a whole number", apart=True),
)
