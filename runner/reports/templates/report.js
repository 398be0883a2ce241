"use strict";
// The page is whole without this script: it only adds the filter, and opens what a link or the printer needs.
const findings = [...document.querySelectorAll("article.finding")];
const form = document.getElementById("filter");
const shown = document.getElementById("shown");

function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.hidden) { form.reset(); filter(); }
  for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  const own = target.querySelector("details");
  if (own && target.matches("article.finding")) own.open = true;
  target.scrollIntoView();
}

function filter() {
  const kind = form.elements.kind.value;
  const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let visible = 0;
  for (const finding of findings) {
    const text = finding.textContent.toLowerCase();
    const hit = (!kind || finding.dataset.kind === kind) && words.every((word) => text.includes(word));
    finding.hidden = !hit;
    visible += hit;
  }
  shown.textContent = visible === findings.length ? "" : `${visible} of ${findings.length} shown`;
}

if (form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  for (const button of form.querySelectorAll("button[data-open]"))
    button.addEventListener("click", () => {
      for (const finding of findings) finding.querySelector("details").open = button.dataset.open === "yes";
    });
}
for (const copy of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
    copy.textContent = "Copied";
  });
}
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const details of closed) details.open = true;
});
addEventListener("afterprint", () => { for (const details of closed) details.open = false; });
addEventListener("hashchange", openTarget);
openTarget();
