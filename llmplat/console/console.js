"use strict";
// Everything works without this file: it copies a key by button and keeps the catalogue fresh.
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const said = document.querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "Copied.";
    } catch {
      field.select();
      said.textContent = "Selected: copy it with your keyboard.";
    }
  });
}

const LIVE = "[data-live]";
async function refresh() {
  if (document.hidden) return;
  try {
    const reply = await fetch(location.pathname, { headers: { "x-llmplat-live": "1" }, redirect: "error" });
    if (!reply.ok) return;
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector(LIVE);
    if (fresh) document.querySelector(LIVE).replaceWith(fresh);
  } catch {
    // The gateway or the session is away: what is shown has its time beside it.
  }
}
if (document.querySelector(LIVE)) setInterval(refresh, 5000);
// Going back shall not bring a key to light again.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
