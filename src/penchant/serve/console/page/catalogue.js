// The catalogue, and what stands in it about an item.

import { get, item, Problem, post, tried } from "./api.js";
import { add } from "./chosen.js";
import { at, el, fill, narrow, settled, show, titled } from "./dom.js";
import { remember } from "./titles.js";
import { number, onLanguage, t } from "./words.js";

const LENGTH = 25;
let offset = 0;
let page = null;
let open = null;
let asked = 0; // the newest question: an answer to an older one comes too late

export function start() {
  at("find").addEventListener("input", settled(() => turn(0)));
  at("before").addEventListener("click", () => turn(offset - LENGTH));
  at("after").addEventListener("click", () => turn(offset + LENGTH));
  onLanguage(draw);
}

export const enter = () => (page ? undefined : turn(0));

async function turn(to) {
  const mine = ++asked;
  const query = encodeURIComponent(at("find").value.trim());
  const found = await tried(() => get(`/v1/items?limit=${LENGTH}&offset=${Math.max(to, 0)}&query=${query}`));
  if (!found || mine !== asked) return;
  remember(found.items);
  offset = Math.max(to, 0);
  page = found;
  draw();
}

function draw() {
  if (!page) return;
  fill("found", page.items.map((one) => el("li", {},
    el("button", { type: "button", "aria-current": open?.id === one.item_id ? "true" : null, onclick: () => look(one.item_id) },
      titled(one.title || one.item_id), el("small", {}, one.item_id)))));
  const to = offset + page.items.length;
  at("found-about").textContent = page.total
    ? t("catalogue.about", { from: number(offset + 1), to: number(to), total: number(page.total) })
    : t("catalogue.none");
  at("before").disabled = offset === 0;
  at("after").disabled = to >= page.total;
  if (open?.fields) drawItem();
}

async function look(id) {
  const mine = { id, fields: null, similar: null };
  open = mine;
  const found = await tried(() => get(item(id)));
  if (!found || open !== mine) return;
  mine.fields = found.fields;
  draw();
  if (narrow()) show(at("item"));
  try {
    mine.similar = (await post("/v1/similar", { item_id: id, k: 8 })).items;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    mine.similar = []; // a model without item vectors
  }
  if (open === mine) drawItem();
}

function choose(id, title) {
  add(id, title);
  location.hash = "try";
}

function drawItem() {
  const { id, fields, similar } = open;
  const told = Object.entries(fields).filter(([name, value]) => name !== "title" && value !== null && value !== "");
  fill("item",
    el("div", { class: "across" }, el("h2", { "aria-live": "polite" }, fields.title || id),
      el("button", { type: "button", onclick: () => choose(id, fields.title || id) }, t("catalogue.try"))),
    el("dl", { class: "fields" }, el("dt", {}, "id"), el("dd", {}, id), told.flatMap(([name, value]) =>
      [el("dt", {}, name), el("dd", {}, Array.isArray(value) ? value.join(", ") : String(value))])),
    el("h2", {}, t("catalogue.similar")),
    similar && !similar.length ? el("p", { class: "faint" }, t("catalogue.no.similar")) : [],
    el("ul", { class: "rows" }, (similar ?? []).map((one) =>
      el("li", {}, el("button", { type: "button", onclick: () => look(one.item_id) }, titled(one.title || one.item_id))))));
}
