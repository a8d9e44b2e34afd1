"""The scorecard: ranks, ensembles, sites, and what text, Markdown and page show."""

import json

import numpy as np
import pandas as pd
import pytest
from made_benchmark import as_model, made_benchmark

from soilresp.errors import DataError
from soilresp.plot import scorecard_figures
from soilresp.scoring import score


@pytest.fixture(scope="module")
def benchmark():
    """The synthetic benchmark."""
    return made_benchmark()


@pytest.fixture(scope="module", autouse=True)
def away(tmp_path_factory):
    """No model output but that of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SOILRESP_MIRROR", raising=False)
        patch.setenv("SOILRESP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def made_records():
    """Four synthetic records of each flux."""
    lat, lon = [0.25, 10.25, 50.25, -10.25], [20.25, 20.25, 20.25, -60.25]
    return pd.concat(
        pd.DataFrame({"target": t, "lat": lat, "lon": lon, "flux": [900.0, 700, 400, 800]})
        for t in ("SR", "HR")
    )


@pytest.fixture(scope="module")
def card(benchmark):
    """Scorecard of a model whose name is trouble for HTML and Markdown."""
    model = as_model(benchmark, choices="units: <b>kg</b> | g")
    model["HR"] = 1.2 * model["HR"]
    return score({"<script>alert(1)</script>": model}, benchmark, records=made_records())


def test_facts_rank_and_name(card, benchmark):
    """Rank 1 has the total nearest to the benchmark's; facts are plain values."""
    for _, rows in card.totals.groupby("flux"):
        assert rows.loc[rows["difference"].abs().idxmin(), "rank"] == 1
    facts = card.facts
    assert facts["rank"]["SR"]["total"]["rank"] == facts["rank"]["SR"]["map"]["rank"] == 1
    assert facts["benchmark"] == {"title": benchmark.attrs["title"], "source": ""}
    assert facts["choices"] == ["units: <b>kg</b> | g"] and facts["members"] is None
    assert json.loads(json.dumps(facts))["totals"]["HR"] == pytest.approx(
        1.2 * facts["benchmark_totals"]["HR"])
    assert [m for m in facts["missing"] if "CASA-CNP" in m and "casa_cnp" in m]


def test_sites_are_scored_at_common_records(card, benchmark):
    """Model and benchmark are compared with the same records; without records they are not."""
    assert card.sites.groupby("flux")["n"].nunique().eq(1).all()
    bare = score(as_model(benchmark, ("HR",)), benchmark)
    assert bare.sites is None and bare.name == "made"
    assert any("records" in words for words in bare.missing)


def test_what_is_written(card, tmp_path):
    """Three files; names are escaped, the page loads nothing and holds its six figures."""
    files = card.save(tmp_path / "out", scorecard_figures(card))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(f.name for f in files)
    stored = json.loads(files[0].read_text())
    assert stored["totals"]["HR"] == pytest.approx(card.scores.facts["totals"]["HR"])
    total = f"{card.scores.facts['totals']['HR']:.2f}"
    assert total in card.to_text() and total in files[1].read_text()
    assert "\\<script" in files[1].read_text()
    page = files[2].read_text()
    assert page.count("data:image/png;base64,") == 6
    assert "<script" not in page and "&lt;script&gt;" in page and "<b>kg" not in page
    assert "http://" not in page and "https://" not in page
    assert card.to_html(tmp_path / "card.html") == (tmp_path / "card.html").read_text()
    assert "src=" not in card.to_html()


def test_an_ensemble_has_the_mean_of_its_totals(benchmark):
    """Two members, 1 and 3 times the benchmark: the mean is twice it, cell by cell."""
    models = {}
    for times in (1, 3):
        models[f"x{times}"] = as_model(benchmark, ("HR",), model=f"x{times}")
        models[f"x{times}"]["HR"] = times * models[f"x{times}"]["HR"]
    # A member that lacks SR does not thin out the others'.
    models["x1"]["SR"] = as_model(benchmark, ("SR",))["SR"]
    card = score(models, benchmark)
    facts = card.facts
    assert card.name == "mean of 2 models" and "x3 (HR)" in facts["choices"][0]
    assert facts["totals"]["HR"] == pytest.approx(2 * facts["benchmark_totals"]["HR"])
    assert facts["scores"]["SR"]["rmse"] == pytest.approx(0, abs=1e-9)
    totals = card.members.set_index(["model", "flux"])["total"]
    assert totals["x3", "HR"] == pytest.approx(3 * totals["x1", "HR"])
    ranked = card.maps[card.maps["flux"] == "HR"]
    assert ranked.iloc[0]["model"] == "x1" and ranked["rank"].tolist() == sorted(ranked["rank"])


def test_a_benchmark_of_maps_alone(benchmark):
    """Fractions that maps lack are those of the embedded land cover; another grid is refused."""
    whole = score(as_model(benchmark, ("HR",)), benchmark)
    alone = score(as_model(benchmark, ("HR",)), benchmark[["HR", "HR_sd"]])
    assert alone.facts["benchmark_totals"]["HR"] == pytest.approx(
        whole.facts["benchmark_totals"]["HR"])
    with pytest.raises(DataError, match="benchmark .*lat"):
        score(as_model(benchmark), benchmark.isel(lat=slice(None, None, -1)))


def test_the_benchmark_that_ships(benchmark):
    """By default, or as a file, it comes with its name and checksum."""
    card = score(as_model(benchmark, ("HR",)))
    assert card.facts["benchmark"]["file"] == "soilresp_benchmark_0p5deg.nc"
    assert len(card.facts["benchmark"]["sha256"]) == 64
    assert np.isfinite(card.facts["scores"]["HR"]["rmse"])
    with pytest.raises(DataError, match="none.nc"):
        score(as_model(benchmark, ("HR",)), "none.nc")
