// The catalogue, and what stands in it about an item.

import { get, item, Problem, post, tried } from "./api.js";
import { at, el, fill, settled } from "./dom.js";
import { number, onLanguage, t } from "./words.js";

const LENGTH = 25;
let offset = 0;
let page = null;
let open = null;

export function start() {
  at("find").addEventListener("input", settled(() => turn(0)));
  at("before").addEventListener("click", () => turn(offset - LENGTH));
  at("after").addEventListener("click", () => turn(offset + LENGTH));
  onLanguage(draw);
}

export const enter = () => (page ? undefined : turn(0));

async function turn(to) {
  const query = encodeURIComponent(at("find").value.trim());
  const found = await tried(() => get(`/v1/items?limit=${LENGTH}&offset=${Math.max(to, 0)}&query=${query}`));
  if (!found) return;
  offset = Math.max(to, 0);
  page = found;
  draw();
}

function draw() {
  if (!page) return;
  fill("found", page.items.map((one) => el("li", {},
    el("button", { type: "button", "aria-current": open?.id === one.item_id ? "true" : null, onclick: () => look(one.item_id) },
      one.title || one.item_id, el("small", {}, one.item_id)))));
  const to = offset + page.items.length;
  at("found-about").textContent = page.total
    ? t("catalogue.about", { from: number(offset + 1), to: number(to), total: number(page.total) })
    : t("catalogue.none");
  at("before").disabled = offset === 0;
  at("after").disabled = to >= page.total;
  if (open) drawItem();
}

async function look(id) {
  const found = await tried(() => get(item(id)));
  if (!found) return;
  open = { id, fields: found.fields, similar: null };
  draw();
  try {
    open.similar = (await post("/v1/similar", { item_id: id, k: 8 })).items;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    open.similar = []; // a model without item vectors
  }
  if (open.id === id) drawItem();
}

function drawItem() {
  const { id, fields, similar } = open;
  fill("item",
    el("h2", {}, fields.title || id),
    el("dl", { class: "fields" }, Object.entries(fields).flatMap(([name, value]) =>
      value === null || value === "" ? [] : [el("dt", {}, name), el("dd", {}, String(value))])),
    el("h2", {}, t("catalogue.similar")),
    similar && !similar.length ? el("p", { class: "faint" }, t("catalogue.no.similar")) : [],
    el("ul", { class: "rows" }, (similar ?? []).map((one) =>
      el("li", {}, el("button", { type: "button", onclick: () => look(one.item_id) }, one.title || one.item_id)))));
}
