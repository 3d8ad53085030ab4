// Search over a site that pandoc has made: words are looked up in search-index.js, which is loaded when they are first typed.
(() => {
  "use strict";

  const MOST = 20;
  const { root } = document.currentScript.dataset;
  const form = document.querySelector(".site-search");
  const input = form.querySelector("input");
  const box = form.querySelector(".site-found");
  let loading;

  // Text as it is searched, letter for letter as long as it was: no difference of case, of е and ё, of kinds of dash.
  function plain(text) {
    return text.toLocaleLowerCase("ru").replaceAll("ё", "е").replace(/[^\p{L}\p{N}]/gu, " ");
  }

  // The part of a word that its forms share: «школами», «школа» → «школ», «надёжность», «надёжны» → «надеж»; codes stay whole.
  function stem(word) {
    const root = word.replace(/ост(ь|и|ью|ей|ям|ями|ях)$/, "");
    if (/\d/.test(word)) return word;
    return root !== word && root.length > 4 ? root.slice(0, -1) : word.slice(0, Math.max(4, word.length - 3));
  }

  function load() {
    loading ??= new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = `${root}search-index.js`;
      script.addEventListener("load", () => resolve(searchIndex.map((entry) => ({
        entry, fields: entry.slice(1).map((text) => ` ${plain(text)}`)
      }))));
      document.head.append(script);
    });
    return loading;
  }

  // How well a section answers: every word must be in it; one in a title counts for more.
  function score({ fields: [page, section, text] }, words) {
    let sum = 0;
    for (const word of words) {
      const found = 4 * page.includes(word) + 3 * section.includes(word) + text.includes(word);
      if (!found) return 0;
      sum += found;
    }
    return sum;
  }

  // The text around the first of the words that it has.
  function excerpt({ entry, fields }, words) {
    const places = words.map((word) => fields[2].indexOf(word)).filter((place) => place >= 0);
    const before = Math.min(...places, Infinity) - 60;
    const from = before > 0 ? entry[3].indexOf(" ", before) + 1 : 0;
    return places.length ? `${from ? "…" : ""}${entry[3].slice(from, from + 160)}…` : "";
  }

  function row(found, words) {
    const [href, page, section] = found.entry;
    const item = document.createElement("li");
    const link = item.appendChild(document.createElement("a"));
    link.href = root + href;
    link.textContent = section ? `${page}: ${section}` : page;
    item.append(excerpt(found, words));
    return item;
  }

  async function show() {
    const words = plain(input.value).split(" ").filter((word) => word.length > 1).map((word) => ` ${stem(word)}`);
    box.hidden = !words.length;
    if (box.hidden) return;
    const scored = (await load()).map((found) => [score(found, words), found]).filter(([points]) => points);
    scored.sort(([a], [b]) => b - a);
    box.querySelector("[role=status]").textContent =
      scored.length > MOST ? `Найдено: ${scored.length}, показаны первые ${MOST}` : `Найдено: ${scored.length}`;
    box.querySelector("ol").replaceChildren(...scored.slice(0, MOST).map(([, found]) => row(found, words)));
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    input.value = "";
    box.hidden = true;
    input.focus();
  });
  input.addEventListener("input", show);
  form.hidden = false;
})();
