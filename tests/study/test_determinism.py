"""The same bytes in another time zone and locale, with other hashes, one processor and a bound."""

import json
import sys

import pytest

from soilresp.io import paths

sys.path.insert(0, str(paths.root() / "robustness"))

import determinism
import lock
import newest


def test_digests_leave_out_times_alone(tmp_path):
    """A stage's note may say that it took longer; anything else counts."""
    def digests(seconds, settings, table=b"1"):
        (tmp_path / "stage.json").write_text(json.dumps({"seconds": seconds, "settings": settings}))
        (tmp_path / "table.parquet").write_bytes(table)
        return determinism.digests(tmp_path)

    first = digests(1, {})
    assert determinism.compare(digests(2, {}), first) == "equal"
    assert determinism.compare(digests(1, {"a": 1}), first) == "1 differ: stage.json"
    assert "table.parquet" in determinism.compare(digests(1, {}, b"2"), first)
    assert determinism.compare({}, first).startswith("2 differ")


@pytest.mark.slow
def test_elsewhere_with_other_hashes(tmp_path):
    """Records, covariates and maps of a small study."""
    def run(name, **options):
        folder = tmp_path / name
        return determinism.run(
            determinism.Configuration(name, **options), folder, tmp_path, None, "mapping"
        )

    plain = run("plain")
    assert len(plain) > 20
    other = run(
        "other", how="one processor",
        environment={"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8"},
    )
    assert determinism.compare(other, plain) == "equal"


def test_the_lock_file_has_the_pins():
    """Every pin of requirements.txt is in requirements.lock, and each package has its hashes."""
    root = paths.root()
    pins, locked = (lock.pins(root / f"requirements.{end}") for end in ("txt", "lock"))
    other = {n: v for n, v in pins.items() if locked.get(n) != v}
    assert not other, f"run `python robustness/lock.py`: {other}"
    blocks = (root / "requirements.lock").read_text().split("\n")
    heads = [i for i, line in enumerate(blocks) if line and line[0] not in " #"]
    assert len(heads) >= len(pins)
    assert all("--hash=sha256:" in blocks[i + 1] for i in heads)


def test_differences_of_totals():
    """Relative to the reference, flux by flux."""
    def summary(sr, hr):
        flux = {"SR": {"total": sr}, "HR": {"total": hr}, "AR": {"total": sr - hr}}
        return {"flux": flux, "AR_SR": 1 - hr / sr}

    found = newest.differences(summary(101.0, 50.0), summary(100.0, 50.0))
    assert found["SR"] == pytest.approx(0.01) and found["HR"] == 0
    assert found["AR"] == pytest.approx(0.02)
    assert found["SR"] > newest.TOLERANCE


def test_all_dependencies_are_tried():
    """What is installed for the comparison is what pyproject.toml asks for."""
    wanted = newest.packages()
    assert any(p.startswith("numpy") for p in wanted) and any("distributed" in p for p in wanted)
