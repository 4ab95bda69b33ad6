// What the pages add to links and forms. Everything works without it: updates are told of, rows are ticked together,
// previews are looked at closely, trouble is said.
"use strict";

const el = (id) => document.getElementById(id);

// Updates rest while they are paused and while the page is out of sight.
(() => {
  const button = el("pause");
  if (!button) return;
  let paused = sessionStorage.getItem("paused") === "yes";
  const show = () => {
    button.setAttribute("aria-pressed", String(paused));
    button.querySelector("span").textContent = paused ? "Updates paused" : "Pause updates";
  };
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    paused = !paused;
    sessionStorage.setItem("paused", paused ? "yes" : "no");
    show();
  });
  const asksByItself = (element) => (element.getAttribute("hx-trigger") || "").startsWith("every");
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (asksByItself(event.detail.elt) && (paused || document.hidden)) event.preventDefault();
  });
  // An unchanged message is not swapped in again, so that a screen reader does not repeat it.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    if (target.id !== "updates" || event.detail.elt !== target) return;
    const same = new DOMParser().parseFromString(event.detail.serverResponse, "text/html").body;
    if (same.textContent.trim() === target.textContent.trim()) event.detail.shouldSwap = false;
  });
})();

// A row or card that replaces itself keeps its height, so that nothing below it moves while it is watched.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  if (target.matches("tr[id], section.job")) target.dataset.height = target.offsetHeight;
  if (target.id === "list") ticked = [...target.querySelectorAll("input[name=job]:checked")].map((box) => box.value);
});
let ticked = [];
document.body.addEventListener("htmx:afterSwap", (event) => {
  const { target, elt } = event.detail;
  if (target.dataset.height) {
    const fresh = el(target.id);
    if (fresh) fresh.style.minHeight = `${target.dataset.height}px`;
    if (fresh && fresh.tagName === "TR") fresh.style.height = `${target.dataset.height}px`;
  }
  if (target.id === "list") {
    for (const box of document.querySelectorAll("input[name=job]")) box.checked = ticked.includes(box.value);
    if (document.activeElement === document.body) el("list").focus({ preventScroll: true });
    countTicked();
  }
});

// Rows that are ticked together.
const boxes = () => [...document.querySelectorAll("input[name=job]")];
function countTicked() {
  const all = el("all");
  if (!all) return;
  const chosen = boxes().filter((box) => box.checked).length;
  all.closest("label").hidden = false;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && chosen < boxes().length;
  el("chosen").textContent = chosen ? `${chosen} selected` : "";
  for (const button of document.querySelectorAll("button[data-ticked]")) {
    const words = button.querySelector("span");
    button.dataset.all = button.dataset.all || words.textContent;
    words.textContent = chosen ? `${button.dataset.ticked} ${chosen} selected` : button.dataset.all;
  }
}
document.body.addEventListener("change", (event) => {
  if (event.target.id === "all") for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.id === "all" || event.target.name === "job") countTicked();
});
countTicked();

// A fault leads to its line in the document that is written here.
document.body.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  const text = el("document");
  if (!link || !text) return;
  event.preventDefault();
  const lines = text.value.split("\n");
  const at = Number(link.dataset.line) - 1;
  const begin = lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(begin, begin + lines[at].length);
  text.scrollTop = (at / lines.length) * text.scrollHeight - text.clientHeight / 2;
});

// A preview, closely: from the whole picture to its own pixels and beyond.
(() => {
  const dialog = el("zoom");
  if (!dialog) return;
  const picture = el("zoom-picture");
  const ground = el("zoom-ground");
  let scale = 1;
  const fitting = () => Math.min(ground.clientWidth / picture.naturalWidth, ground.clientHeight / picture.naturalHeight, 1);
  const show = (wanted) => {
    const middle = [(ground.scrollLeft + ground.clientWidth / 2) / scale, (ground.scrollTop + ground.clientHeight / 2) / scale];
    scale = Math.min(4, Math.max(fitting(), wanted));
    picture.width = Math.round(picture.naturalWidth * scale);
    picture.height = Math.round(picture.naturalHeight * scale);
    ground.scrollLeft = middle[0] * scale - ground.clientWidth / 2;
    ground.scrollTop = middle[1] * scale - ground.clientHeight / 2;
    el("zoom-scale").value = `${Math.round(scale * 100)} %`;
  };
  document.body.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-zoom]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    el("zoom-title").textContent = link.dataset.zoom;
    picture.alt = `Preview of ${link.dataset.zoom}`;
    picture.addEventListener("load", () => show(0), { once: true });
    picture.src = link.href;
    dialog.showModal();
    if (picture.complete && picture.naturalWidth) show(0);
  });
  el("zoom-in").addEventListener("click", () => show(scale * 1.5));
  el("zoom-out").addEventListener("click", () => show(scale / 1.5));
  el("zoom-close").addEventListener("click", () => dialog.close());
  picture.addEventListener("click", () => show(scale < 1 ? 1 : 0));
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "=") show(scale * 1.5);
    if (event.key === "-") show(scale / 1.5);
  });
})();

// What did not come through is said; the next answer that comes takes it back.
(() => {
  const trouble = el("trouble");
  if (!trouble) return;
  const say = (text) => {
    trouble.textContent = text;
    trouble.hidden = !text;
  };
  document.body.addEventListener("htmx:sendError", () => say("Printworks cannot be reached. Check your connection; the page goes on by itself."));
  document.body.addEventListener("htmx:timeout", () => say("Printworks takes long to answer. The page goes on by itself."));
  document.body.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    say(status >= 500 ? "Printworks cannot answer at the moment. Try again in a few seconds." : "That did not work. Reload the page and try again.");
  });
  document.body.addEventListener("htmx:afterOnLoad", () => say(""));
})();
