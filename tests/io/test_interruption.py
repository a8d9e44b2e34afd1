"""Commands that are killed, disks that are full, folders that cannot be written."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import small_map
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from made_disk import can_mount, contents, disk

from soilresp.covariates.cube import save_cube
from soilresp.errors import DataError
from soilresp.io import files as results
from soilresp.upscaling.scale import SCHEDULER_VARIABLE
from soilresp.upscaling.sums import INTERVAL_VARIABLE


def start(folder):
    """A process that maps into a folder and saves after every run."""
    environment = {k: v for k, v in os.environ.items() if k != SCHEDULER_VARIABLE}
    return subprocess.Popen(
        [sys.executable, small_map.__file__, folder], stderr=subprocess.PIPE,
        env=environment | {INTERVAL_VARIABLE: "0"},
    )


def digests(folder):
    """SHA-256 of each result file."""
    files = sorted((folder / "results").iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.slow
def test_killed_maps_end_with_the_same_bytes(tmp_path):
    """SIGKILL after the first saving: the files are those of an undisturbed process."""
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    small_map.main(undisturbed)
    unfinished, process = killed / "unfinished", start(killed)
    # From its first saving on, at any moment: between runs, in a run, or amid a saving.
    while process.poll() is None and not list(unfinished.glob("*.npz")):
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -9, "the process was through before it could be killed"
    process = start(killed)
    assert process.wait() == 0, process.stderr.read()
    assert digests(killed) == digests(undisturbed)
    assert not list(unfinished.glob("*.npz"))


# ---------------------------------------------------------------- what a killed process leaves


def child(words, *arguments):
    """A process that runs some lines of Python."""
    return subprocess.Popen(
        [sys.executable, "-c", words, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def aside_of(name, pid):
    """Name under which a process of this machine writes a file."""
    own = results._aside_name(name)
    return own.replace(f"-{os.getpid()}.", f"-{pid}.")


def test_killed_amid_a_write(tmp_path):
    """The old file is whole; the half one has a name of its own, and goes with the next write."""
    path = tmp_path / "maps.json"
    path.write_text("old")
    process = child(
        "import sys, time\nfrom soilresp.io.files import write_aside\n"
        "with write_aside(sys.argv[1]) as aside:\n"
        "    aside.write_text('half')\n    print('now', flush=True)\n    time.sleep(60)\n", path
    )
    assert process.stdout.readline() == "now\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    left = [f.name for f in tmp_path.iterdir() if f != path]
    assert left == [aside_of("maps.json", process.pid)]
    assert path.read_text() == "old"
    results.write_json(tmp_path / "other.json", {})
    assert sorted(f.name for f in tmp_path.iterdir()) == ["maps.json", "other.json"]


def test_only_what_nobody_writes_is_removed(tmp_path):
    """Half files of a process that runs, or of another machine, stay; files that look alike too."""
    done = child("pass")
    done.communicate()
    dead = aside_of("a.nc", done.pid)
    folder = aside_of("b.zarr", done.pid)
    replaced = [aside_of(n, done.pid).replace(".tmp", ".old") for n in ("c.zarr", "d.zarr")]
    other = dead.replace(f".{results._MACHINE}-", ".0000-" if results._MACHINE != "0000" else ".1-")
    stay = {aside_of("a.nc", os.getppid()), other, ".a.nc.tmp", "a.nc", ".gitignore"}
    for name in (*stay, dead):
        (tmp_path / name).write_text("")
    for name in (folder, *replaced, "d.zarr"):
        (tmp_path / name / "0").mkdir(parents=True)
    results.remove_leftovers(tmp_path)
    results.remove_leftovers(tmp_path / "nowhere")
    # The writer of c.zarr was killed after it had put the old one away.
    assert {f.name for f in tmp_path.iterdir()} == stay | {"c.zarr", "d.zarr"}


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    """New content takes the place of all old content; after an error the old is as it was."""
    path = tmp_path / "cube.zarr"
    for names in ("ab", "c"):
        with results.folder_aside(path) as aside:
            for name in names:
                (aside / name).write_text(names)
        assert sorted(f.name for f in path.iterdir()) == list(names)
    with pytest.raises(KeyboardInterrupt), results.folder_aside(path) as aside:
        (aside / "d").write_text("half")
        raise KeyboardInterrupt
    assert [f.name for f in path.iterdir()] == ["c"] and [path] == list(tmp_path.iterdir())


def test_files_appear_together(tmp_path):
    """Files replace those of their names, others stay; after an error nothing has changed."""
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="no"), results.together(out) as aside:
        raise ValueError("no")
    assert not out.exists()
    with results.together(out, last="SUMS") as aside:
        for name in ("SUMS", "a", "b"):
            (aside / name).write_text("first")
    with results.together(out) as aside:
        (aside / "a").write_text("second")
        assert (out / "a").read_text() == "first"
    with pytest.raises(ValueError, match="no"), results.together(out) as aside:
        (aside / "b").write_text("third")
        raise ValueError("no")
    found = {f.name: f.read_text() for f in out.iterdir()}
    assert found == {"a": "second", "b": "first", "SUMS": "first"}


@pytest.mark.slow
def test_two_writers_to_one_file(tmp_path):
    """A reader finds the file of one or the other, whole at any time; nothing is left."""
    path = tmp_path / "table.parquet"
    words = (
        "import sys\nimport pandas as pd\nfrom soilresp.io.files import save\n"
        "for _ in range(15):\n"
        "    save(sys.argv[1], 'table', pd.DataFrame({'a': [int(sys.argv[2])] * 5000}))\n"
    )
    writers = [child(words, tmp_path, number) for number in (1, 2)]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            table = results.load(path)
            assert len(table) == 5000
            seen |= {tuple(table["a"].unique())}
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen <= {(1,), (2,)} and seen
    assert [path] == list(tmp_path.iterdir())


# ---------------------------------------------------------------- unfinished work


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_any_changed_bit_is_found(tmp_path_factory, where, bit):
    """Wherever a bit of a checkpoint changes, and wherever it is cut, it is damaged."""
    path = tmp_path_factory.mktemp("bits") / "SR.npz"
    results.save_arrays(path, total=np.arange(40), key="seed 0")
    assert results.load_arrays(path)["total"].tolist() == list(range(40))
    whole = path.read_bytes()
    at = int(where * len(whole))
    changed = bytearray(whole)
    changed[at] ^= 1 << bit
    for content in (changed, whole[:at]):
        path.write_bytes(content)
        with pytest.raises(DataError, match="SR.npz is damaged"):
            results.load_arrays(path)


# ---------------------------------------------------------------- what cannot be written


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_the_cause_is_named(tmp_path, number):
    """File, cause and remedy; earlier content stays, and the error of the system is kept."""
    path = tmp_path / "maps.nc"
    path.write_text("old")
    with pytest.raises(DataError) as error, results.write_aside(path) as aside:
        raise OSError(number, os.strerror(number), str(aside))
    for words in ("maps.nc", os.strerror(number)):
        assert words in str(error.value)
    assert isinstance(error.value.__cause__, OSError)
    assert path.read_text() == "old" and [path] == list(tmp_path.iterdir())


def test_other_errors_pass(tmp_path):
    """Faults of an input, or of the content, are not taken for faults of what is written."""
    with pytest.raises(PermissionError, match="input.csv"), results.write_aside(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "Permission denied", "elsewhere/input.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way(tmp_path):
    """A folder that is a file cannot be written into; a file that is a folder not replaced."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "a.json", tmp_path / "folder"):
        with pytest.raises(DataError, match="file|folder"):
            results.write_json(path, {})
    assert len(list(tmp_path.iterdir())) == 2


def field(size):
    """A dataset of noise, which does not pack."""
    values = np.random.default_rng(0).uniform(size=(size, 1000))
    return xr.Dataset({"MAT": (("lat", "lon"), values)})


WRITERS = {
    "maps.nc": lambda path, size: results.save(path.parent, "maps", field(size)),
    "cube.nc": lambda path, size: save_cube(field(size), path),
    "cube.zarr": lambda path, size: save_cube(field(size), path),
    "table.parquet": lambda path, size: results.save(
        path.parent, "table", pd.DataFrame(field(size)["MAT"].values)
    ),
    "SR.npz": lambda path, size: results.save_arrays(path, units=field(size)["MAT"].values),
    "note.json": lambda path, size: results.write_json(
        path, {"a": field(size)["MAT"].values.tolist()}
    ),
}


@pytest.mark.skipif(not can_mount(), reason="needs root on Linux, to mount a small disk")
@pytest.mark.parametrize("name", WRITERS)
def test_full_and_read_only_disk(tmp_path, name):
    """The file and the cause are named, what was there before is intact, nothing half remains."""
    for size, cause in ((500, "No space left"), (10, "Read-only|Permission denied")):
        folder = tmp_path / str(size)
        with disk(folder, 800) as make_read_only:
            WRITERS[name](folder / name, 10)
            before = contents(folder)
            if size == 10:
                make_read_only()
            with pytest.raises(DataError, match=f"{name} .*({cause})"):
                WRITERS[name](folder / name, size)
            assert contents(folder) == before
