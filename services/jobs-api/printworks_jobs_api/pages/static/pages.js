// What the pages add to links and forms: updates can be paused, and rest while the page is out of sight.
"use strict";
(() => {
  const button = document.getElementById("pause");
  const updates = document.getElementById("updates");
  if (!button || !updates) return;
  let paused = false;
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? "Updates paused" : "Pause updates";
  });
  updates.addEventListener("htmx:beforeRequest", (event) => {
    if (paused || document.hidden) event.preventDefault();
  });
  // An unchanged message is not swapped in again, so that a screen reader does not repeat it.
  updates.addEventListener("htmx:beforeSwap", (event) => {
    const same = document.createElement("div");
    same.innerHTML = event.detail.serverResponse;
    if (same.textContent.trim() === updates.textContent.trim()) event.detail.shouldSwap = false;
  });
})();
