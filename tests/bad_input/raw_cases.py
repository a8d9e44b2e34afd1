"""Faulty inputs of the covariates, in their publishers' formats, and faulty archives.

The recipe of the case takes one source from the file at hand, and the rest from the fields
that ship, so that the file is read first.
"""

import gzip
import stat
import struct
import zipfile

import netCDF4
import numpy as np
import yaml
from made_inputs import (
    all_months,
    cru_cl_text,
    ghcn_month,
    write_cru_cl,
    write_gistemp,
    write_hwsd,
)

from bad_input.case import Case, store

YEARS = (2000, 2001)


def _source(reader, inputs, variable, **more):
    return {"reader": reader, "inputs": list(inputs), "variable": variable, "conversion": "none",
            "period": "by year", "product": reader, **more}


def recipe(world, field, source):
    """Let the recipe ``delta`` take one field from a source, and the others from what ships."""
    path = world.root / "data/recipes.yaml"
    declared = yaml.safe_load(path.read_text())
    fields = dict(declared["recipes"]["embedded"]["fields"])
    if "anomalies" in source:
        source = fields[field] | source
    fields[field] = source
    declared["recipes"]["delta"] |= {"fields": fields, "years": list(YEARS)}
    path.write_text(yaml.safe_dump(declared))


SOURCES = {
    "cru_cl_tmp": ("tas", _source("cru_cl", ["cru_cl_tmp"], "tmp", fallback="embedded_tas")),
    "gistemp": ("tas", {"anomalies": _source("gistemp", ["gistemp"], "tempanomaly")}),
    "ghcn_prcp": ("pr", {"anomalies": _source("ghcn", ["ghcn_prcp"], "anomaly")}),
    "hwsd_oc": ("tas", _source("hwsd", ["hwsd_oc", "hwsd_oc"], "T_OC, T_BULK_DEN")),
    "cru_ts": ("tas", _source("cru_ts", ["cru_ts"], "tmp", fallback="embedded_tas")),
    "merra2": ("tas", _source("merra2", ["merra2"], "T2M", fallback="embedded_tas")),
    "gsde": ("tas", _source("gsde", ["gsde"], "OC, BD")),
    "glc2000": ("vegetation", _source("glc2000", ["glc2000"], "class")),
    "glass_lai": ("lai", _source("glass_lai", ["glass_lai"], "LAI", fallback="proxy_lai")),
    "gimms_lai4g": ("lai", _source("gimms_lai4g", ["gimms_lai4g"], "LAI", fallback="proxy_lai")),
}


def refused(name, wrong, source, file, content, says, *more, code=1):
    """A file of one input that is refused when a cube is built."""
    def make(world):
        recipe(world, *SOURCES[source])
        path = world.work / file
        if callable(content):
            content(path)
        elif content is not None:
            path.write_bytes(content)

    command = ("covariates", "build", "--recipe", "delta", "--out", "cube.nc",
               "--input", f"{source}={file}", *more)
    return Case(f"raw-{name}", wrong, command, code, says, make)


def kept(name, write):
    """The bytes of a sound file, made once."""
    path = store() / name
    if not path.exists():
        write(path)
    return path.read_bytes()


def zeros():
    """Sound text of CRU CL."""
    return kept("zeros.dat", lambda p: p.write_bytes(cru_cl_text(np.zeros((12, 360, 720)))))


def changed(old, new):
    """CRU CL with a piece of text replaced."""
    return lambda path: path.write_bytes(zeros().replace(old, new, 1))


def archive(*members, **flags):
    """A zip archive of (name, content) pairs."""
    def write(path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in members:
                info = zipfile.ZipInfo(name)
                info.compress_type = zipfile.ZIP_DEFLATED
                if flags.get("link"):
                    info.external_attr = (stat.S_IFLNK | 0o777) << 16
                packed.writestr(info, content() if callable(content) else content)

    return write


def bomb(path):
    """A megabyte or less that unpacks to two hundred."""
    archive(("ctmp6190.dat", lambda: bytes(200_000_000)))(path)


def lying_bomb(path):
    """The same, under a size in the directory that is a lie."""
    bomb(path)
    data = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = data.index(signature) + at
        data[place:place + 4] = struct.pack("<I", 1000)
    path.write_bytes(data)


def locked(path):
    """An archive whose member says that it is encrypted."""
    archive(("ctmp6190.dat", b"secret"))(path)
    data = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(signature) + at] |= 1
    path.write_bytes(data)


def cut_zip(path):
    """The first half of a sound archive."""
    whole = kept("sound.zip", lambda p: write_cru_cl(p, np.zeros((12, 360, 720))))
    path.write_bytes(whole[: len(whole) // 2])


def damaged_zip(path):
    """A sound archive with a hundred bytes overwritten."""
    whole = bytearray(kept("sound.zip", lambda p: write_cru_cl(p, np.zeros((12, 360, 720)))))
    whole[2000:2100] = bytes(range(100))
    path.write_bytes(whole)


def gistemp(months=None, name="tempanomaly", value=0):
    """GISTEMP of one value."""
    months = all_months(*YEARS) if months is None else months
    shape = (len(months), 90, 180)
    return lambda path: write_gistemp(path, np.full(shape, value, np.int16), months, name)


def cut_gistemp(path):
    """GISTEMP without its second half."""
    gistemp()(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_grid(path):
    """A variable of GISTEMP's name on five degrees."""
    with netCDF4.Dataset(path, "w") as data:
        for dim, size in (("time", 1), ("lat", 36), ("lon", 72)):
            data.createDimension(dim, size)
        time = data.createVariable("time", "f8", ("time",))
        time.units, time[:] = "days since 2000-01-01", 15
        data.createVariable("tempanomaly", "f4", ("time", "lat", "lon"))[:] = 0


def ghcn(months=None, spoil=lambda text: text):
    """GHCN's text of zeros, spoilt."""
    months = all_months(*YEARS) if months is None else months
    return spoil("".join(ghcn_month(y, m, np.zeros((36, 72))) for y, m in months)).encode()


def folder(**files):
    """A folder with files."""
    def write(path):
        path.mkdir()
        for name, content in files.items():
            (path / name.replace("__", ".")).write_bytes(content)

    return write


def cru_ts(**attrs):
    """One file of CRU TS of two months, with other attributes."""
    def write(path):
        path.mkdir()
        with netCDF4.Dataset(path / "cru_ts4.07.2000.2001.tmp.dat.nc", "w") as data:
            for dim, size in (("time", 2), ("lat", 360), ("lon", 720)):
                data.createDimension(dim, size)
            time = data.createVariable("time", "f8", ("time",))
            time.units, time[:] = "days since 1900-1-1", [36540, 36570]
            data.createVariable("lat", "f4", ("lat",))[:] = np.arange(-89.75, 90, 0.5)
            data.createVariable("lon", "f4", ("lon",))[:] = np.arange(-179.75, 180, 0.5)
            field = data.createVariable(attrs.get("name", "tmp"), "f4", ("time", "lat", "lon"))
            field.units = attrs.get("units", "degrees Celsius")
            field[:] = attrs.get("value", 10.0)

    return write


CL, GIS, GHCN = "cru_cl_tmp", "gistemp", "ghcn_prcp"
_MONTHS = all_months(*YEARS)

RAW_CASES = (
    refused("cru-nowhere", "no such file", CL, "ctmp6190.dat", None, "ctmp6190.dat is not a file"),
    refused("cru-empty", "an empty file", CL, "ctmp6190.dat", b"", "header lines should give"),
    refused("cru-cut", "without its end", CL, "ctmp6190.dat",
            lambda p: p.write_bytes(zeros()[:-5000]), "expected 15556320 bytes.*truncated"),
    refused("cru-cells", "another number of columns", CL, "ctmp6190.dat", changed(b"720", b"360"),
            "header lines should give n_cols 720"),
    refused("cru-nan-cells", "a number of columns that is none", CL, "ctmp6190.dat",
            changed(b"720", b"nan"), "header lines should give n_cols 720"),
    refused("cru-names", "another name in the header", CL, "ctmp6190.dat",
            changed(b"n_rows", b"nrows "), "header lines should give"),
    refused("cru-fraction", "a fraction among whole numbers", CL, "ctmp6190.dat",
            changed(b"    0    0\n", b"    0  1.5\n"), "a cell is not a whole number"),
    refused("cru-shifted", "a line with a number too many", CL, "ctmp6190.dat",
            changed(b"    0    0\n    0", b"    0    0    0\n"), "line 3: expected 720 numbers"),
    refused("cru-no-land", "no value on land", CL, "ctmp6190.dat",
            lambda p: write_cru_cl(p, np.full((12, 360, 720), -9999)), "has no tas on 100%"),
    refused("cru-page", "a web page called .zip", CL, "ctmp6190.zip", b"<html>moved</html>",
            "ctmp6190.zip cannot be read"),
    refused("cru-zip-empty", "an archive without data", CL, "ctmp6190.zip",
            archive(("readme.txt", "hello")), "expected one .dat file in the archive.*readme.txt"),
    refused("cru-zip-two", "an archive with two data files", CL, "ctmp6190.zip",
            archive(("a.dat", "1"), ("b.dat", "2")), "expected one .dat file"),
    refused("cru-zip-cut", "an archive without its end", CL, "ctmp6190.zip", cut_zip,
            "ctmp6190.zip cannot be read"),
    refused("cru-zip-damaged", "an archive with bytes overwritten", CL, "ctmp6190.zip", damaged_zip,
            "ctmp6190.zip cannot be read"),
    refused("zip-slip", "a member that climbs out of its folder", CL, "ctmp6190.zip",
            archive(("../../evil.dat", zeros)), "has a name that leaves the archive"),
    refused("zip-root", "a member with a path from the root", CL, "ctmp6190.zip",
            archive(("/evil.dat", zeros)), "has a name that leaves the archive"),
    refused("zip-link", "a member that is a link", CL, "ctmp6190.zip",
            archive(("ctmp6190.dat", "/etc/hosts"), link=True), "is a link; expected a file"),
    refused("zip-bomb", "a member of 200 MB", CL, "ctmp6190.zip", bomb,
            "unpacks to more than 32 MB"),
    refused("zip-lying-bomb", "a member of 200 MB that says 1 kB", CL, "ctmp6190.zip", lying_bomb,
            "ctmp6190.zip.*(cannot be read|header lines|unpacks to more)"),
    refused("zip-locked", "an encrypted member", CL, "ctmp6190.zip", locked,
            "ctmp6190.zip cannot be read.*encrypted"),
    refused("gistemp-text", "text in a file called .nc", GIS, "g.nc", b"hello" * 99,
            "g.nc is not a readable NetCDF file"),
    refused("gistemp-cut", "without its second half", GIS, "g.nc", cut_gistemp,
            "g.nc is not a readable NetCDF file"),
    refused("gistemp-gz", "a .gz that is not gzip", GIS, "g.nc.gz", b"CDF\x01" * 50,
            "g.nc.gz is not a readable NetCDF file"),
    refused("gistemp-gz-cut", "a .gz without its end", GIS, "g.nc.gz",
            gzip.compress(bytes(10_000), mtime=0)[:-9], "g.nc.gz is not a readable"),
    refused("gistemp-other", "another variable", GIS, "g.nc", gistemp(name="air"),
            "no variable 'tempanomaly'"),
    refused("gistemp-grid", "another grid", GIS, "g.nc", other_grid, "90 x 180 cells"),
    refused("gistemp-month", "a month is missing", GIS, "g.nc",
            gistemp(_MONTHS[:5] + _MONTHS[6:]), "2000-06 is missing"),
    refused("gistemp-twice", "a month twice", GIS, "g.nc",
            gistemp(_MONTHS[:6] + _MONTHS[5:]), "repeated or out of order"),
    refused("gistemp-years", "years that are not there", GIS, "g.nc", gistemp(),
            "1900-01 is missing", "--years", "1900", "1910"),
    refused("gistemp-kelvin", "absolute temperatures", GIS, "g.nc", gistemp(value=28_000),
            "'tempanomaly' is up to 280 K; expected less than 100 K"),
    refused("gistemp-missing", "no value at all", GIS, "g.nc", gistemp(value=32767),
            "'tempanomaly' has no value"),
    refused("years-reversed", "years in reverse", GIS, "g.nc", gistemp(), "years must be \\(first",
            "--years", "2001", "2000", code=2),
    refused("ghcn-empty", "an empty file", GHCN, "p.dat", b"", "0 numbers, which is not a whole"),
    refused("ghcn-cut", "without its end", GHCN, "p.dat", ghcn()[:-700], "The file is cut short"),
    refused("ghcn-words", "words among numbers", GHCN, "p.dat",
            ghcn(spoil=lambda t: t.replace("      0", "   many", 1)), "not a whole number"),
    refused("ghcn-huge", "a number of twenty digits", GHCN, "p.dat",
            ghcn(spoil=lambda t: t.replace("      0", " " + "9" * 20, 1)), "not a whole number"),
    refused("ghcn-long", "a word of a million letters", GHCN, "p.dat", ghcn() + b" " + b"7" * 10**6,
            "not a whole number"),
    refused("ghcn-twice", "a month twice", GHCN, "p.dat", ghcn(_MONTHS + _MONTHS[-1:]),
            "2001-12 is there twice"),
    refused("ghcn-missing", "a month is missing", GHCN, "p.dat", ghcn(_MONTHS[:-1]),
            "no data for 2001-12"),
    refused("ghcn-no-value", "no value at all", GHCN, "p.dat",
            ghcn(spoil=lambda t: t.replace("      0", " -32768")), "no value in 2000-2001"),
    refused("ghcn-binary", "a packed file without its ending", GHCN, "p.dat",
            gzip.compress(ghcn(), mtime=0), "not a whole number"),
    refused("ghcn-gz", "a .gz that is not gzip", GHCN, "p.dat.gz", ghcn(), "cannot be read"),
    refused("ghcn-gz-bomb", "a .gz that unpacks to 500 MB", GHCN, "p.dat.gz",
            gzip.compress(bytes(500_000_000), 9, mtime=0), "unpacks to more than 400 MB"),
    refused("hwsd-text", "text in a file called .nc4", "hwsd_oc", "T_OC.nc4", b"hello" * 99,
            "T_OC.nc4 is not a readable NetCDF file"),
    refused("hwsd-other", "another variable", "hwsd_oc", "T_OC.nc4",
            lambda p: write_hwsd(p, "S_OC", 1.0, (36, 72)), "no variable 'T_OC'"),
    refused("hwsd-grid", "another grid", "hwsd_oc", "T_OC.nc4",
            lambda p: write_hwsd(p, "T_OC", 1.0, (36, 72)), "0.05-degree grid"),
    refused("cru-ts-nowhere", "no such folder", "cru_ts", "cru", None, "cru is not a folder"),
    refused("cru-ts-empty", "a folder without the files", "cru_ts", "cru", folder(a__txt=b"x"),
            "no file named like cru_ts4"),
    refused("cru-ts-text", "text in a file of its name", "cru_ts", "cru",
            lambda p: (p.mkdir(), (p / "cru_ts4.07.2000.2001.tmp.dat.nc").write_bytes(b"x")),
            "is not a readable NetCDF file"),
    refused("cru-ts-unit", "another unit", "cru_ts", "cru", cru_ts(units="K"),
            "'tmp' should be in degC, its units attribute says 'K'"),
    refused("cru-ts-variable", "another variable", "cru_ts", "cru", cru_ts(name="tmx"),
            "no variable 'tmp'"),
    refused("cru-ts-kelvin", "kelvin said to be degrees Celsius", "cru_ts", "cru",
            cru_ts(value=283.0), "'tmp' is 283 at .* between -90 and 60"),
    refused("cru-ts-months", "two months of twenty-four", "cru_ts", "cru", cru_ts(),
            "expected every month of 2000-2001 once; missing"),
    refused("merra2-empty", "a folder without the files", "merra2", "m", folder(a__txt=b"x"),
            "no file named like"),
    refused("gsde-empty", "a folder without the files", "gsde", "g", folder(a__txt=b"x"),
            "no NetCDF file whose name begins with OC"),
    refused("gsde-text", "text in a file of its name", "gsde", "g",
            folder(OC__nc=b"x" * 99, BD__nc=b"y" * 99), "is not a readable NetCDF file"),
    refused("glc2000-text", "text in a file called .tif", "glc2000", "glc.tif", b"hello" * 99,
            "glc.tif.*not a readable|glc.tif"),
    refused("glass-empty", "a folder without the files", "glass_lai", "l", folder(a__txt=b"x"),
            "no file|GLASS"),
    refused("glass-text", "text in a file of its name", "glass_lai", "l",
            folder(GLASS01B01__V60__A2000001__hdf=b"x" * 99), "hdf"),
    refused("gimms-text", "text in a file of its name", "gimms_lai4g", "l",
            folder(GIMMS_LAI4g_V1__2_20000101__tif=b"x" * 99), "tif"),
    refused("other-input", "an input that the recipe does not take", GIS, "g.nc", gistemp(),
            "takes no input 'gsde'", "--input", "gsde=g.nc", code=2),
)
