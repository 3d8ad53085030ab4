// Search over the site: Pagefind's own box, put where the frame of the page has room for it.
(() => {
  "use strict";

  if (location.protocol === "file:") return; // a browser that has opened a folder lets no page read the index

  const root = new URL("..", document.currentScript.src).pathname;
  const phone = matchMedia("(max-width: 991.98px)").matches; // Quarto folds its sidebar away there
  const frame = document.querySelector(phone ? "main" : "#quarto-sidebar .sidebar-menu-container");
  const box = document.querySelector(".site-search") ?? frame.insertBefore(document.createElement("div"), frame.firstChild);
  box.classList.add("site-search");

  const JOINED = /(<mark>)?\p{L}+\d+(<\/mark>)? /gu; // what `plain` makes of a number, in an excerpt

  // Words as they are indexed: no sign of number, no quotation marks; a school's number joined to what it is: «СШ № 1» → «сш1».
  function plain(text) {
    const words = text.toLocaleLowerCase("ru").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
    return words.replace(/(?<!\S)(?:(школ)[аеоуы]?[йю]?|(сош|сш|оош|нош|нш|гимнази|лице)\p{L}{0,3}) (\d+)(?!\S)/gu,
      (_, school, kind, number) => ({ гимнази: "гимназия", лице: "лицей" }[kind] ?? kind ?? "школа") + number);
  }

  const style = document.createElement("link");
  Object.assign(style, { rel: "stylesheet", href: `${root}pagefind/pagefind-ui.css` });
  document.head.prepend(style); // before our own styles, which say its colours
  const script = document.createElement("script");
  script.src = `${root}pagefind/pagefind-ui.js`;
  script.addEventListener("load", () => {
    new PagefindUI({
      element: box,
      bundlePath: `${root}pagefind/`,
      baseUrl: root,
      showImages: false,
      showSubResults: true,
      processTerm: plain,
      processResult: (result) => ({ ...result, excerpt: result.excerpt.replace(JOINED, "") }),
      ranking: { termSimilarity: 20 } // «СШ 1» is school 1, and then schools 10 to 19
    });
    box.querySelector("input").setAttribute("aria-label", "Поиск по сайту"); // a title alone is no name for all readers
  });
  document.head.append(script);
})();
