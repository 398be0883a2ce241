"use strict";
// The page is whole without this script: it only adds the filters and the sorting.
const form = document.getElementById("filter");
const table = document.getElementById("night");
const shown = document.getElementById("shown");
const rows = table ? [...table.tBodies[0].rows] : [];
const texts = rows.map((row) => row.textContent.toLowerCase());

function filter() {
  const { change, verdict } = form.elements;
  const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let visible = 0;
  rows.forEach((row, place) => {
    const { change: kind, verdict: found } = row.dataset;
    const changed = change.value === "changed" ? kind !== "unchanged" && kind !== "new" : !change.value || kind === change.value;
    const hit = changed && (!verdict.value || found === verdict.value) && words.every((word) => texts[place].includes(word));
    row.hidden = !hit;
    visible += hit;
  });
  shown.textContent = visible === rows.length ? "" : `${visible} of ${rows.length} shown`;
}

function key(row, column) {
  const text = row.cells[column].dataset.key;
  return text !== "" && !isNaN(text) ? Number(text) : text;
}

function sort(header, column) {
  const downwards = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", downwards ? "descending" : "ascending");
  const keyed = rows.map((row) => [key(row, column), row]);
  keyed.sort(([a], [b]) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b))));
  if (downwards) keyed.reverse();
  table.tBodies[0].append(...keyed.map(([, row]) => row));
}

if (form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.replaceChildren(button);
    button.addEventListener("click", () => sort(header, column));
  });
}
