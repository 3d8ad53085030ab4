"""The built site in a real browser, on a desk and on a phone, by mouse and by keyboard, in light and in the dark."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CARDS, Site, pages_in
from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.needs_browser
WIDTHS = {"desk": (1280, 900), "phone": (360, 740)}
EVERYWHERE = {"index", "reading", "glossary", "goal", "context", "results", "data", "method", "trends", "groups", "federal",
              "expectation", "flags", "reliability", "archive"}  # fmt: skip
"""Single pages that every report has in every edition."""
TOWN = "петропавловск"
MINUS = "\N{MINUS SIGN}"
PAGE_BYTES = 400_000


def context_of(browser: Browser, width: str = "desk", **more) -> BrowserContext:
    across, down = WIDTHS[width]
    return browser.new_context(viewport={"width": across, "height": down}, locale="ru-RU", **more)


@pytest.fixture(params=WIDTHS)
def page(browser: Browser, request: pytest.FixtureRequest):
    context = context_of(browser, request.param)
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(browser: Browser):
    context = context_of(browser)
    yield context.new_page()
    context.close()


def visit(page: Page, address: str) -> None:
    """Open a page and wait until its charts are drawn and its tables can be used."""
    page.goto(address, wait_until="load")
    page.wait_for_function("""() =>
        [...document.querySelectorAll("figure.chart")].every(figure => figure.querySelector(".main-svg"))
        && [...document.querySelectorAll(".searchable .table-tools")].every(tools => !tools.hidden)""")


def listen(page: Page, home: str) -> list[str]:
    """Collect all that a reader's browser would complain of, and every request to elsewhere."""
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # a request that the reader's going on to another page has cut off is no fault
    page.on(
        "requestfailed", lambda r: None if r.failure == "net::ERR_ABORTED" else complaints.append(f"failed: {r.url}")
    )
    page.on(
        "response", lambda answer: complaints.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None
    )
    page.on("request", lambda r: None if r.url.startswith((home, "data:", "blob:")) else complaints.append(r.url))
    return complaints


def drawn(page: Page) -> list[tuple[str, int, int]]:
    """For each trace of each chart: its name, how many marks its data call for, how many marks there are to see."""
    return page.evaluate("""() => {
        const size = {f4: 4, f8: 8, i1: 1, i2: 2, i4: 4, u1: 1, u2: 2, u4: 4};
        const values = (x, y) => Array.isArray(x) ? x.map((v, i) => Array.isArray(y) && y[i] === null ? null : v) : x;
        const pieces = x => Array.isArray(x) ? x.filter((v, i) => v !== null && (i === 0 || x[i - 1] === null)).length : 1;
        const length = x => Array.isArray(x) ? x.filter(v => v !== null).length : atob(x.bdata).length / size[x.dtype];
        return [...document.querySelectorAll("figure.chart")].flatMap(figure => {
            const area = figure.querySelector(".chart-area");
            const wanted = JSON.parse(figure.querySelector(".chart-data").textContent).data;
            const layers = [...area.querySelectorAll(".scatterlayer .trace, .barlayer .trace")];
            const find = (_, place) => layers.find(layer => [layer.__data__[0]].flat()[0].trace.index === place);
            return wanted.map((trace, place) => {
                const layer = find(trace, place);
                const kind = trace.type === "bar" || (trace.mode ?? "").includes("markers") ? "path.point, .point path" : ".js-line";
                const marks = layer ? layer.querySelectorAll(kind).length : 0;
                const asked = kind === ".js-line" ? pieces(values(trace.x, trace.y)) : length(trace.y);
                return [`${figure.id} ${trace.name}`, asked, marks];
            });
        });
    }""")


def test_pages_are_whole_quiet_without_fault_and_fit_the_screen(site: Site, page: Page):
    """One visit to each page measures all; axe-core looks at it on a desk."""
    complaints = listen(page, site.address)
    charts, found = 0, {}
    for name in site.visited():
        visit(page, f"{site.address}/{name}")
        assert complaints == [], name
        wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{name} is {wide} wide on a screen of {window}"
        if window < WIDTHS["desk"][0]:  # rows of many columns are cards there: no last column is out of sight
            hidden = """[...document.querySelectorAll(".cards .table-scroll")]
                .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.closest("[id]").id)"""
            assert page.evaluate(hidden) == [], name
        assert page.evaluate("document.documentElement.lang") == "ru"
        assert page.locator("h1:visible").count() == 1, name
        for trace, wanted, shown in drawn(page):
            assert wanted > 0 and wanted == shown, f"{name}: {trace}: {shown} of {wanted} marks"
        for area in page.locator(".chart-area").all():
            assert re.search(r"[а-яё]{3}", area.get_attribute("aria-label")), name
            box = area.locator(".main-svg").first.bounding_box()
            assert box["width"] > 200 and box["height"] > 150
            charts += 1
        if window == WIDTHS["desk"][0]:
            found[name] = faults(page)
    assert charts >= 5
    assert {name: told for name, told in found.items() if told} == {}


def faults(page: Page) -> list[str]:
    """What axe-core finds on a page, its best practices included."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_no_fault_in_the_dark(site: Site, browser: Browser, width: str):
    context = context_of(browser, width, color_scheme="dark")
    page = context.new_page()
    fanned = [name for name in site.pages() if "/" in name]
    names = ["index.html", "flags.html", "groups.html", "trends.html", "reading.html", fanned[-1]]
    found = {}
    for name in names:
        visit(page, f"{site.address}/{name}")
        found[name] = faults(page)
    assert {name: told for name, told in found.items() if told} == {}
    context.close()


def test_charts_are_read_in_the_dark(site: Site, browser: Browser):
    context = context_of(browser, color_scheme="dark")
    page = context.new_page()
    visit(page, f"{site.address}/expectation.html")
    letters, ground, paper = page.evaluate("""() => [
        getComputedStyle(document.querySelector(".xtick text")).fill,
        getComputedStyle(document.body).backgroundColor,
        document.querySelector(".chart-area").layout.paper_bgcolor,
    ]""")
    assert min(map(int, re.findall(r"\d+", letters)[:3])) > 200 and max(map(int, re.findall(r"\d+", ground)[:3])) < 60
    assert paper == "transparent"
    page.emulate_media(color_scheme="light")
    page.wait_for_function(
        """() => getComputedStyle(document.querySelector(".xtick text")).fill === "rgb(51, 51, 51)" """
    )
    context.close()


def test_pages_are_light_to_load(site: Site):
    heavy = {name: size for name in site.pages() if (size := (site.folder / name).stat().st_size) >= PAGE_BYTES}
    assert heavy == {}
    if not site.by_quarto:  # Quarto's own styles and scripts are heavier than that, once for all pages
        frame = [path for path in (site.folder / "assets").iterdir() if path.suffix in (".css", ".js", ".svg")]
        library = sum(path.stat().st_size for path in frame if path.name.startswith("plotly"))
        shared = sum(path.stat().st_size for path in frame) - library
        assert library < 1_200_000
        assert shared + max((site.folder / name).stat().st_size for name in site.pages()) < PAGE_BYTES


def test_numbers_on_axes_are_russian(site: Site, page: Page):
    visit(page, f"{site.address}/expectation.html")
    ticks = page.locator("#chart-expectation .ytick text").all_text_contents()
    assert any("," in tick for tick in ticks) and not any("." in tick for tick in ticks)
    assert any(tick.startswith(MINUS) for tick in ticks)


def test_a_number_that_pops_up_is_russian(site: Site, desk: Page):
    visit(desk, f"{site.address}/expectation.html")
    # the mark that is farthest below is sure to have a minus before its number
    x, y = desk.evaluate("""() => {
        const chart = document.querySelector("#chart-expectation .chart-area"), trace = chart._fullData[0];
        chart.scrollIntoView();
        const box = chart.getBoundingClientRect(), place = [...trace.y].indexOf(Math.min(...trace.y));
        const { xaxis, yaxis } = chart._fullLayout;
        return [box.left + xaxis._offset + xaxis.d2p(trace.x[place]), box.top + yaxis._offset + yaxis.d2p(trace.y[place])];
    }""")
    desk.mouse.move(x + 1, y)
    desk.mouse.move(x, y)
    shown = desk.locator("#chart-expectation .hoverlayer text").first
    shown.wait_for()
    assert re.search(rf"{MINUS}[01],\d", shown.text_content()), shown.text_content()
    assert not re.search(r"\d\.\d| -\d", shown.text_content())


def test_a_finger_scrolls_the_page_past_a_chart(site: Site, browser: Browser):
    context = context_of(browser, "phone")
    page = context.new_page()
    visit(page, f"{site.address}/expectation.html")
    layout = page.evaluate("document.querySelector('.chart-area')._fullLayout.dragmode")
    assert layout is False, "dragging would zoom the chart, and the reader could not get past it"
    context.close()


def test_the_typology_needs_no_scrolling_to_the_side(site: Site, page: Page):
    visit(page, f"{site.address}/index.html")
    inner, outer = page.evaluate("""() => {
        const box = document.querySelector("#table-types .table-scroll");
        return [box.scrollWidth, box.clientWidth];
    }""")
    assert inner <= outer


def test_titles_of_axes_are_not_cut(site: Site, page: Page):
    cards = [name for name in site.pages() if name.startswith("school/")]
    for name in ["expectation.html", "context.html", "results.html", "trends.html", *cards[:1]]:
        visit(page, f"{site.address}/{name}")
        for title in page.locator(".xtitle, .ytitle").all():
            text = title.bounding_box()
            chart = title.locator("xpath=ancestor::*[contains(@class, 'chart-area')]").bounding_box()
            assert text["x"] >= chart["x"] - 1 and text["x"] + text["width"] <= chart["x"] + chart["width"] + 1, name
            assert text["y"] >= chart["y"] - 1 and text["y"] + text["height"] <= chart["y"] + chart["height"] + 1, name


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        own = dict(attributes)
        self.ids |= {own["id"]} if own.get("id") else set()
        self.links += [(tag, own[name]) for name in ("href", "src") if own.get(name)]


def parsed(path: Path) -> _Links:
    links = _Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


def test_every_link_and_anchor_leads_somewhere(site: Site):
    pages = {name: parsed(site.folder / name) for name in site.pages()}
    single = {name.removesuffix(".html") for name in pages if "/" not in name}
    assert single >= EVERYWHERE and ("protocol" in single) == (site.name != "public")
    territories = [name for name in pages if name.startswith("municipality/")]
    schools = [name for name in pages if name.startswith("school/")]
    assert 10 < len(territories) <= 14 and (len(schools) >= CARDS) == (site.name != "public")
    reached = set()
    for name, found in pages.items():
        for tag, link in found.links:
            target = urlsplit(urljoin(f"http://site/{name}", link))
            if target.scheme in ("data", "mailto") or (tag == "a" and target.scheme == "https"):
                continue  # a source may be named by its address: nothing is loaded from there
            assert target.netloc == "site", f"{name} leads outside: {link}"
            path = unquote(target.path).lstrip("/") or "index.html"
            assert (site.folder / path).is_file(), f"{name}: {link}"
            if target.fragment and path in pages:
                assert unquote(target.fragment) in pages[path].ids, f"{name}: {link}"
            reached.add(path)
    assert set(pages) <= reached, "every page is linked from another"


@pytest.fixture
def schools(site: Site, desk: Page) -> Page:
    """The page with the table of schools."""
    visit(desk, f"{site.address}/flags.html")
    return desk


def rows(page: Page, column: int) -> list[str]:
    return page.locator(f".searchable tbody tr td:nth-child({column})").all_inner_texts()


def total(page: Page) -> int:
    numbers = re.findall(r"\d[\d\s\N{NO-BREAK SPACE}]*", page.locator(".searchable .table-count").first.inner_text())
    return max(int(re.sub(r"\D", "", number)) for number in numbers)


def all_rows(page: Page) -> list[list]:
    return json.loads(page.locator(".searchable .table-data").first.text_content())


def holding(everything: list[list], word: str) -> list[list]:
    return [row for row in everything if word in " ".join(cell[0] for cell in row).lower().replace("ё", "е")]


def test_the_table_is_searched_in_any_case(schools: Page):
    everything, search = all_rows(schools), schools.locator(".searchable input[type=search]").first
    assert total(schools) == len(everything) > 100
    for word in (TOWN, "село"):
        search.fill(word.upper())
        wanted = holding(everything, word)
        assert 0 < len(wanted) < len(everything) and total(schools) == len(wanted)
        assert rows(schools, 1) == [row[0][0] for row in wanted][: len(rows(schools, 1))]
    search.fill("нет такой школы")
    assert rows(schools, 1) == [] and total(schools) == 0


def titles_of(schools: Page) -> list[str]:
    """Titles of the table's columns, without the places where they may break."""
    return [text.strip().replace("\xad", "") for text in schools.locator(".searchable thead th").all_inner_texts()]


def test_schools_are_filtered_by_territory_and_locality_and_both_narrow_together(schools: Page):
    everything = all_rows(schools)
    titles = titles_of(schools)
    wanted = everything
    for title, word in (("Местность", "город"), ("Территория", TOWN)):
        column = next(place for place, text in enumerate(titles) if text.startswith(title))
        value = next(row[column][0] for row in everything if word in row[column][0].lower())
        schools.locator(f'.searchable select[data-column="{column}"]').select_option(value)
        before, wanted = wanted, [row for row in wanted if row[column][0] == value]
        assert 0 < total(schools) == len(wanted) < len(before)


def test_what_is_chosen_in_a_table_stands_in_the_address_and_can_be_sent(schools: Page):
    def seen() -> tuple:
        heads = schools.locator(".searchable thead th[aria-sort]")
        return total(schools), rows(schools, 1), [(h.inner_text(), h.get_attribute("aria-sort")) for h in heads.all()]

    everything, plain = seen(), schools.url
    titles = titles_of(schools)
    column = next(place for place, text in enumerate(titles) if text.startswith("Местность"))
    schools.locator(f'.searchable select[data-column="{column}"]').first.select_option("город")
    schools.locator(".searchable input[type=search]").first.fill("школа")
    for _ in range(2):
        schools.locator(".searchable thead th button").first.click()
    chosen, address = seen(), schools.url
    assert chosen != everything and chosen[2][0][1] == "descending"
    schools.goto("about:blank")
    visit(schools, address)
    assert seen() == chosen
    schools.locator(f'.searchable select[data-column="{column}"]').first.select_option("")
    schools.locator(".searchable input[type=search]").first.fill("")
    assert total(schools) == everything[0]
    visit(schools, f"{plain}?table-none.sort=99&{address.partition('?')[2].split('.')[0]}.sort=777-")
    assert seen() == everything


def test_what_is_opened_stands_in_the_address(site: Site, desk: Page):
    visit(desk, f"{site.address}/index.html")
    fold = desk.locator("main details:not([open])").first
    fold.locator("summary").click()
    desk.wait_for_url("**open=**")  # told of a moment later than it opens
    address = desk.url
    desk.goto("about:blank")
    visit(desk, address)
    assert desk.locator("main details[open]").first.is_visible()


def number(text: str) -> float:
    return float(text.replace(MINUS, "-").replace("+", "").replace(",", "."))


def test_a_table_is_sorted_by_number_and_by_name_from_the_keyboard(site: Site, desk: Page):
    visit(desk, f"{site.address}/groups.html")
    titles = [text.strip() for text in desk.locator("#table-groups thead th").all_inner_texts()]
    effect = next(place for place, title in enumerate(titles) if re.match(r"Среднее\s+отклонение", title))
    for column in (effect, 0):
        head = desk.locator("#table-groups thead th").nth(column)
        orders = {}
        for _ in range(2):
            head.locator("button").focus()
            desk.keyboard.press("Enter")
            orders[head.get_attribute("aria-sort")] = [text for text in rows(desk, column + 1) if text != "—"]
        assert set(orders) == {"ascending", "descending"}
        if column == effect:
            numbers = {order: list(map(number, texts)) for order, texts in orders.items()}
            assert numbers["ascending"] == sorted(numbers["ascending"]) != numbers["descending"]
            assert numbers["descending"] == sorted(numbers["ascending"], reverse=True)
        else:
            assert orders["ascending"] == orders["descending"][::-1] and len(orders["ascending"]) > 10


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.outerHTML.slice(0, 300)")


def tab_until(page: Page, selector: str, most: int = 80) -> None:
    """Press Tab until what is focused matches; what is passed on the way must be seen to have the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", focused(page)
            return
    raise AssertionError(f"{selector} cannot be reached, the last was {focused(page)}")


def test_the_map_of_tiles_is_read_and_used_by_keyboard(site: Site, desk: Page):
    visit(desk, f"{site.address}/groups.html")
    tiles = desk.locator(".tiles a")
    assert tiles.count() == 14
    for tile in tiles.all():
        told = tile.locator(".unseen").text_content()
        assert len(told) > len(tile.locator("[aria-hidden]").text_content()) and ":" in told
    boxes = [tile.bounding_box() for tile in tiles.all()]
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            apart = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            assert apart or one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
    assert len(desk.locator(".tile-legend li").all_inner_texts()) == 4
    tab_until(desk, ".tiles a")
    name = desk.evaluate("document.activeElement.title").partition(":")[0]
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/municipality/*.html")
    assert name.split()[0] in desk.locator("main").inner_text()


def test_a_page_is_found_by_its_words_from_the_keyboard(site: Site, desk: Page):
    visit(desk, f"{site.address}/index.html")
    desk.locator(".site-search input").wait_for()
    tab_until(desk, ".site-search input[type=text]")
    desk.keyboard.type("Федеральное правило")
    desk.locator(".site-search .pagefind-ui__result-link").first.wait_for()
    tab_until(desk, ".site-search .pagefind-ui__result-link")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/federal.html*")


def test_search_knows_forms_of_words(site: Site, desk: Page):
    visit(desk, f"{site.address}/index.html")
    box, found = desk.locator(".site-search input[type=text]"), {}
    for word in ("рейтинг", "рейтингами"):
        box.fill(word)
        desk.locator(".site-search .pagefind-ui__message").filter(has_text=word).filter(has_not_text="Поиск").wait_for()
        links = desk.locator(".site-search .pagefind-ui__result-link")
        links.first.wait_for()  # how many there are is said before the first of them has come
        desk.locator(".site-search .pagefind-ui__loading").first.wait_for(state="detached")
        found[word] = links.all_inner_texts()
    assert found["рейтинг"] == found["рейтингами"] != []
    assert not re.search("[A-Za-z]{4}", desk.locator(".site-search").inner_text())


def test_a_section_of_the_sidebar_is_opened_by_keyboard(site: Site, desk: Page):
    visit(desk, f"{site.address}/index.html")
    link = desk.locator("#quarto-sidebar a, .site-nav a").filter(has_text="Индекс благополучия")
    assert not link.is_visible()
    tab_until(desk, ".sidebar-item-section button, .site-nav li summary")
    desk.keyboard.press("Enter")
    link.wait_for(state="visible")
    visit(desk, f"{site.address}/results.html")
    assert link.is_visible(), "the section of the page that is read is open"


def test_the_first_stop_of_the_keyboard_leads_past_the_navigation(site: Site, desk: Page):
    if site.by_quarto:
        pytest.skip("Quarto's frame has no such link")
    visit(desk, f"{site.address}/flags.html")
    desk.keyboard.press("Tab")
    assert "К содержанию" in focused(desk)
    desk.keyboard.press("Enter")
    assert desk.url.endswith("#main")


def test_without_scripts_tables_and_charts_still_tell(site: Site, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.address}/flags.html")
    first = 100 if site.name == "public" else 15  # the surest schools
    assert page.locator(".searchable tbody tr").count() == first
    assert page.locator("noscript a[href$='data.html#download']").first.is_visible(), "and all of them to download"
    page.goto(f"{site.address}/expectation.html")
    for figure in page.locator("figure.chart").all():
        assert len(figure.locator("noscript p, noscript").first.text_content()) > 30
        assert len(figure.locator("figcaption").text_content()) > 30
    if not site.by_quarto:
        assert page.locator(".site-nav a").first.is_visible() and not page.locator(".site-search input").is_visible()
    context.close()


def test_a_printed_page_has_no_navigation_and_its_tables_are_whole(site: Site, browser: Browser):
    context = browser.new_context(viewport={"width": 718, "height": 1000}, locale="ru-RU")  # a sheet of A4
    page = context.new_page()
    for name in ("index.html", "flags.html", "groups.html", "trends.html", "method.html"):
        visit(page, f"{site.address}/{name}")
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("nav:visible, [type=search]:visible, button:not(thead *):visible").count() == 0, name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        cut = page.evaluate("""[...document.querySelectorAll(".table-scroll")]
            .filter(box => box.offsetParent && box.scrollWidth > box.clientWidth).map(box => box.outerHTML.slice(0, 80))""")
        assert cut == [], name
        assert "http" not in page.evaluate("getComputedStyle(document.querySelector('main a'), '::after').content")
        page.emulate_media(media="screen")
    context.close()


def test_a_site_by_quarto_shows_everything_from_its_folder(published: dict[str, Path], browser: Browser):
    if "quarto" not in published:
        pytest.skip("quarto is not installed here")
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    # a browser refuses Quarto's two module scripts from a folder: they only mark the place in the contents
    page.on("requestfailed", lambda r: None if "/quarto-html/" in r.url else faults.append(r.url))
    for name in ("index.html", "expectation.html", "flags.html"):
        visit(page, (published["quarto"] / name).as_uri())
        assert all(wanted == shown > 0 for _, wanted, shown in drawn(page))
    page.locator(".searchable input[type=search]").first.fill(TOWN)
    assert 0 < total(page) < len(all_rows(page))
    assert faults == []
    page.close()


def test_the_pandoc_site_opens_from_its_folder(published: dict[str, Path], browser: Browser):
    page = browser.new_page()
    complaints = listen(page, "file://")
    for name in ("index.html", "expectation.html", "flags.html"):
        visit(page, (published["pandoc"] / name).as_uri())
        assert all(wanted == shown > 0 for _, wanted, shown in drawn(page))
    assert page.locator(".site-search input").count() == 0  # a browser lets no page of a folder read the index
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

    names = pages_in(published["pandoc"])
    assert names == pages_in(published["quarto"])
    context = browser.new_context(java_script_enabled=True)
    page = context.new_page()
    page.route("**/*.js", lambda route: route.abort())
    for name in [name for name in names if "/" not in name] + [name for name in names if "/" in name][::9]:
        one, other = seen(published["pandoc"], name), seen(published["quarto"], name)
        for part, value in one.items():
            assert value == other[part], f"{name}: {part}"
    context.close()
