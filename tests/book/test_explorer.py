"""The map to explore: its numbers are those of the files, in the data and on the screen."""

import base64
import json
import re
import shutil
import zlib

import explorer
import numpy as np
import pytest
from browser import serve
from hypothesis import given
from hypothesis import strategies as st

from soilresp.io import paths
from soilresp.scoring import benchmark

CELLS = [(-3.25, -60.25), (50.75, 10.25), (62.25, 129.75), (-23.25, 133.25), (38.75, -95.25)]
FLUXES = ("SR", "HR", "AR")


def decode(text):
    """Numbers of `explorer.encode`, by the words of its documentation."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).astype(int)
    high, low = planes.reshape(2, -1)
    folded = 256 * high + low
    return np.where(folded % 2, -(folded + 1) // 2, folded // 2)


def content(folder, name):
    """What a script of the explorer hands over."""
    text = (folder / f"{name}.js").read_text(encoding="utf-8")
    found = re.fullmatch(r'soilrespExplorer\.put\("(\w+)",(.*)\);\n', text, flags=re.DOTALL)
    assert found and found.group(1) == name
    return json.loads(found.group(2))


def numbers(folder, name):
    """A field in the order of the cells."""
    return np.cumsum(decode(content(folder, name))) % 65536


@pytest.fixture(scope="module")
def static(tmp_path_factory):
    """A folder like the book's ``_static``, with the map alone."""
    folder = tmp_path_factory.mktemp("site") / "_static"
    shutil.copytree(paths.root() / "book" / "_static", folder)
    explorer.write_data(folder / explorer.FOLDER)
    explorer.write_page(folder / explorer.FOLDER)
    return folder


@pytest.fixture(scope="module")
def files():
    """The two files that the explorer shows."""
    return benchmark.load_benchmark(), benchmark.load_annual()


# ---------------------------------------------------------------- the data


@given(st.lists(st.integers(-32768, 32767), min_size=1))
def test_numbers_come_back(values):
    """Whatever 16 bits hold is unchanged."""
    assert decode(explorer.encode(values)).tolist() == values


def test_data_are_small(static):
    """At most 5 MB in all, and no block of years above 200 kB."""
    sizes = {p.name: p.stat().st_size for p in (static / explorer.FOLDER).iterdir()}
    assert sum(sizes.values()) <= 5e6
    assert max(size for name, size in sizes.items() if name.startswith("series_")) <= 2e5


def test_fields_are_those_of_the_file(static, files):
    """Fluxes, CV and dissimilarity to the last digit, SD to half a gram, flags, cells."""
    folder, climatology = static / explorer.FOLDER, files[0]
    known = np.isfinite(climatology["SR"].values)
    mask = np.unpackbits(decode(content(folder, "cells")).astype(np.uint8)).astype(bool)
    np.testing.assert_array_equal(mask, known.ravel())
    steps = content(folder, "meta")["steps"]
    for name in ("SR", "HR", "SR_cv", "HR_cv", "AR_cv", "SR_di", "HR_di"):
        shown = numbers(folder, name) * steps[name]
        np.testing.assert_array_equal(shown, climatology[name].values[known])
    for name in ("SR_sd", "HR_sd", "AR_sd"):
        assert steps[name] == 1
        assert np.abs(numbers(folder, name) - climatology[name].values[known]).max() <= 0.5
    for name in ("SR_inside", "HR_inside"):
        np.testing.assert_array_equal(numbers(folder, name), climatology[name].values[known])


def test_years_are_those_of_the_file(static, files):
    """Every cell and year within half a step of the annual file, block by block."""
    folder, annual = static / explorer.FOLDER, files[1]
    known = np.isfinite(files[0]["SR"].values)
    meta = content(folder, "meta")
    n_years, size, step = len(meta["years"]), meta["block"], meta["seriesStep"]
    assert meta["years"] == annual["year"].values.tolist()
    seen = 0
    for path in folder.glob("series_*.js"):
        number = int(path.stem.removeprefix("series_"))
        top, left = divmod(number, 720 // size)
        box = (slice(top * size, (top + 1) * size), slice(left * size, (left + 1) * size))
        n = int(known[box].sum())
        parts = decode(content(folder, path.stem)).reshape(2, -1)
        for flux, part in zip(("SR", "HR"), parts, strict=True):
            mean, away = np.cumsum(part[:n]) % 65536, part[n:].reshape(n_years, n)
            wanted = annual[flux].values[:, box[0], box[1]][:, known[box]]
            assert np.abs(step * (mean + away) - wanted).max() <= step / 2
        seen += n
    assert seen == known.sum()


# ---------------------------------------------------------------- on the screen


@pytest.fixture(scope="module")
def address(static):
    """Address of the map alone, served."""
    with serve(static) as root:
        yield f"{root}explorer/index.html"


def shown(tab, address, state=""):
    """Open the map in a state, and wait until it stands."""
    tab.page.goto("about:blank")
    tab.open(address + state)
    tab.page.wait_for_selector(".soil-explorer[data-ready]")
    return tab


def run(tab, code, given=None):
    """Run a function of the map and one argument in the page."""
    return tab.page.evaluate(f"([given]) => (({code})(soilrespExplorer.map, given))", [given])


def pixel(tab, cell):
    """Where a cell is in the window."""
    x, y = run(tab, "(map, at) => map.project(...at)", list(cell))
    box = tab.page.locator(".explorer-frame").bounding_box()
    return box["x"] + x, box["y"] + y


def choose(tab, layer):
    """Choose a layer, and wait until the map shows it."""
    tab.page.locator(f'.soil-explorer input[value="{layer}"]').check(force=True)
    tab.page.wait_for_function("name => soilrespExplorer.map.layer.name === name", arg=layer)


def readout(tab):
    """The value that is told, and the place."""
    return tab.page.locator(".explorer-readout").inner_text()


def number(words):
    """The first number in a text."""
    return float(re.search(r"[-−]?\d+(\.\d+)?", words).group().replace("−", "-"))


def value(files, name, cell):
    """A value of the climatology."""
    return float(files[0][name].sel(lat=cell[0], lon=cell[1]))


def test_value_under_the_pointer(tab, address, files):
    """It is that of the file, in each of the layers, and so is the place."""
    shown(tab, address)
    for layer, digits in (("SR", 0), ("HR", 0), ("AR", 0), ("SR_cv", 1), ("AR_cv", 1)):
        choose(tab, layer)
        for cell in CELLS:
            tab.page.mouse.move(*pixel(tab, cell))
            told = readout(tab)
            assert abs(number(told) - value(files, layer, cell)) <= 0.5 * 10**-digits + 1e-9
            assert f"{abs(cell[0]):.2f}° {'S' if cell[0] < 0 else 'N'}" in told
    choose(tab, "HR_di")
    tab.page.mouse.move(*pixel(tab, CELLS[0]))
    ratio = value(files, "HR_di", CELLS[0]) / files[0]["HR_di"].attrs["threshold"]
    assert number(readout(tab).removeprefix("HR: ")) == pytest.approx(ratio, abs=0.006)
    assert ("inside" in readout(tab)) == (value(files, "HR_inside", CELLS[0]) == 1)
    tab.page.mouse.move(*pixel(tab, (0.25, -30.25)))
    assert readout(tab).startswith("no data")
    assert not tab.complaints and not tab.foreign()


def test_colour_is_that_of_the_value(tab, address, files):
    """The pixel of a cell has the colour of its step, before and after a change of layer."""
    shown(tab, address, "#map=SR/6.00/-3.00/-60.00")
    meta = {layer["name"]: layer for layer in explorer.about(*files)["layers"]}
    for name in ("SR", "SR_cv"):
        choose(tab, name)
        tab.page.wait_for_timeout(200)
        seen = run(tab, """(map, at) => {
            const [x, y] = map.project(...at).map(v => Math.round(v * map.ratio));
            return [...map.canvas.getContext("2d").getImageData(x, y, 1, 1).data];
        }""", list(CELLS[0]))
        step = int(np.searchsorted(meta[name]["levels"], value(files, name, CELLS[0]), "right"))
        colour = meta[name]["colours"][step]
        assert seen == [int(colour[k : k + 2], 16) for k in (1, 3, 5)] + [255]


def test_projection_comes_back(tab, address):
    """Places go to the window and back unchanged, for many views; areas are true."""
    shown(tab, address)
    worst, ratio = run(tab, """map => {
        let worst = 0, areas = [];
        for (let k = 0; k < 400; k++) {
            map.zoom = 1 + (k * 37 % 47);
            map.lon0 = k * 77.7 % 360 - 180;
            map.y0 = (k * 13 % 100) / 50 - 1;
            map.settle();
            const lat = (k * 41.3 % 170) - 85, lon = k * 123.4 % 360 - 180;
            const back = map.unproject(...map.project(lat, lon));
            const off = Math.abs(((back[1] - lon + 540) % 360) - 180);
            worst = Math.max(worst, Math.abs(back[0] - lat), off);
        }
        map.whole();
        for (const lat of [5, 40, 70]) {
            const [a, b] = [map.project(lat - 0.1, map.lon0), map.project(lat + 0.1, map.lon0)];
            const c = map.project(lat, map.lon0 + 1);
            areas.push((a[1] - b[1]) * (c[0] - a[0]) / Math.cos(lat * Math.PI / 180));
        }
        return [worst, Math.max(...areas) / Math.min(...areas)];
    }""")
    assert worst < 1e-6
    assert ratio == pytest.approx(1, abs=1e-3)


def test_zoom_and_drag_keep_the_place(tab, address):
    """The wheel zooms about the pointer; what is dragged stays under it."""
    shown(tab, address)
    at = "(map, p) => map.unproject(...p)"
    box = tab.page.locator(".explorer-frame").bounding_box()
    # The wheel tells whole pixels of the window.
    point = [round(box["x"] + 0.6 * box["width"]) - box["x"],
             round(box["y"] + 0.45 * box["height"]) - box["y"]]
    here = run(tab, at, point)
    tab.page.mouse.move(box["x"] + point[0], box["y"] + point[1])
    tab.page.mouse.wheel(0, -900)
    tab.page.wait_for_function("soilrespExplorer.map.zoom > 3")
    assert run(tab, at, point) == pytest.approx(here, abs=1e-6)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + point[0] - 90, box["y"] + point[1] + 60, steps=4)
    tab.page.mouse.up()
    assert run(tab, at, [point[0] - 90, point[1] + 60]) == pytest.approx(here, abs=1e-6)
    assert "cell=" not in tab.page.url
    tab.page.get_by_role("button", name="Whole world").click()
    assert run(tab, "map => [map.zoom, map.lon0]") == [1, 0]


def test_click_shows_the_years(tab, address, files, tmp_path):
    """Numbers in the table and in the CSV are those of the annual file, to its rounding."""
    shown(tab, address)
    cell = CELLS[1]
    tab.page.mouse.click(*pixel(tab, cell))
    tab.page.wait_for_selector(".explorer-chart svg")
    tab.page.locator(".explorer-cell details summary").click()
    rows = tab.page.locator(".explorer-years tbody tr").all_inner_texts()
    years = files[1].sel(lat=cell[0], lon=cell[1])
    wanted = {f: years[f].values for f in ("SR", "HR")}
    wanted["AR"] = wanted["SR"] - wanted["HR"]
    assert len(rows) == years.sizes["year"]
    for t, row in enumerate(rows):
        year, *values = row.replace("−", "-").split()
        assert int(year) == int(years["year"][t])
        for flux, told, most in zip(FLUXES, values, (1, 1, 2), strict=True):
            assert abs(float(told) - wanted[flux][t]) <= most
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="Download the years").click()
    download.value.save_as(tmp_path / "cell.csv")
    lines = (tmp_path / "cell.csv").read_text().splitlines()
    assert "year,SR,HR,AR" in lines and "lat 50.75 lon 10.25" in "\n".join(lines)
    table = lines[lines.index("year,SR,HR,AR") + 1 :]
    assert [line.split(",") for line in table] == [r.replace("−", "-").split() for r in rows]
    summary = tab.page.locator(".explorer-summary tbody tr").all_inner_texts()
    for row, flux in zip(summary, FLUXES, strict=True):
        mean, sd, cv = map(float, row.split()[1:4])
        assert mean == pytest.approx(value(files, flux, cell), abs=0.51)
        assert sd == pytest.approx(value(files, f"{flux}_sd", cell), abs=0.51)
        assert cv == pytest.approx(value(files, f"{flux}_cv", cell), abs=0.051)
    said = tab.page.locator(".explorer-chart svg").get_attribute("aria-label")
    assert "1982 to 2012" in said and "g C" in said
    assert not tab.complaints


def test_keyboard_alone(tab, address, files):
    """Arrow keys move a cursor that is told aloud, Enter shows the years, Escape lets go."""
    shown(tab, address, "#map=SR/1.00/6.00/0.00")
    tab.page.locator(".explorer-frame").focus()
    for _ in range(3):
        tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("Shift+ArrowUp")
    row, col = run(tab, "map => map.cursor")
    cell = (89.75 - row / 2, -179.75 + col / 2)
    said = tab.page.locator(".soil-explorer [aria-live]").inner_text()
    assert f"{abs(cell[0]):.2f}°" in said
    assert number(said.removeprefix("SR ")) == pytest.approx(value(files, "SR", cell), abs=0.51)
    tab.page.keyboard.press("ArrowDown")
    assert run(tab, "map => map.cursor") == [row + 1, col]
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector(".explorer-chart svg")
    assert f"cell={cell[0] - 0.5:g},{cell[1]:g}" in tab.page.url
    tab.page.keyboard.press("+")
    assert run(tab, "map => map.zoom") == pytest.approx(1.6)
    tab.page.keyboard.press("Escape")
    assert tab.page.locator(".explorer-chart").count() == 0 and "cell=" not in tab.page.url
    tab.page.keyboard.press("0")
    assert run(tab, "map => map.zoom") == 1
    tab.page.locator('.soil-explorer input[value="SR"]').focus()
    tab.page.keyboard.press("ArrowRight")
    tab.page.wait_for_function("soilrespExplorer.map.layer.name === 'HR'")


def test_address_holds_the_state(tab, address):
    """What the address says is shown, and nonsense in it does no harm."""
    shown(tab, address, "#map=HR_cv/5.00/50.00/10.00&cell=50.75,10.25&veil=1&years=departures")
    tab.page.wait_for_selector(".explorer-chart svg")
    assert run(tab, "map => [map.layer.name, map.zoom, map.veil, map.mode]") == [
        "HR_cv", 5, True, "departures"
    ]
    assert run(tab, "map => map.lon0") == 10
    assert "50.75° N, 10.25° E" in tab.page.locator(".explorer-cell h2").inner_text()
    tab.page.get_by_role("button", name="Zoom in").click()
    assert "HR_cv/8.00/" in tab.page.url
    for state in ("#map=none/x/y/z&cell=1e9,abc", "#map=SR/1e9/500/-9999&cell=95,0", "#map=",
                  "#reading-it"):
        shown(tab, address, state)
        assert run(tab, "map => [map.zoom >= 1, map.zoom <= 48, map.cell]") == [True, True, None]
    assert not tab.complaints


def test_opens_from_disk(tab, static, files):
    """Without a server all of it works: values, layers, years."""
    page = static / explorer.FOLDER / "index.html"
    shown(tab, page.as_uri())
    tab.page.mouse.click(*pixel(tab, CELLS[0]))
    tab.page.wait_for_selector(".explorer-chart svg")
    assert number(readout(tab)) == pytest.approx(value(files, "SR", CELLS[0]), abs=0.51)
    assert not tab.complaints and not tab.foreign()


def test_nothing_keeps_readers_out(tab, phone, address):
    """No serious finding of axe with a cell chosen; a phone is not overflowed; dark as light."""
    state = "#map=SR/1.00/6.00/0.00&cell=50.75,10.25"
    shown(tab, address, state)
    tab.page.wait_for_selector(".explorer-chart svg")
    for theme in ("light", "dark"):
        tab.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        assert tab.barriers() == []
    shown(phone, address, state)
    phone.page.wait_for_selector(".explorer-chart svg")
    assert phone.overflow() == 0
    assert phone.barriers() == []
