// Draws the charts from the data that stands beside them, and lets tables be searched, filtered and sorted.
(() => {
  "use strict";

  const russian = {
    moduleType: "locale", name: "ru",
    dictionary: {
      "Autoscale": "Подобрать масштаб", "Box Select": "Выделить прямоугольником", "Lasso Select": "Выделить лассо",
      "Pan": "Сдвиг", "Zoom": "Увеличение", "Zoom in": "Крупнее", "Zoom out": "Мельче", "Reset axes": "Вернуть оси",
      "Download plot as a PNG": "Сохранить картинку PNG", "Download plot as a png": "Сохранить картинку PNG",
      "Double-click to zoom back out": "Двойной щелчок вернёт масштаб"
    },
    format: { decimal: ",", thousands: "\u00a0", grouping: [3] }
  };

  function drawCharts() {
    document.querySelectorAll("figure.chart").forEach((figure) => {
      const { data, layout } = JSON.parse(figure.querySelector(".chart-data").textContent);
      const dark = document.body.classList.contains("quarto-dark") || matchMedia("(prefers-color-scheme: dark)").matches;
      const config = {
        responsive: true, displaylogo: false, locale: "ru", locales: { ru: russian },
        modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"]
      };
      if (dark && !document.body.classList.contains("quarto-light")) {
        layout.font = { ...layout.font, color: "#e6e6e6" };
      }
      Plotly.newPlot(figure.querySelector(".chart-area"), data, layout, config);
    });
  }

  function comparer(column, sign) {
    return (a, b) => {
      const x = a[column], y = b[column];
      if (x[1] !== null && y[1] !== null) return sign * (x[1] - y[1]);
      if ((x[0] === "—") !== (y[0] === "—")) return x[0] === "—" ? 1 : -1;
      return sign * x[0].localeCompare(y[0], "ru", { numeric: true });
    };
  }

  function enliven(box) {
    const rows = JSON.parse(box.querySelector(".table-data").textContent);
    const limit = Number(box.dataset.limit);
    const body = box.querySelector("tbody");
    const heads = [...box.querySelectorAll("thead th")];
    const search = box.querySelector("input[type=search]");
    const choices = [...box.querySelectorAll("select")];
    const status = box.querySelector(".table-count");
    let sorted = rows;

    function show() {
      const words = search.value.toLocaleLowerCase("ru").replaceAll("ё", "е").split(/\s+/).filter(Boolean);
      const kept = sorted.filter((row) => {
        if (choices.some((c) => c.value && row[c.dataset.column][0] !== c.value)) return false;
        const text = row.map((cell) => cell[0]).join(" ").toLocaleLowerCase("ru").replaceAll("ё", "е");
        return words.every((word) => text.includes(word));
      });
      const fragment = document.createDocumentFragment();
      for (const row of kept.slice(0, limit)) {
        const line = document.createElement("tr");
        row.forEach(([text, , href], place) => {
          const cell = document.createElement("td");
          if (heads[place].classList.contains("num")) cell.className = "num";
          if (href) {
            const link = document.createElement("a");
            link.href = href;
            link.textContent = text;
            cell.append(link);
          } else {
            cell.textContent = text;
          }
          line.append(cell);
        });
        fragment.append(line);
      }
      body.replaceChildren(fragment);
      status.textContent = kept.length > limit
        ? `Найдено: ${kept.length}, показаны первые ${limit}`
        : `Найдено: ${kept.length}`;
    }

    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
        sorted = [...rows].sort(comparer(column, sign));
        show();
      });
    });
    choices.forEach((choice) => {
      const values = [...new Set(rows.map((row) => row[choice.dataset.column][0]))];
      values.sort((a, b) => a.localeCompare(b, "ru", { numeric: true }));
      values.forEach((value) => choice.append(new Option(value, value)));
      choice.addEventListener("change", show);
    });
    search.addEventListener("input", show);
    box.querySelector(".table-tools").hidden = false;
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".searchable").forEach(enliven);
    if (document.querySelector("figure.chart")) drawCharts();
  });
})();
