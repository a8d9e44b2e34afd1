"""Faulty input through the command line: exit code, one message with a name, nothing changed."""

import gzip
import hashlib
import zipfile

import numpy as np
import pytest
import xarray as xr
import yaml
from made_inputs import SRDB_RECORD, all_months, ghcn_month, srdb_text, write_gistemp
from made_world import World

from soilresp.covariates import load_covariates
from soilresp.covariates.cube import save_cube
from soilresp.covariates.embedded import load_embedded

SRDB = "observations/srdb-data-v20200511a.csv"


@pytest.fixture
def world(tmp_path):
    """A project of its own."""
    return World(tmp_path / "project")


@pytest.fixture
def judge(world, monkeypatch):
    """Run a command, and check its exit code, its one message, and that nothing was written."""

    def judged(command, code, *words):
        before = world.state()
        found, out, err = world.run(monkeypatch, command)
        said = err if code else out
        assert found == code, said
        for word in words:
            assert word in " ".join(said.split()), said
        assert "Traceback" not in err and world.state() == before
        if code:
            messages = [n for n in err.splitlines() if n.lower().startswith("error:")]
            assert len(messages) == 1, err
        else:
            assert not err

    return judged


# Records


def thirty(**changes):
    """A table of thirty records with the same changes."""
    return srdb_text(*[changes] * 30, rows=0)


LINES = srdb_text().splitlines()


@pytest.mark.parametrize(("content", "word"), [
    ("", "empty"),
    (srdb_text(rows=0), "no record"),
    (srdb_text({"Country": "Österreich"}).encode("latin-1"), "UTF-8"),
    (gzip.compress(srdb_text().encode(), mtime=0), "UTF-8"),
    (srdb_text().replace("Tharandt", "Thar\0ndt", 1), "line 2"),
    (srdb_text(delimiter=";"), "semicolons"),
    (srdb_text(drop=["Rs_annual"]), "Rs_annual"),
    (srdb_text({"Rs_annual": "ca. 500"}), "'ca. 500'"),
    (srdb_text({"Latitude": "45.5N"}), "'45.5N'"),
    (srdb_text({"Rh_annual": "inf"}), "'inf'"),
    (srdb_text({"Record_number": "9" * 30}), "Record_number"),
    ("\n".join([*LINES, LINES[1] + ",7"]), "line 5"),
    (thirty(Rs_annual="0.6", Rh_annual="0.36"), "Rs_annual"),
    (thirty(RC_annual="40"), "RC_annual"),
    (thirty(Latitude="116.4", Longitude="40.1"), "90 degrees"),
])
def test_tables_that_are_refused(world, judge, content, word):
    """The file, and the line, column or value at fault, are named."""
    data = content.encode() if isinstance(content, str) else content
    (world.work / "srdb.csv").write_bytes(data)
    judge(("data", "check", "srdb.csv"), 1, "srdb.csv", word)


@pytest.mark.parametrize(("content", "words"), [
    (b"\xef\xbb\xbf" + srdb_text().encode(), ["0 of 3"]),
    (srdb_text(order=["New_field", *reversed(SRDB_RECORD)]).encode(), ["0 of 3"]),
    (srdb_text({"Site_name": "Tharandt\nsouth"}).encode(), ["0 of 4"]),
    (srdb_text({"Latitude": "95"}).encode(), ["90 degrees", "number 4"]),
    (srdb_text({"Record_number": "3"}).encode(), ["number 3"]),
    (srdb_text({"Rs_annual": "-600"}).encode(), ["negative", "number 4"]),
])
def test_tables_that_are_read(world, judge, content, words):
    """A table that is sound, or odd in single records, is read, and the records are named."""
    (world.work / "srdb.csv").write_bytes(content)
    judge(("data", "check", "srdb.csv"), 0, *words)


# Cubes


@pytest.fixture(scope="module")
def cube():
    """The cube of the fields that ship."""
    return load_covariates("embedded")


@pytest.mark.parametrize(("change", "word"), [
    (lambda c: c.drop_vars("stratum"), "'stratum'"),
    (lambda c: c.isel(lat=slice(None, None, -1)), "lat"),
    (lambda c: c.assign(MAT=c["MAT"] + 273.15), "MAT"),
    (lambda c: c.assign(Prec=c["Prec"].expand_dims(year=[2000, 2002])), "year"),
])
def test_cubes_that_are_refused(world, judge, cube, change, word):
    """The file and the field or axis at fault are named."""
    change(cube).to_netcdf(world.work / "cube.nc")
    judge(("covariates", "describe", "cube.nc"), 1, "cube.nc", word)


def test_files_that_are_no_cubes(world, judge, cube):
    """A missing file, a text, a cut file, and Zarr with damaged metadata."""
    judge(("covariates", "describe", "nowhere.nc"), 1, "nowhere.nc")
    (world.work / "text.nc").write_bytes(b"not a cube\n" * 50)
    save_cube(cube[["MAT", "cell_area"]], world.work / "whole.nc")
    (world.work / "cut.nc").write_bytes((world.work / "whole.nc").read_bytes()[:100_000])
    save_cube(cube[["MAT", "cell_area"]], world.work / "cube.zarr")
    (world.work / "cube.zarr" / "MAT" / "zarr.json").write_text("{")
    for name in ("text.nc", "cut.nc", "cube.zarr"):
        judge(("covariates", "describe", name), 1, name)


# Inputs of the covariates


def take(world, field, source):
    """Let the recipe ``delta`` take one field from a source, and the others from what ships."""
    path = world.root / "data/recipes.yaml"
    declared = yaml.safe_load(path.read_text())
    fields = dict(declared["recipes"]["embedded"]["fields"])
    fields[field] = fields[field] | source
    declared["recipes"]["delta"] |= {"fields": fields, "years": [2000, 2001]}
    path.write_text(yaml.safe_dump(declared))


def source(name, reader, variable):
    """A source of one input."""
    return {"reader": reader, "inputs": [name], "variable": variable, "conversion": "none",
            "period": "by year", "product": reader}


CRU = "tas", source("cru_cl_tmp", "cru_cl", "tmp") | {"fallback": "embedded_tas"}
GISTEMP = "tas", {"anomalies": source("gistemp", "gistemp", "tempanomaly")}
GHCN = "pr", {"anomalies": source("ghcn_prcp", "ghcn", "anomaly")}
MONTHS = all_months(2000, 2001)
GAUGES = "".join(ghcn_month(y, m, np.zeros((36, 72))) for y, m in MONTHS)


def archive(name, content):
    """Write a zip archive of one member."""
    def write(path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(zipfile.ZipInfo(name), content())

    return write


def gistemp(months, value=0):
    """Write GISTEMP of one value."""
    return lambda path: write_gistemp(path, np.full((len(months), 90, 180), value), months)


@pytest.mark.parametrize(("taken", "file", "content", "word"), [
    (CRU, "c.dat", b"", "n_cols"),
    (CRU, "c.zip", b"<html>moved</html>", "c.zip"),
    (CRU, "c.zip", archive("../../evil.dat", lambda: "1"), "evil.dat"),
    (CRU, "c.zip", archive("c.dat", lambda: bytes(200_000_000)), "32 MB"),
    (GISTEMP, "g.nc", b"hello" * 99, "g.nc"),
    (GISTEMP, "g.nc", gistemp(MONTHS[:5] + MONTHS[6:]), "2000-06"),
    (GISTEMP, "g.nc", gistemp(MONTHS, 28_000), "280 K"),
    (GHCN, "p.dat", GAUGES[:-700].encode(), "p.dat"),
    (GHCN, "p.dat", GAUGES.replace("      0", "   many", 1).encode(), "many"),
    (GHCN, "p.dat.gz", GAUGES.encode(), "p.dat.gz"),
])
def test_inputs_that_are_refused(world, judge, taken, file, content, word):
    """The file and what is wrong in it are named; no cube is left."""
    field, made = taken
    take(world, field, made)
    path = world.work / file
    content(path) if callable(content) else path.write_bytes(content)
    name = (made.get("anomalies") or made)["inputs"][0]
    judge(("covariates", "build", "--recipe", "delta", "--out", "cube.nc", "--input",
           f"{name}={file}"), 1, file, word)


# Models


@pytest.fixture(scope="module")
def model():
    """HR of 390 g C m-2 yr-1 on all land, two years on two degrees."""
    land = load_embedded()["land_fraction"].coarsen(lat=4, lon=4).mean()
    values = np.where(land > 0.3, 0.39 / (365 * 86_400), np.nan)
    time = {"units": "days since 1901-01-01", "calendar": "noleap"}
    return xr.Dataset(
        {"rh": (("time", "lat", "lon"), np.stack([values, values]).astype("f4"),
                {"units": "kg m-2 s-1"}),
         "landfrac": (("lat", "lon"), land.values, {"units": "1"})},
        {"time": ("time", [(y - 1901) * 365 + 182.5 for y in (1990, 1991)], time),
         "lat": land["lat"].values, "lon": land["lon"].values},
    )


def with_rh(factor, **attrs):
    """Change the flux or its attributes."""
    def change(data):
        return data.assign(rh=(data["rh"] * factor).assign_attrs(data["rh"].attrs | attrs))

    return change


def with_time(values, units):
    """Give the flux another time axis."""
    return lambda data: data.assign_coords(time=("time", values, {"units": units}))


@pytest.mark.parametrize(("change", "word"), [
    (lambda d: d.rename(rh="xyz"), "rh"),
    (with_rh(1, units="furlongs"), "'furlongs'"),
    (with_rh(1, units="kg m-2"), "kg m-2"), (with_rh(1, units=""), "units"), (with_rh(0.0), "zero"),
    (with_rh(44.01 / 12.011), "CO2"),
    (with_rh(1e-3), "rh"),
    (with_rh(-1.0), "sign"),
    (with_rh(np.nan), "rh"),
    (lambda d: d.assign_coords(lat=d["lat"].values[::-1]), "latitude"),
    (lambda d: d.assign_coords(lon=np.roll(d["lon"].values, 90)).sortby("lon"), "180 degrees"),
    (lambda d: d.assign_coords({a: np.deg2rad(d[a]) for a in ("lat", "lon")}), "radians"),
    (lambda d: d.isel(lat=[40], lon=[90]), "lat"),
    (lambda d: d.assign(rh=d["rh"].expand_dims(layer=2)), "layer"),
    (with_time([1.0, 400.0], "days since the flood"), "time"),
    (with_time([1e17, 2e17], "days since 1990-01-01"), "time"),
    (lambda d: d.assign(landfrac=d["landfrac"] * 0 + 1.4), "1.4"),
])
def test_models_that_are_refused(world, judge, model, change, word):
    """The variable, unit or axis at fault is named."""
    change(model.copy(deep=True)).to_netcdf(world.work / "m.nc")
    judge(("models", "read", "m.nc"), 1, word)


def test_files_that_are_no_models(world, judge, model):
    """Missing, empty, cut and foreign files; an unknown adapter, flux and benchmark."""
    judge(("models", "read", "nowhere.nc"), 1, "nowhere.nc")
    (world.work / "empty").mkdir()
    judge(("score", "empty"), 1, "empty")
    for form in ("NETCDF4", "NETCDF3_CLASSIC"):
        model.to_netcdf(world.work / "m.nc", format=form)
        whole = (world.work / "m.nc").read_bytes()
        (world.work / "cut.nc").write_bytes(whole[: len(whole) // 2])
        judge(("models", "read", "cut.nc"), 1, "cut.nc")
    judge(("models", "read", "m.nc", "--adapter", "JULES"), 2, "'JULES'")
    judge(("models", "read", "m.nc", "--var", "rh=XX"), 2, "'XX'")
    judge(("score", "m.nc", "--benchmark", "nowhere.nc"), 1, "nowhere.nc")
    judge(("score", "m.nc", "--benchmark", "m.nc"), 1, "m.nc", "'SR'")


# Parameters


@pytest.mark.parametrize(("given", "word"), [
    ("n_rums=3", "'n_rums'"), ("sr_predictors=[MAT", "sr_predictors"),
    ("rules=" + "[" * 10_000, "rules"), ("n_runs=2001-99-99", "n_runs"),
    ('model_name=!!python/object/apply:os.system ["true"]', "model_name"),
    ("n_runs=.nan", "n_runs"), ("cv_trees=[5]", "cv_trees"),
    ("sr_predictors=[MAT, NDVI]", "sr_predictors"), ("rules={flux: 3}", "'flux'"),
    ("rules={box: [.nan, 2, 3, 4]}", "box"),
    ("options={par: 1}", "par"), ("options={par_fraction: 45}", "par_fraction"),
    ("options={ratio_bounds: 3}", "ratio_bounds"), ("inputs={cru: here}", "'cru'"),
    ("inputs={gistemp: nowhere.nc}", "nowhere.nc"), ("models=nowhere", "nowhere"),
])
def test_parameters_that_are_refused(judge, given, word):
    """A value of another kind or range is refused by name before anything is done."""
    judge(("run", "--recipe", "embedded", "--observations", "twin", "-p", given), 2, word)


@pytest.mark.parametrize(("command", "word"), [
    (("run", "--profile", "huge"), "'huge'"), (("run", "--seed", "-1"), "seed"),
    (("run", "--only", "99"), "99"), (("walk",), "walk"), (("score",), "argument"),
    (("covariates", "build", "--recipe", "embedded", "--out", "cube.txt"), "cube.txt"),
    (("covariates", "build", "--recipe", "embedded", "--out", "cube.nc", "-o", "par=1"), "par"),
    (("covariates", "build", "--recipe", "embedded", "--out", "cube.nc", "--years", "1990",
      "1999"), "years"),
    (("score", "m.nc", "--var", "rh"), "rh"), (("run", "--recipe", "mine"), "mine"),
    (("run", "-p", "n_runs"), "n_runs"), (("run", "-p", "profile=quick"), "profile"),
    (("data", "fetch", "hail"), "hail"), (("data", "list", "hail"), "hail"),
    (("models", "read", "nowhere", "--var", "HR"), "HR"), (("run", "--srdb", "no.csv"), "no.csv"),
    (("study", "search", "--seed", "-1"), "seed"),
])
def test_commands_that_are_refused(judge, command, word):
    """An unknown or impossible option is named."""
    judge(command, 2, word)


# Files of the project


BUILD = ("covariates", "build", "--recipe", "embedded", "--out", "cube.nc")


@pytest.mark.parametrize(("file", "old", "new", "command", "word"), [
    ("registry.yaml", "url: https://raw", "url: http://raw", ("data", "list"), "srdb"),
    ("registry.yaml", f"path: {SRDB}", "path: ../../srdb.csv", ("data", "list"), "../../srdb.csv"),
    ("registry.yaml", "3695124acf", "3695124acX", ("data", "list"), "3695124acX"),
    ("registry.yaml", "licence: CRU / IPCC", "license: CRU / IPCC", ("data", "list"), "license"),
    ("recipes.yaml", "years: null", "years: [2001, 1990]", BUILD, "embedded"),
    ("recipes.yaml", "{reader: embedded, variable: tas", "{reader: magic, variable: tas", BUILD,
     "'magic'"),
    ("recipes.yaml", "  MAT: [tas]\n", "", BUILD, "'MAT'"),
    ("models.yaml", 'files: ["BEPS_*.nc"]', "files: 3", ("models", "list"), "BEPS"),
    ("models.yaml", "forcing: CRUNCEP v7", "forced: CRUNCEP v7", ("models", "list"), "forcing"),
])
def test_declarations_that_are_refused(world, judge, file, old, new, command, word):
    """The file and the entry at fault are named."""
    world.edit(file, old, new)
    judge(command, 1, file, word)


@pytest.mark.parametrize("content", [
    b"entries: !!python/object/apply:os.system [\"touch owned\"]\n", b"entries: [", b"\xff\xfe",
    b"", b"[1, 2]", b"[" * 2_000,
])
@pytest.mark.parametrize(("file", "command"), [
    ("registry.yaml", ("data", "list")), ("recipes.yaml", BUILD),
    ("models.yaml", ("models", "list")),
])
def test_files_that_are_no_declarations(world, judge, content, file, command):
    """A tag, a bracket that is not closed, bytes, nothing, and endless brackets."""
    (world.root / "data" / file).write_bytes(content)
    judge(command, 1, file)


def test_checksums(world, judge):
    """A damaged copy is refused; a table under its own checksum is read; a missing one is named."""
    judge(("data", "check"), 1, SRDB)
    path = world.mirror / SRDB
    path.parent.mkdir(parents=True)
    path.write_text(srdb_text())
    digest = hashlib.sha256(srdb_text().encode()).hexdigest()
    judge(("data", "check"), 1, str(path), digest)
    content = yaml.safe_load((world.root / "data/registry.yaml").read_text())
    content["entries"]["srdb"]["sha256"] = digest
    (world.root / "data/registry.yaml").write_text(yaml.safe_dump(content))
    judge(("data", "check"), 0, "0 of 3")
    judge(("data", "verify", "srbd"), 2, "'srbd'", "srdb")
