// Draws the charts from the data that stands beside them, and lets tables be searched, filtered and sorted. What a reader has
// chosen stands in the address, so that it can be sent.
(() => {
  "use strict";

  const phone = matchMedia("(max-width: 40rem)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const card = document.querySelector("#school-card");
  const measures = document.querySelector("#table-measures");
  const SMALL = { width: 340, height: measures ? 170 : 220 }; // two charts side by side on a sheet of paper

  // The charts' colours that are too dark for a dark screen, and what stands for them there.
  const LIGHTER = {
    "#222222": "#e8eaed", "#333333": "#e8eaed", "#8A8A8A": "#a9b1b9", "#0072B2": "#56B4E9", "#BFD7E6": "#33505f"
  };

  // Plotly's toolbar is off, so these are all of its words that can be seen.
  const russian = {
    moduleType: "locale", name: "ru",
    dictionary: { "Double-click to zoom back out": "Двойной щелчок вернёт масштаб" },
    format: { decimal: ",", thousands: "\u00a0", grouping: [3], currency: ["", ""] }
  };
  const config = { responsive: true, displayModeBar: false, locale: "ru", locales: { ru: russian } };

  // Text broken into lines no longer than `most` letters, as far as words allow.
  function wrap(text, most) {
    const lines = [""];
    for (const word of text.split(" ")) {
      const last = lines.at(-1);
      if (last && last.length + 1 + word.length > most) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines;
  }

  // Names beside an axis, in at most two lines each; the whole name pops up with its point.
  function fitNames(layout) {
    const { yaxis } = layout, names = yaxis.categoryarray;
    const labels = names.map((name) => wrap(name, phone.matches ? 16 : 34));
    yaxis.tickvals = names;
    yaxis.ticktext = labels.map((lines) => lines.length > 2 ? `${lines[0]}<br>${lines[1]}…` : lines.join("<br>"));
    if (labels.some((lines) => lines.length > 1)) layout.height += 12 * names.length;
  }

  // A chart for a narrow screen: smaller letters, titles in lines, no zooming, so that a finger scrolls the page.
  function fitPhone(layout, width) {
    const { xaxis, yaxis } = layout, letter = 6.5;
    Object.assign(layout, { dragmode: false, font: { ...layout.font, size: 12 } });
    for (const axis of [xaxis, yaxis]) Object.assign(axis, { automargin: true, fixedrange: true });
    if (xaxis.title?.text) xaxis.title.text = wrap(xaxis.title.text, (width - (yaxis.ticktext ? 170 : 70)) / letter).join("<br>");
    if (yaxis.title?.text) yaxis.title.text = wrap(yaxis.title.text, (layout.height - 160) / letter).join("<br>");
  }

  // What a figure shows, some of its colours exchanged.
  function chart(figure, colours = {}) {
    const text = figure.querySelector(".chart-data").textContent;
    return JSON.parse(text.replace(/"(#[0-9A-F]{6})"/g, (whole, colour) => `"${colours[colour] ?? colour}"`));
  }

  function drawChart(figure, paper = false) {
    const { data, layout } = chart(figure, dark.matches && !paper ? LIGHTER : {});
    const area = figure.querySelector(".chart-area");
    Object.assign(layout, { paper_bgcolor: "transparent", plot_bgcolor: "transparent" });
    if (paper) Object.assign(layout, { autosize: false }, card ? SMALL : { width: 640 });
    if (paper && card) layout.font.size = 10;
    if (layout.yaxis.categoryarray) fitNames(layout);
    if (phone.matches) fitPhone(layout, area.clientWidth);
    area.style.minHeight = `${layout.height}px`;
    return Plotly.react(area, data, layout, config);
  }

  // A button below the chart: its picture on white, for a presentation.
  function offerPicture(figure) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chart-save";
    button.textContent = "Сохранить рисунок";
    button.addEventListener("click", () => {
      const look = { format: "png", filename: figure.id, width: 1000, height: 560, scale: 2 };
      const { data, layout } = chart(figure);
      if (layout.yaxis.categoryarray) fitNames(layout);
      Plotly.downloadImage({ data, layout, config }, look);
    });
    figure.append(button);
  }

  function drawCharts() {
    const figures = [...document.querySelectorAll("figure.chart")];
    figures.forEach((figure) => drawChart(figure).then(() => figure.querySelector(".chart-files") || offerPicture(figure)));
    const drawAll = (paper) => figures.forEach((figure) => drawChart(figure, paper));
    for (const media of [phone, dark]) media.addEventListener("change", () => drawAll(false));
    addEventListener("beforeprint", () => drawAll(true));
    addEventListener("afterprint", () => drawAll(false));
  }

  const asked = new URLSearchParams(location.search);

  // Keep what is chosen in the address; what is as it was at first stands nowhere.
  function remember(key, value) {
    value ? asked.set(key, value) : asked.delete(key);
    const query = asked.size ? `?${asked}` : "";
    try {
      history.replaceState(null, "", location.pathname + query + location.hash);
    } catch {
      // a page opened as a file keeps its address
    }
  }

  // Parts of a page that fold: those opened by a reader are open for whom the address is sent to.
  function keepOpen() {
    const folds = [...document.querySelectorAll("details")].map((fold) => [fold.id || fold.closest("[id]")?.id, fold]);
    const opened = new Set(asked.get("open")?.split(" "));
    for (const [name, fold] of folds.filter(([name]) => name)) {
      if (opened.has(name)) fold.open = true;
      fold.addEventListener("toggle", () => {
        fold.open ? opened.add(name) : opened.delete(name);
        remember("open", [...opened].filter(Boolean).join(" "));
      });
    }
  }

  // What an address points at may lie within a fold; on paper everything lies open.
  function openFor(target) {
    for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    return target;
  }

  function openOnPaper() {
    let closed = [];
    addEventListener("beforeprint", () => {
      closed = [...document.querySelectorAll("details.fold:not([open])")];
      closed.forEach((fold) => { fold.open = true; });
    });
    addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));
  }

  // Text as it is searched: no difference of case, of е and ё, of accents, of kinds of dash.
  function plain(text) {
    return text.toLocaleLowerCase("ru").normalize("NFD").replace(/\p{M}/gu, "").replace(/[‐-―−]/g, "-");
  }

  function comparer(column, sign) {
    return (a, b) => {
      const x = a[column], y = b[column];
      if (x[1] !== null && y[1] !== null) return sign * (x[1] - y[1]);
      if ((x[0] === "—") !== (y[0] === "—")) return x[0] === "—" ? 1 : -1;
      return sign * x[0].localeCompare(y[0], "ru", { numeric: true });
    };
  }

  const KIND = { "▼": "below", "▲": "above" };

  function makeCell([text, , href], numeric) {
    const cell = document.createElement("td");
    cell.className = numeric ? "num" : KIND[text[0]] ?? "";
    const holder = href ? cell.appendChild(document.createElement("a")) : cell;
    if (href) holder.href = href;
    holder.textContent = text;
    return cell;
  }

  // The rows of a table. They stand in the page; where there are very many, in a file that is loaded when a reader comes to
  // the table with the pointer or by keyboard.
  async function rowsOf(box, atOnce) {
    const { dataset, textContent } = box.querySelector(".table-data");
    if (!dataset.src) return JSON.parse(textContent);
    const once = { once: true };
    if (!atOnce) await new Promise((come) => ["pointerover", "focusin"].forEach((event) => box.addEventListener(event, come, once)));
    return new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = dataset.src;
      script.addEventListener("load", () => resolve(tableData[dataset.table]));
      document.head.append(script);
    });
  }

  // A table of so many columns is a list of cards on a phone: then each cell bears its column's title.
  const MANY = 3, FIRST_CARDS = 20;

  function titleCells(box) {
    const titles = [...box.querySelectorAll("thead th")].map((head) => head.textContent);
    if (titles.length < MANY || box.id === "table-papers") return; // short numbers, made to stand side by side
    box.classList.add("cards");
    for (const row of box.querySelectorAll("tbody tr")) [...row.cells].forEach((cell, place) => {
      cell.dataset.title = titles[place];
      cell.classList.toggle("nothing", cell.textContent === "—");
    });
  }

  async function enliven(box) {
    box.querySelector(".table-tools").hidden = false;
    const key = (name) => `${box.id}.${name}`;
    const wanted = [...asked.keys()].some((name) => name.startsWith(key("")));
    const rows = await rowsOf(box, wanted);
    const texts = new Map(rows.map((row) => [row, plain(row.map((cell) => cell[0]).join(" "))]));
    const body = box.querySelector("tbody");
    const heads = [...box.querySelectorAll("thead th")];
    const numeric = heads.map((head) => head.classList.contains("num"));
    const search = box.querySelector("input[type=search]");
    const choices = [...box.querySelectorAll("select")];
    const status = box.querySelector(".table-count");
    const more = box.querySelector(".table-more");
    let limit = Math.min(Number(box.dataset.limit), phone.matches && heads.length >= MANY ? FIRST_CARDS : Infinity);
    let sorted = rows;

    function show() {
      const words = plain(search.value).split(/\s+/).filter(Boolean);
      const chosen = choices.filter((choice) => choice.value);
      const kept = sorted.filter((row) =>
        chosen.every((choice) => row[choice.dataset.column][0] === choice.value)
        && words.every((word) => texts.get(row).includes(word)));
      body.replaceChildren(...kept.slice(0, limit).map((row) => {
        const line = document.createElement("tr");
        line.append(...row.map((cell, place) => makeCell(cell, numeric[place])));
        return line;
      }));
      titleCells(box);
      const found = `Найдено: ${kept.length.toLocaleString("ru")}`;
      more.hidden = kept.length <= limit;
      status.textContent = more.hidden ? found : `${found}, показаны первые ${limit}`;
    }

    function sort(column, sign) {
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      heads[column].setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      sorted = [...rows].sort(comparer(column, sign));
    }

    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        remember(key("sort"), `${column + 1}${sign === 1 ? "" : "-"}`);
        sort(column, sign);
        show();
      });
    });
    choices.forEach((choice) => {
      const values = [...new Set(rows.map((row) => row[choice.dataset.column][0]))];
      values.sort((a, b) => a.localeCompare(b, "ru", { numeric: true }));
      values.forEach((value) => choice.append(new Option(value, value)));
      choice.value = asked.get(key(choice.dataset.column)) ?? "";
      if (choice.selectedIndex < 0) choice.value = "";
      choice.addEventListener("change", () => {
        remember(key(choice.dataset.column), choice.value);
        show();
      });
    });
    search.value = asked.get(key("search")) ?? "";
    search.addEventListener("input", () => {
      remember(key("search"), search.value);
      show();
    });
    if (asked.get(key("all"))) limit = Infinity;
    more.addEventListener("click", () => {
      remember(key("all"), "1");
      limit = Infinity;
      show();
    });
    const [, column, down] = /^(\d+)(-?)$/.exec(asked.get(key("sort"))) ?? [];
    if (heads[column - 1]) sort(column - 1, down ? -1 : 1);
    show();
    if (wanted && !location.hash) openFor(box).scrollIntoView();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".data-table:not(:has(.typology))").forEach(titleCells);
    document.querySelectorAll(".searchable").forEach(enliven);
    keepOpen();
    openOnPaper();
    const pointedAt = () => location.hash && openFor(document.getElementById(location.hash.slice(1)))?.scrollIntoView();
    addEventListener("hashchange", pointedAt);
    if (document.querySelector("details.fold")) pointedAt();
    if (document.querySelector("figure.chart")) drawCharts();
  });
})();
