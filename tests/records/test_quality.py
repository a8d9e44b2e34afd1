"""The tests of the field records: each on a record made to fail it, and on one that does not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soilresp.errors import ParameterError
from soilresp.records import quality
from soilresp.records.quality import climate, coordinates, entries, fluxes, parts
from soilresp.records.quality.countries import nearest_name, resolve
from soilresp.records.quality.evidence import FIELDS, Evidence
from soilresp.records.selection import Selection, select
from soilresp.records.srdb import NUMERIC, TEXT, read_srdb

SOUND = {
    "Record_number": 1, "Study_number": 10, "Study_midyear": 2000.5, "Study_temp": np.nan,
    "Study_precip": np.nan, "Entry_date": "2009-01-05",
    "Country": "Germany", "Latitude": 50.95, "Longitude": 13.55, "Elevation": 380.0,
    "MAT": 8.0, "MAP": 800.0, "Biome": "Temperate", "Ecosystem_type": "Forest",
    "Manipulation": "None", "Quality_flag": None, "Duplicate_record": None,
    "Rs_annual": 600.0, "Ra_annual": 240.0, "Rh_annual": 360.0, "RC_annual": 0.4,
    "Rs_growingseason": "2.2",
}
"""A spruce forest near Tharandt that nothing is wrong with."""


def table(*changes):
    """The sound record, then one more of the study for each dictionary of changes."""
    rows = [SOUND, *({**SOUND, "Record_number": i + 2, **c} for i, c in enumerate(changes))]
    return pd.DataFrame(rows)


def flags_of(test, *changes):
    """Flags of one test on records with changes; the sound record must have none."""
    found = test(Evidence(table(*changes)))
    assert tuple(found.columns) == FIELDS
    assert 0 not in found.index
    return found


def test_a_sound_record_has_no_flag():
    """No test says anything of a record that is right."""
    found = quality.check(table())
    assert found.empty
    assert tuple(found.columns) == FIELDS


@pytest.mark.parametrize(
    "change, repair",
    [
        ({"Latitude": 13.55, "Longitude": 50.95}, "Latitude=50.95; Longitude=13.55"),
        ({"Latitude": -50.95}, "Latitude=50.95; Longitude=13.55"),
        ({"Longitude": -13.55}, "Latitude=50.95; Longitude=13.55"),
        ({"Latitude": -13.55, "Longitude": 50.95}, "Latitude=50.95; Longitude=13.55"),
        ({"Latitude": 30.95}, ""),
    ],
)
def test_outside_the_country(change, repair):
    """A site outside Germany is told of; a swap or a sign that explains it is the repair."""
    found = flags_of(coordinates.outside_country, change)
    assert (found["score"] > 0.9).all()
    assert found["repair"].tolist() == [repair]
    assert "a place in Germany" in found["expected"].iloc[0]


def test_near_a_border_is_a_remark():
    """Ten km into Czechia is nothing, 60 km a remark, 250 km a suspicion."""
    scores = flags_of(
        coordinates.outside_country, {"Latitude": 50.62, "Longitude": 13.55},
        {"Latitude": 50.17, "Longitude": 13.95}, {"Latitude": 49.2, "Longitude": 17.0},
    )["score"]
    assert scores.index.tolist() == [2, 3]
    assert scores[2] < quality.THRESHOLD < scores[3]


def test_a_territory_passes_for_its_state():
    """Greenland may be entered as Denmark; Germany may not."""
    found = flags_of(
        coordinates.outside_country,
        {"Country": "Denmark", "Latitude": 74.47, "Longitude": -20.57}, {"Country": "Denmark"},
    )
    assert found.index.tolist() == [2]


def test_in_the_sea():
    """The middle of the Atlantic is no site, whatever the country."""
    found = flags_of(coordinates.in_the_sea, {"Country": None, "Longitude": -30.0})
    assert found["test"].tolist() == ["in the sea"]


def test_impossible_coordinates():
    """A latitude of 95 is nowhere; nothing else is asked of such a record."""
    found = quality.check(table({"Latitude": 95.0}))
    assert found["test"].tolist() == ["impossible coordinates"]


def test_scattered():
    """One site of a study across the ocean from the others is told of, not the others."""
    home = {"Country": "USA"}
    sites = [{**home, "Latitude": 40 + d, "Longitude": -90 + d} for d in (0.0, 0.2, 0.4)]
    found = flags_of(coordinates.scattered, *sites, {**home, "Latitude": 21, "Longitude": -157})
    assert found.index.tolist() == [4]
    assert found["score"].iloc[0] > quality.THRESHOLD


def test_whole_degrees_are_a_remark():
    """Coordinates without decimals are remarked."""
    found = flags_of(coordinates.whole_degrees, {"Latitude": 51.0, "Longitude": 13.0})
    assert (found["score"] < quality.THRESHOLD).all()


def test_reported_climate():
    """1440 degC and 8 mm in Saxony are told of; the lost digits are found."""
    found = flags_of(climate.temperature, {"MAT": 1440.0})
    assert found["field"].tolist() == ["MAT"]
    found = flags_of(climate.precipitation, {"MAP": 8.0})
    assert found["repair"].tolist() == ["MAP=800"]


def test_judgements_are_remarks():
    """A tropical biome in Saxony is remarked and never suspected: SRDB calls it subjective."""
    found = flags_of(climate.biome, {"Biome": "Tropical"})
    assert len(found) == 1
    assert (found["score"] < quality.THRESHOLD).all()


def test_impossible_elevation():
    """No plant grows at 12 km."""
    assert flags_of(climate.elevation, {"Elevation": 12_000.0})["score"].tolist() == [1.0]


@pytest.mark.parametrize(
    "change, tests",
    [
        ({"Ra_annual": 360.0, "Rh_annual": 240.0}, {"RC is not AR/SR"}),
        ({"Rs_annual": 360.0, "Rh_annual": 600.0},
         {"HR above SR", "SR is not HR + AR", "RC is not AR/SR"}),
        ({"Rs_annual": 900.0}, {"SR is not HR + AR", "RC is not AR/SR"}),
        ({"RC_annual": 40.0}, {"RC out of bounds", "RC is not AR/SR"}),
        ({"Ra_annual": np.nan, "RC_annual": 0.6}, {"RC is not AR/SR"}),
        ({"Rs_annual": -600.0, "Ra_annual": np.nan, "Rh_annual": np.nan, "RC_annual": np.nan},
         {"flux not above zero"}),
        ({"Rs_annual": 610.0}, set()),
    ],
)
def test_parts_against_the_whole(change, tests):
    """SR = HR + AR and RC = AR/SR, from whichever are given."""
    found = quality.check(table(change))
    own = found[found["test"].isin(["RC is not AR/SR", "HR above SR", "SR is not HR + AR",
                                    "RC out of bounds", "flux not above zero"])]
    assert set(own["test"]) == tests
    assert not tests or (own["score"] >= quality.THRESHOLD).all()


def test_repairs_of_parts():
    """SR a tenth of HR + AR, a percentage, and SR exchanged with HR have one repair each."""
    found = flags_of(parts.sum_of_parts, {"Rs_annual": 60.0})
    assert found["repair"].tolist() == ["Rs_annual=600"]
    found = flags_of(parts.share_bounds, {"RC_annual": 40.0})
    assert found["repair"].tolist() == ["RC_annual=0.4"]
    found = flags_of(parts.part_above_whole, {"Rs_annual": 360.0, "Rh_annual": 600.0})
    assert found["repair"].tolist() == ["Rs_annual=600; Rh_annual=360"]


def test_a_flipped_pair_is_named_and_not_repaired():
    """HR and AR exchanged, or RC the share of HR: the record alone cannot tell."""
    found = flags_of(parts.root_share, {"Ra_annual": 360.0, "Rh_annual": 240.0})
    assert "exchanged" in found["expected"].iloc[0]
    assert found["repair"].tolist() == [""]


def test_seasonal_rates():
    """2.2 umol m-2 s-1 makes about 600 g in a year, not 6000."""
    found = flags_of(fluxes.seasonal_rates, {"Rs_annual": 6000.0})
    assert found["test"].tolist() == ["SR against the season's rate"]
    # 2.2 umol m-2 s-1 x 12.011e-6 g umol-1 x 31,557,600 s x 0.73
    assert "about 609 g" in found["expected"].iloc[0]


def network(seed=0, n_studies=60, per_study=3):
    """Studies over Europe with fluxes around 600 g, a fifth apart."""
    rng = np.random.default_rng(seed)
    rows = []
    for study in range(n_studies):
        lat, lon = rng.uniform(47, 53), rng.uniform(8, 14)
        for _ in range(per_study):
            rows.append(
                {**SOUND, "Record_number": len(rows) + 1, "Study_number": study,
                 "Country": None, "Latitude": round(lat, 2), "Longitude": round(lon, 2),
                 "Rs_annual": 600 * np.exp(rng.normal(0, 0.2)), "Ra_annual": np.nan,
                 "Rh_annual": np.nan, "RC_annual": np.nan, "Rs_growingseason": None}
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("factor", [0.1, 10.0, 100.0, 365.0])
def test_flux_against_comparable_records(factor):
    """One flux off by a factor is told of, alone, with the factor as its repair."""
    records = network()
    true = records.loc[5, "Rs_annual"]
    records.loc[5, "Rs_annual"] = true * factor
    found = fluxes.comparable_records(Evidence(records))
    assert found.index.tolist() == [5]
    assert float(found["repair"].iloc[0].partition("=")[2]) == pytest.approx(true, rel=0.01)


def test_whole_study_displaced():
    """A study a tenth of all others is told of, every record of it."""
    records = network()
    records.loc[records["Study_number"] == 7, "Rs_annual"] /= 30
    found = fluxes.whole_study(Evidence(records))
    assert found["study"].tolist() == [7, 7, 7]


def test_years():
    """A study after its entry, or decades from its own other years."""
    found = flags_of(entries.year, {"Study_midyear": 2012.0})
    assert found["test"].tolist() == ["year against entry"]
    found = flags_of(entries.year, *[{"Study_midyear": 2001.0}] * 3, {"Study_midyear": 1961.0})
    assert found.index.tolist() == [4]


def test_duplicates_between_studies():
    """The same flux, place and year in another study: the later record is remarked."""
    found = flags_of(
        entries.duplicates, {"Study_number": 11, "Rs_annual": 613.0, "Latitude": 52.0},
        {"Study_number": 12, "Rs_annual": 613.0, "Latitude": 52.0},
    )
    assert found.index.tolist() == [2]
    assert "record 2 of study 11" in found["expected"].iloc[0]
    assert found["score"].iloc[0] < quality.THRESHOLD


def test_words():
    """Blanks, slips of the keys and countries that are none."""
    found = flags_of(entries.stray_blanks, {"Ecosystem_type": " Desert"})
    assert found["repair"].tolist() == ["Ecosystem_type=Desert"]
    many = [{"Ecosystem_state": "Managed"}] * 40
    found = flags_of(entries.spelling, *many, {"Ecosystem_state": "Manged"})
    assert found["repair"].tolist() == ["Ecosystem_state=Managed"]
    found = flags_of(entries.unknown_country, {"Country": "Signapore"}, {"Country": "Tuscany"})
    assert found["repair"].tolist() == ["Country=Singapore", ""]


@pytest.mark.parametrize(
    "name, codes",
    [("USA", {"USA"}), ("UK", {"GBR"}), ("England", {"GBR"}), ("Turkey", {"TUR"}),
     ("South Korea", {"KOR"}), ("Congo", {"COG", "COD"}), ("Republic of Niger", {"NER"}),
     ("Vietnam", {"VNM"}), ("Tuscany", set()), ("Europe", set()), (None, set())],
)
def test_names_of_countries(name, codes):
    """SRDB's names find their country; regions and continents find none."""
    assert set(resolve(name)) == codes


def test_misspelled_country():
    """A country is suggested only if the spelling is near."""
    assert nearest_name("Isreal") == "Israel"
    assert nearest_name("Palma") is None


def test_sentences_and_page():
    """Every flag reads as a sentence, and the page escapes what the table holds."""
    records = table({"Latitude": -50.95, "Country": "Germany"}, {"Biome": "<b>"})
    found = quality.check(records)
    words = quality.sentences(found)
    assert words[0].startswith("Record 2 of study 10: Latitude, Longitude are -50.95, 13.55. Exp")
    assert "Repair: Latitude = 50.95; Longitude = 13.55." in words[0]
    page = quality.page(found, records, "<file>.csv", quality.TESTS)
    assert "&lt;file&gt;.csv" in page and "<file>" not in page
    assert "outside the stated country" in page


def test_where_sites_belong():
    """A suspicious site goes where its repair puts it, else to its country's nearest point."""
    records = table({"Latitude": -50.95}, {"Latitude": 30.95})
    sites = quality.suspicious_sites(records, quality.check(records)).set_index("lat")
    assert sites.loc[-50.95, ["to_lat", "how"]].tolist() == [50.95, "repair"]
    assert sites.loc[30.95, "how"] == "nearest"
    assert 47 < sites.loc[30.95, "to_lat"] < 48


def test_apply():
    """Reported, nothing changes; repaired, the value; dropped, the record is marked."""
    records = table({"Latitude": -50.95}, {"Ecosystem_type": " Desert"}, {"Latitude": 30.95})
    before, found = records.copy(), quality.check(records)
    same, suspicious = quality.apply(records, found)
    pd.testing.assert_frame_equal(same, before)
    assert suspicious.tolist() == [False, True, False, True]
    repaired, touched = quality.apply(records, found, "repair")
    assert touched.tolist() == [False, True, False, False]
    assert repaired["Latitude"].tolist() == [50.95, 50.95, 50.95, 30.95]
    assert repaired.loc[2, "Ecosystem_type"] == " Desert"
    assert quality.apply(records, found, "drop")[1].tolist() == suspicious.tolist()
    pd.testing.assert_frame_equal(records, before)
    with pytest.raises(ParameterError, match="quality must be one of report, drop, repair"):
        quality.apply(records, found, "ignore")


def test_the_funnel_shows_it():
    """The last line of the funnel says what was done, and to how many."""
    records = table({"Latitude": -40.95})
    found = quality.check(records)
    lines = {}
    for way in quality.QUALITY:
        _, funnel = select(records, Selection(quality=way), found)
        lines[way] = funnel.iloc[-1].tolist()
    assert lines == {
        "report": ["Under suspicion, kept: 1 SR, 1 HR", 2, 2],
        "drop": ["Under suspicion, left out: 1 SR, 1 HR", 1, 1],
        "repair": ["Suspicious value repaired: 0 SR, 0 HR", 2, 2],
    }
    assert len(select(records)[1]) == len(select(records, flags=found)[1]) - 1
    with pytest.raises(ParameterError, match="quality must be one of"):
        Selection(quality="delete")


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.sampled_from(["Latitude", "Longitude", "Rs_annual", "Rh_annual", "Ra_annual",
                         "RC_annual", "MAT", "MAP", "Elevation", "Study_midyear"]),
        st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)),
    )
)
def test_any_numbers_are_checked(change):
    """Whatever the numbers, scores lie in 0 to 1, and the table stays as it was."""
    records = table(change)
    before = records.copy()
    found = quality.check(records)
    pd.testing.assert_frame_equal(records, before)
    assert found["score"].between(0, 1).all()
    assert all(found["expected"])
    assert len(quality.sentences(found)) == len(found)


def test_the_command_writes_what_it_found(tmp_path, capsys):
    """`soilresp data check` prints the counts, and writes flags and report beside each other."""
    from soilresp import cli

    records = table({"Latitude": -50.95}, {"Ecosystem_type": " Desert"})
    lacking = [c for c in (*NUMERIC, *TEXT) if c not in records]
    records.assign(**dict.fromkeys(lacking, "1")).to_csv(tmp_path / "srdb.csv", index=False)
    with pytest.raises(SystemExit) as leave:
        cli.main(["data", "check", str(tmp_path / "srdb.csv"), "--out", str(tmp_path / "found")])
    assert not leave.value.code
    assert "1 of 3 records are under suspicion" in capsys.readouterr().out
    found = pd.read_csv(tmp_path / "found/flags.csv", keep_default_na=False)
    assert tuple(found.columns) == FIELDS
    assert found["repair"].tolist()[0] == "Latitude=50.95; Longitude=13.55"
    assert "stray blank" in found["test"].tolist()
    assert "Record 2 of study 10" in (tmp_path / "found/report.html").read_text(encoding="utf-8")


@pytest.mark.real
@pytest.mark.slow
def test_known_slips_are_found(real_input):
    """A tenth of the benchmark on studies that no limit was set on meets the marks."""
    from soilresp.records.quality.benchmark import FALSE_ALARMS, MARKS, benchmark

    records = read_srdb(real_input("srdb"), strip=False)
    found, alarms = benchmark(records, n=50, rounds=1)
    for name, (_, mark) in MARKS.items():
        assert found.loc[f"together: {name}", "found"] >= mark
    assert alarms.loc["all tests", "of clean"] <= FALSE_ALARMS


@pytest.mark.real
@pytest.mark.slow
def test_effect_on_scores_and_totals(real_input):
    """Three ways by two fluxes; the sound records are the same in all, and drop has no others."""
    from soilresp.covariates.build import build_cube
    from soilresp.evaluation.quality_effect import quality_effect

    records = read_srdb(real_input("srdb"))
    chosen = {"SR": ["MAT", "Prec"], "HR": ["MAT", "Prec"]}
    effect = quality_effect(
        records, quality.check(records), Selection(), build_cube("embedded"), chosen,
        n_runs=1, n_trees=5, n_folds=2, cv_trees=5,
    ).set_index(["target", "quality"])
    for target in ("SR", "HR"):
        own = effect.loc[target]
        assert own["sound_n"].nunique() == 1
        assert own.loc["drop", "n"] == own.loc["drop", "sound_n"] < own.loc["report", "n"]
        assert own["total"].between(30, 150).all()
