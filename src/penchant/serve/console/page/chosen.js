// The items of a made-up history: found by their title, added, taken out again.

import { get, tried } from "./api.js";
import { at, el, fill, settled, titled } from "./dom.js";
import { t } from "./words.js";

const chosen = new Map(); // id -> title, oldest first
let marked = -1;

export const history = () => [...chosen.keys()];

export function listenForItems() {
  const field = at("ask-add");
  const look = settled(find);
  field.addEventListener("input", look);
  field.addEventListener("blur", () => setTimeout(close, 150)); // after a click on what was found
  field.addEventListener("keydown", (press) => {
    const found = [...at("ask-found").children];
    if (press.key === "ArrowDown" || press.key === "ArrowUp") {
      mark((marked + (press.key === "ArrowDown" ? 1 : -1) + found.length) % found.length || 0);
    } else if (press.key === "Enter" && field.value) {
      found[Math.max(marked, 0)]?.click();
    } else if (press.key === "Escape") {
      close();
    } else if (press.key === "Backspace" && !field.value && chosen.size) {
      remove(history().at(-1));
      return;
    } else {
      return;
    }
    press.preventDefault();
  });
}

export function show() {
  fill("ask-history", [...chosen].map(([id, title]) =>
    el("li", {}, titled(title || id),
      el("button", { type: "button", "aria-label": t("try.remove", { title: title || id }), onclick: () => remove(id) }, "×"))));
}

async function find() {
  const query = at("ask-add").value.trim();
  if (!query) return close();
  const found = await tried(() => get(`/v1/items?limit=12&query=${encodeURIComponent(query)}`));
  if (!found || at("ask-add").value.trim() !== query) return undefined;
  fill("ask-found", found.items.length
    ? found.items.map(({ item_id: id, title }, place) =>
      el("li", { id: `found-${place}`, role: "option", onclick: () => add(id, title) }, titled(title || id)))
    : el("li", { role: "option", "aria-disabled": "true" }, t("catalogue.none")));
  at("ask-found").hidden = false;
  at("ask-add").setAttribute("aria-expanded", "true");
  return mark(found.items.length ? 0 : -1);
}

function mark(place) {
  marked = place;
  [...at("ask-found").children].forEach((one, other) => {
    one.setAttribute("aria-selected", String(other === place));
    if (other === place) one.scrollIntoView({ block: "nearest" });
  });
  if (place < 0) at("ask-add").removeAttribute("aria-activedescendant");
  else at("ask-add").setAttribute("aria-activedescendant", `found-${place}`);
}

function close() {
  at("ask-found").hidden = true;
  at("ask-add").setAttribute("aria-expanded", "false");
  mark(-1);
}

export function add(id, title) {
  chosen.delete(id); // chosen again: now it is the newest
  chosen.set(id, title);
  at("ask-add").value = "";
  close();
  show();
}

function remove(id) {
  chosen.delete(id);
  show();
  at("ask-add").focus();
}
