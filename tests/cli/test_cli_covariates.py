"""The command line of the covariates."""

import pytest

from soilresp.cli import main


def outcome(capsys, *arguments):
    """Exit code and what was printed on both streams."""
    with pytest.raises(SystemExit) as leave:
        main(list(arguments))
    printed = capsys.readouterr()
    return leave.value.code or 0, printed.out, printed.err


def test_build_and_describe(tmp_path, capsys):
    """A cube is built, kept, and described the same from the file."""
    file = tmp_path / "cube.zarr"
    code, built, _ = outcome(
        capsys, "covariates", "build", "--recipe", "embedded", "--out", str(file),
        "-o", "par_fraction=0.5",
    )
    assert code == 0 and f"Written to {file}" in built
    code, described, _ = outcome(capsys, "covariates", "describe", str(file))
    assert code == 0
    assert "PAR_GS" in described and "MJ m-2" in described and "hash" in described
    assert described.splitlines()[2:] == built.splitlines()[2 : len(described.splitlines())]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--recipe", "embedded", "-o", "par=1"], 2, "Unknown covariate option 'par'"),
        (["--recipe", "embedded", "--input", "gsde=/x"], 2, "takes no input 'gsde'"),
        (["--recipe", "nothing"], 2, "nothing"),
        (["--recipe", "merra2", "--input", "merra2=/not/there"], 1, "/not/there is not a folder"),
    ],
)
def test_wrong_use_writes_nothing(tmp_path, capsys, arguments, code, words):
    """One message, the exit code of its kind, no file."""
    file = tmp_path / "cube.nc"
    found, _, message = outcome(capsys, "covariates", "build", *arguments, "--out", str(file))
    assert found == code
    assert words in message
    assert not list(tmp_path.iterdir())


def test_describe_missing_file(tmp_path, capsys):
    """A cube that is not there."""
    code, _, message = outcome(capsys, "covariates", "describe", str(tmp_path / "no.nc"))
    assert code == 1 and "no.nc does not exist" in message
