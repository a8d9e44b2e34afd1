"""Faulty files of the project itself, and inputs whose checksum is wrong."""

import hashlib

import yaml

from bad_input.case import Case
from bad_input.srdb_cases import text

SRDB = "observations/srdb-data-v20200511a.csv"
BUILD = ("covariates", "build", "--recipe", "embedded", "--out", "cube.nc")
MODELS = ("models", "list")


def spoilt(file, old, new, name, wrong, command, says, code=1):
    """A file of the project with a piece replaced."""
    return Case(f"declared-{name}", wrong, command, code, says,
                lambda world: world.edit(file, old, new))


def replaced(file, content, name, wrong, command, says):
    """A file of the project that is another."""
    data = content.encode() if isinstance(content, str) else content
    return Case(f"declared-{name}", wrong, command, 1, says,
                lambda world: (world.root / "data" / file).write_bytes(data))


def removed(file, name, command, says):
    """A file of the project that is missing."""
    return Case(f"declared-{name}", f"no {file}", command, 1, says,
                lambda world: (world.root / "data" / file).unlink())


def _in_mirror(world, place=SRDB, content=None):
    path = world.mirror / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text().encode() if content is None else content)


def _in_cache(world):
    path = world.root / "cache" / SRDB
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")


def _with_its_checksum(world):
    _in_mirror(world)
    path = world.root / "data/registry.yaml"
    content = yaml.safe_load(path.read_text())
    content["entries"]["srdb"]["sha256"] = hashlib.sha256(text().encode()).hexdigest()
    path.write_text(yaml.safe_dump(content))


def _rolling(world):
    content = yaml.safe_load((world.root / "data/registry.yaml").read_text())
    _in_mirror(world, content["entries"]["gistemp"]["path"], b"another copy")


LIST = ("data", "list")
_REGISTRY, _RECIPES, _CATALOGUE = "registry.yaml", "recipes.yaml", "models.yaml"
_TAG = "entries: !!python/object/apply:os.system [\"touch owned\"]\n"

DECLARED_CASES = (
    spoilt(_REGISTRY, "url: https://raw", "url: http://raw", "http", "an address without TLS",
           LIST, "registry.yaml, srdb: 'http://raw.*is not an https address"),
    spoilt(_REGISTRY, "url: https://raw", "url: file:///raw", "file-url", "an address of a file",
           LIST, "is not an https address"),
    spoilt(_REGISTRY, f"path: {SRDB}", "path: ../../srdb.csv", "climbing", "a path that climbs out",
           LIST, "srdb: path '../../srdb.csv' leaves the folder"),
    spoilt(_REGISTRY, f"path: {SRDB}", "path: /etc/passwd", "root-path", "a path from the root",
           LIST, "leaves the folder of inputs"),
    spoilt(_REGISTRY, "    licence: MIT\n    citation: Jian", "    citation: Jian", "no-licence",
           "an entry without its licence", LIST, "srdb: 'licence' is missing"),
    spoilt(_REGISTRY, "3695124acf", "3695124acX", "no-digest", "a checksum that is none", LIST,
           "is not a sha256 in hexadecimal"),
    spoilt(_REGISTRY, "    verified: false\n  srdb_fields", "    verified: maybe\n  srdb_fields",
           "verified", "a word for true or false", LIST, "srdb, verified should be true or false"),
    replaced(_REGISTRY, _TAG, "tag", "a tag that would run a program", LIST,
             "registry.yaml is not YAML: could not determine a constructor"),
    replaced(_REGISTRY, "entries: [", "bracket", "a bracket that is not closed", LIST,
             "registry.yaml is not YAML"),
    replaced(_REGISTRY, b"entries: \xff\xfe", "bytes", "bytes that are no text", LIST,
             "registry.yaml is not text in UTF-8"),
    replaced(_REGISTRY, "", "empty", "an empty registry", LIST, "it holds nothing"),
    replaced(_REGISTRY, "[" * 20_000, "deep", "brackets twenty thousand deep", LIST,
             "nested too deeply"),
    removed(_RECIPES, "no-recipes", BUILD, "recipes.yaml does not exist.*git checkout"),
    spoilt(_RECIPES, "years: null", "years: [2001, 1990]", "recipe-years", "years in reverse",
           BUILD, "recipe embedded: years should be null"),
    spoilt(_RECIPES, "      tas: *embedded_tas\n", "", "recipe-field", "a recipe without a field",
           BUILD, "recipe embedded: no field 'tas'"),
    spoilt(_RECIPES, "{reader: embedded, variable: tas", "{reader: magic, variable: tas",
           "recipe-reader", "an unknown reader", BUILD, "names a reader 'magic'; known are"),
    spoilt(_RECIPES, "{reader: embedded, variable: tas", "{reader: embedded, variable: warmth",
           "recipe-variable", "a variable that does not ship", BUILD, "'warmth'"),
    spoilt(_RECIPES, "  MAT: [tas]\n", "", "recipe-predictor", "a predictor without its fields",
           BUILD, "predictors: 'MAT' is missing"),
    replaced(_RECIPES, "recipes: {embedded: 3}", "recipe-number", "a number for a recipe", BUILD,
             "recipes.yaml"),
    removed(_CATALOGUE, "no-models", MODELS, "models.yaml does not exist.*git checkout"),
    replaced(_CATALOGUE, "ten: {BEPS: [", "models-bracket", "a bracket that is not closed", MODELS,
             "models.yaml is not YAML"),
    replaced(_CATALOGUE, "ten: {}\nat_hand: {}\n", "models-part", "a catalogue without conventions",
             MODELS, "'conventions' is missing"),
    spoilt(_CATALOGUE, 'files: ["BEPS_*.nc"]', "files: 3", "models-files",
           "a number for file names",
           MODELS, "ten, BEPS, output, files should be a list, it is 3"),
    spoilt(_CATALOGUE, "forcing: CRUNCEP v7", "forced: CRUNCEP v7", "models-field",
           "a field under another name", MODELS, "BEPS: 'forcing' is missing"),
    replaced(_CATALOGUE, _TAG, "models-tag", "a tag that would run a program", MODELS,
             "could not determine a constructor"),
    Case("declared-embedded", "the fields that ship are damaged", BUILD, 1,
         "embedded.nc is damaged.*git checkout",
         lambda world: ((world.root / "data/embedded.nc").unlink(),
                        (world.root / "data/embedded.nc").write_bytes(b"damaged"))),
    Case("checksum-mirror", "a damaged copy in the mirror", ("data", "check"), 1,
         "Input srdb from .*has the wrong checksum: expected sha256 3695.*Ways out", _in_mirror),
    Case("checksum-cache", "a damaged copy in the cache", ("data", "check"), 1,
         "has the wrong checksum.*remove", _in_cache),
    Case("checksum-right", "another table under its own checksum", ("data", "check"), 0,
         "0 of 3 records", _with_its_checksum),
    Case("checksum-rolling", "a later copy of a rolling product", ("data", "verify", "gistemp"), 0,
         "rolling, not the tested copy", _rolling),
    Case("missing-input", "an input that is nowhere", ("data", "check"), 1,
         "Input srdb .* is not at hand: looked for.*Ways out"),
    Case("unknown-input", "an input of no such name", ("data", "verify", "srbd"), 2,
         "no input named 'srbd'; did you mean srdb"),
)
