"""The built site in a real browser, on a desk and on a phone."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.needs_browser
WIDTHS = {"desk": (1280, 900), "phone": (360, 740)}
SINGLE = ["index", "flags", "groups", "results", "context", "expectation", "reliability", "federal", "data", "method"]
INTERNAL = ["protocol"]
TOWN = "петропавловск"
MINUS = "\N{MINUS SIGN}"


def some_pages(site) -> list[str]:
    """Every kind of page: all single ones, a few territories and cards."""
    fanned = [page for page in site.pages() if "/" in page]
    return [page for page in site.pages() if "/" not in page] + fanned[::9]


@pytest.fixture(params=WIDTHS)
def page(browser: Browser, request: pytest.FixtureRequest):
    width, height = WIDTHS[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="ru-RU")
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(browser: Browser, site) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ru-RU")
    page = context.new_page()
    page.goto(f"{site.address}/flags.html")
    page.wait_for_selector("#table-flags .table-tools:visible")
    yield page
    context.close()


def listen(page: Page, home: str) -> list[str]:
    """Collect all that a reader's browser would complain of, and every request to elsewhere."""
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    page.on(
        "response", lambda answer: complaints.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None
    )
    page.on("request", lambda r: None if r.url.startswith((home, "data:", "blob:")) else complaints.append(r.url))
    return complaints


def drawn(page: Page) -> list[tuple[str, int, int]]:
    """For each trace of each chart: its name, how many marks its data call for, how many marks there are to see."""
    return page.evaluate("""() => {
        const size = {f4: 4, f8: 8, i1: 1, i2: 2, i4: 4, u1: 1, u2: 2, u4: 4};
        const pieces = x => Array.isArray(x) ? x.filter((v, i) => v !== null && (i === 0 || x[i - 1] === null)).length : 1;
        const length = x => Array.isArray(x) ? x.length : atob(x.bdata).length / size[x.dtype];
        return [...document.querySelectorAll("figure.chart")].flatMap(figure => {
            const area = figure.querySelector(".chart-area");
            const wanted = JSON.parse(figure.querySelector(".chart-data").textContent).data;
            const layers = [...area.querySelectorAll(".scatterlayer .trace, .barlayer .trace")];
            const find = (_, place) => layers.find(layer => [layer.__data__[0]].flat()[0].trace.index === place);
            return wanted.map((trace, place) => {
                const layer = find(trace, place);
                const kind = trace.type === "bar" || (trace.mode ?? "").includes("markers") ? "path.point, .point path" : ".js-line";
                const marks = layer ? layer.querySelectorAll(kind).length : 0;
                return [`${figure.id} ${trace.name}`, kind === ".js-line" ? pieces(trace.x) : length(trace.y), marks];
            });
        });
    }""")


def test_pages_are_whole_quiet_and_fit_the_screen(site, page: Page):
    complaints = listen(page, site.address)
    charts = 0
    for name in some_pages(site):
        page.goto(f"{site.address}/{name}", wait_until="networkidle")
        assert complaints == [], name
        wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{name} is {wide} wide on a screen of {window}"
        assert page.evaluate("document.documentElement.lang") == "ru"
        assert page.locator("h1:visible").count() == 1, name
        for trace, wanted, shown in drawn(page):
            assert wanted > 0 and wanted == shown, f"{name}: {trace}: {shown} of {wanted} marks"
        for area in page.locator(".chart-area").all():
            assert re.search(r"[а-яё]{3}", area.get_attribute("aria-label")), name
            box = area.locator(".main-svg").first.bounding_box()
            assert box["width"] > 200 and box["height"] > 150
            charts += 1
    assert charts > 10


def test_numbers_on_axes_are_russian(site, page: Page):
    page.goto(f"{site.address}/expectation.html", wait_until="networkidle")
    ticks = page.locator("#chart-funnel .ytick text").all_text_contents()
    assert any("," in tick for tick in ticks) and not any("." in tick for tick in ticks)
    assert any(tick.startswith(MINUS) for tick in ticks)


def test_a_number_that_pops_up_is_russian(site, desk: Page):
    desk.goto(f"{site.address}/expectation.html", wait_until="networkidle")
    # the school that is farthest below is sure to have a minus before its residual
    spot = desk.evaluate("""() => {
        const chart = document.querySelector("#chart-funnel .chart-area"), trace = chart._fullData[1], box = chart.getBoundingClientRect();
        chart.scrollIntoView();
        const place = trace.y.indexOf(Math.min(...trace.y)), { xaxis, yaxis } = chart._fullLayout, top = chart.getBoundingClientRect().top;
        return [box.left + xaxis._offset + xaxis.d2p(trace.x[place]), top + yaxis._offset + yaxis.d2p(trace.y[place])];
    }""")
    desk.mouse.move(spot[0] + 1, spot[1])
    desk.mouse.move(*spot)
    shown = desk.locator("#chart-funnel .hoverlayer text").first
    shown.wait_for()
    assert re.search(rf": {MINUS}[01],\d", shown.text_content()), shown.text_content()
    assert not re.search(r"\d\.\d| -\d", shown.text_content())


def test_a_finger_scrolls_the_page_past_a_chart(site, page: Page):
    page.goto(f"{site.address}/expectation.html", wait_until="networkidle")
    if page.viewport_size["width"] < 500:
        layout = page.evaluate("document.querySelector('.chart-area')._fullLayout.dragmode")
        assert layout is False, "dragging would zoom the chart, and the reader could not get past it"


def test_the_typology_needs_no_scrolling_to_the_side(site, page: Page):
    page.goto(f"{site.address}/index.html", wait_until="networkidle")
    inner, outer = page.evaluate("""() => {
        const box = document.querySelector("#table-types .table-scroll");
        return [box.scrollWidth, box.clientWidth];
    }""")
    assert inner <= outer


def test_titles_of_axes_are_not_cut(site, page: Page):
    for name in (
        "expectation.html",
        "context.html",
        "results.html",
        next(p for p in site.pages() if p.startswith("school/")),
    ):
        page.goto(f"{site.address}/{name}", wait_until="networkidle")
        for title in page.locator(".xtitle, .ytitle").all():
            text = title.bounding_box()
            chart = title.locator("xpath=ancestor::*[contains(@class, 'chart-area')]").bounding_box()
            assert text["x"] >= chart["x"] - 1 and text["x"] + text["width"] <= chart["x"] + chart["width"] + 1, name
            assert text["y"] >= chart["y"] - 1 and text["y"] + text["height"] <= chart["y"] + chart["height"] + 1, name


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, _: str, attributes: list[tuple[str, str | None]]) -> None:
        own = dict(attributes)
        self.ids |= {own["id"]} if own.get("id") else set()
        self.links += [own[name] for name in ("href", "src") if own.get(name)]


def parsed(path: Path) -> _Links:
    links = _Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


def test_every_link_and_anchor_leads_somewhere(site):
    pages = {name: parsed(site.folder / name) for name in site.pages()}
    single = {name.removesuffix(".html") for name in pages if "/" not in name}
    assert single - set(INTERNAL) == set(SINGLE)
    assert len([name for name in pages if name.startswith("municipality/")]) == 14
    assert len([name for name in pages if name.startswith("school/")]) > 20
    reached = set()
    for name, found in pages.items():
        for link in found.links:
            target = urlsplit(urljoin(f"http://site/{name}", link))
            if target.scheme in ("data", "mailto"):
                continue
            assert target.netloc == "site", f"{name} leads outside: {link}"
            path = unquote(target.path).lstrip("/") or "index.html"
            assert (site.folder / path).is_file(), f"{name}: {link}"
            if target.fragment and path in pages:
                assert unquote(target.fragment) in pages[path].ids, f"{name}: {link}"
            reached.add(path)
    assert set(pages) <= reached, "every page is linked from another"


def rows(page: Page, column: int) -> list[str]:
    return page.locator(f"#table-flags tbody tr td:nth-child({column})").all_inner_texts()


def total(page: Page) -> int:
    numbers = re.findall(r"\d[\d\s\N{NO-BREAK SPACE}]*", page.locator("#table-flags .table-count").inner_text())
    return max(int(re.sub(r"\D", "", number)) for number in numbers)


def all_rows(page: Page) -> list[list]:
    return json.loads(page.locator("#table-flags .table-data").text_content())


def test_the_table_is_searched_in_any_case(desk: Page):
    everything = all_rows(desk)
    assert total(desk) == len(everything) > 100
    desk.locator("#table-flags input[type=search]").fill(TOWN.upper())
    wanted = [row for row in everything if TOWN in " ".join(cell[0] for cell in row).lower()]
    assert 0 < len(wanted) < len(everything)
    assert total(desk) == len(wanted)
    assert rows(desk, 1) == [row[0][0] for row in wanted][: len(rows(desk, 1))]
    desk.locator("#table-flags input[type=search]").fill("УСТОЙЧИВО")
    assert total(desk) == sum("устойчиво" in row[2][0] for row in everything)
    desk.locator("#table-flags input[type=search]").fill("нет такой школы")
    assert rows(desk, 1) in ([], [""]) or "не найден" in desk.locator("#table-flags").inner_text().lower()


def test_the_table_is_filtered_and_both_narrow_together(desk: Page):
    everything = all_rows(desk)
    titles = [text.strip() for text in desk.locator("#table-flags thead th").all_inner_texts()]
    verdict = next(i for i, title in enumerate(titles) if title.startswith("Вывод"))
    value = next(row[verdict][0] for row in everything if row[verdict][0].startswith("▼"))
    desk.locator(f'#table-flags select[data-column="{verdict}"]').select_option(value)
    wanted = [row for row in everything if row[verdict][0] == value]
    assert 0 < total(desk) == len(wanted) < len(everything)
    desk.locator("#table-flags input[type=search]").fill(TOWN)
    both = [row for row in wanted if TOWN in " ".join(cell[0] for cell in row).lower()]
    assert 0 < total(desk) == len(both) < len(wanted)


def number(text: str) -> float:
    return float(text.replace(MINUS, "-").replace("+", "").replace(",", "."))


def test_the_table_is_sorted_by_number_and_by_name_from_the_keyboard(desk: Page):
    titles = [text.strip() for text in desk.locator("#table-flags thead th").all_inner_texts()]
    effect = next(i for i, title in enumerate(titles) if title.startswith("Отклонение"))
    for column, key in ((effect, number), (0, str.lower)):
        head = desk.locator("#table-flags thead th").nth(column)
        button = head.locator("button")
        orders = {}
        for _ in range(2):
            button.focus()
            desk.keyboard.press("Enter")
            orders[head.get_attribute("aria-sort")] = [key(text) for text in rows(desk, column + 1)]
        assert set(orders) == {"ascending", "descending"}
        if column == effect:
            assert orders["ascending"] == sorted(orders["ascending"]) and orders["ascending"][0] < -0.3
            assert orders["descending"] == sorted(orders["descending"], reverse=True) and orders["descending"][0] > 0.3
        else:
            assert orders["ascending"][0] < orders["descending"][0]


def test_without_scripts_the_table_still_shows_its_first_rows(site, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.address}/flags.html")
    assert page.locator("#table-flags tbody tr").count() == 100
    context.close()


def test_text_can_be_read_against_its_ground(site, page: Page):
    page.goto(f"{site.address}/index.html", wait_until="networkidle")
    worst = page.evaluate("""() => {
        const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                             return .2126 * r + .7152 * g + .0722 * b; };
        const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
        const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
                              if (c.length === 3 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
        let found = [99, ""];
        for (const e of document.querySelectorAll("main p, main li, main a, main th, main td, main h2, figcaption, nav a, footer")) {
            if (!e.offsetParent || !e.innerText.trim()) continue;
            const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
            const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
            if (ratio < found[0]) found = [ratio, e.outerHTML.slice(0, 120)];
        }
        return found;
    }""")
    assert worst[0] >= 4.5, worst


def test_a_site_by_quarto_shows_everything_from_its_folder(published: dict[str, Path], browser: Browser):
    if "quarto" not in published:
        pytest.skip("quarto is not installed here")
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    # a browser refuses Quarto's two module scripts from a folder: they only mark the place in the contents
    page.on("requestfailed", lambda r: None if "/quarto-html/" in r.url else faults.append(r.url))
    for name in ("index.html", "expectation.html", "flags.html"):
        page.goto((published["quarto"] / name).as_uri(), wait_until="networkidle")
        assert all(wanted == shown > 0 for _, wanted, shown in drawn(page))
    page.locator("#table-flags input[type=search]").fill(TOWN)
    assert 0 < total(page) < len(all_rows(page))
    assert faults == []
    page.close()


def test_the_pandoc_site_opens_from_its_folder(published: dict[str, Path], browser: Browser):
    page = browser.new_page()
    complaints = listen(page, "file://")
    for name in ("index.html", "expectation.html", "flags.html"):
        page.goto((published["pandoc"] / name).as_uri(), wait_until="networkidle")
        assert all(wanted == shown > 0 for _, wanted, shown in drawn(page))
    assert complaints == []
    page.close()


def test_quarto_and_pandoc_show_the_same(published: dict[str, Path], browser: Browser):
    if "quarto" not in published:
        pytest.skip("quarto is not installed here")

    def seen(folder: Path, name: str) -> dict:
        page.goto((folder / name).as_uri(), wait_until="domcontentloaded")
        return page.evaluate("""() => {
            const main = document.querySelector("main").cloneNode(true);
            main.querySelectorAll("script, noscript, .chart-area, .table-tools, nav, style").forEach(e => e.remove());
            return {
                title: document.querySelector("h1").innerText.trim(),
                words: main.textContent.replace(/\\s+/g, " ").trim(),
                data: [...document.querySelectorAll(".chart-data, .table-data")].map(e => e.textContent),
                links: [...document.querySelectorAll("main a:not(.anchorjs-link)")]
                    .map(e => e.getAttribute("href")).filter(h => !h.startsWith("#")),
            };
        }""")

    names = sorted(p.relative_to(published["pandoc"]).as_posix() for p in published["pandoc"].rglob("*.html"))
    assert names == sorted(p.relative_to(published["quarto"]).as_posix() for p in published["quarto"].rglob("*.html"))
    context = browser.new_context(java_script_enabled=True)
    page = context.new_page()
    page.route("**/*.js", lambda route: route.abort())
    for name in [f"{single}.html" for single in SINGLE + INTERNAL] + [name for name in names if "/" in name][::9]:
        one, other = seen(published["pandoc"], name), seen(published["quarto"], name)
        for part, value in one.items():
            assert value == other[part], f"{name}: {part}"
    context.close()
