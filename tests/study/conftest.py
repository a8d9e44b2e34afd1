"""A tiny twin experiment that the tests of the study share."""

import os
import shutil

import matplotlib
import pytest
from filelock import FileLock

from soilresp.study import chapters
from soilresp.study import settings as studies

TINY = studies.Profile(
    "quick", n_runs=2, n_trees=5, cv_folds=2, cv_trees=5, search_trees=2, search_depth=0,
    driver_trees=3, rank_draws=2, n_twins=1,
)


def go_offline(patch, folder):
    """Leave no cache, no mirror and no settings in the environment."""
    for name in ("SOILRESP_MIRROR", "SOILRESP_RUN", "SOILRESP_PROFILE", "SOILRESP_PROGRESS"):
        patch.delenv(name, raising=False)
    patch.setenv("SOILRESP_CACHE", str(folder / "no_cache"))


@pytest.fixture(scope="session")
def twin_run(tmp_path_factory):
    """A tiny twin on the embedded covariates, computed once, and the results of all its stages."""
    base = tmp_path_factory.getbasetemp()
    made = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    own = tmp_path_factory.mktemp("twin") / "run"

    def results(run):
        study = studies.resolve_settings(run, "quick", "embedded", "twin", seed=1)
        return study, {stage.name: stage(study) for stage in chapters.STAGES}

    with pytest.MonkeyPatch.context() as patch:
        go_offline(patch, base)
        patch.setitem(studies.PROFILES, "quick", TINY)
        with FileLock(made / "twin.lock"):
            results(made / "twin_made")
        shutil.copytree(made / "twin_made", own)
        return results(own)


@pytest.fixture
def study(twin_run, monkeypatch, tmp_path_factory):
    """The study of the tiny twin."""
    go_offline(monkeypatch, tmp_path_factory.getbasetemp())
    with matplotlib.rc_context():
        yield twin_run[0]


@pytest.fixture
def results(twin_run, study):
    """Results of all stages of the tiny twin by name."""
    return twin_run[1]
