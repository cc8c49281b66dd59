// Ask for somebody, record what they choose, and watch the list change.

import { ask as asks, get, post, tried } from "./api.js";
import { add, history, listenForItems, show as showChosen } from "./chosen.js";
import { at, el, fill, narrow, show, titled } from "./dom.js";
import { remember, titleOf } from "./titles.js";
import { moment, number, onLanguage, t } from "./words.js";

let shown = null; // the list on the page, with the question that it answers
let asking = 0; // the newest question: an answer to an older one comes too late
let told = false; // whether a choice is on its way

export function start() {
  listenForItems();
  at("ask").addEventListener("submit", (send) => {
    send.preventDefault();
    askInForm();
  });
  at("ask-diversity").addEventListener("input", sayDiversity);
  at("example-new").addEventListener("click", () => {
    at("ask-user").value = `guest-${Math.random().toString(36).slice(2, 6)}`;
    askInForm();
  });
  at("example-history").addEventListener("click", byChance);
  at("list").addEventListener("keydown", move);
  onLanguage(() => {
    showChosen();
    sayDiversity();
    draw();
  });
}

const sayDiversity = () => { at("diversity").textContent = number(Number(at("ask-diversity").value), 1); };

async function askInForm() {
  await ask();
  if (narrow()) show(at("list-card"));
}

async function byChance() {
  const first = await tried(() => get("/v1/items?limit=1"));
  if (!first?.total) return;
  for (let left = 2; left > 0; left -= 1) {
    const found = await tried(() => get(`/v1/items?limit=1&offset=${Math.floor(Math.random() * first.total)}`));
    for (const { item_id: id, title } of found?.items ?? []) add(id, title);
  }
  await askInForm();
}

function question() {
  const asked = { k: Number(at("ask-k").value) || 10, explain: true };
  const user = at("ask-user").value.trim();
  const query = at("ask-query").value.trim();
  const diversity = Number(at("ask-diversity").value);
  if (user) asked.user_id = user;
  if (history().length) asked.history = history();
  if (query) asked.query = query;
  if (diversity) asked.diversity = diversity;
  return asked;
}

async function ask(because) {
  const mine = ++asking;
  at("list-card").setAttribute("aria-busy", "true");
  const asked = question();
  const began = performance.now();
  const answer = await tried(() => asks(asked));
  if (mine !== asking) return;
  at("list-card").setAttribute("aria-busy", "false");
  if (!answer) return;
  remember(answer.items);
  const before = because && shown ? shown.answer.items.map((one) => one.item_id) : null;
  shown = { asked, answer, before, because, milliseconds: performance.now() - began };
  draw();
  await past();
  tellShown();
}

// What was shown is the raw material of learning; nothing is lost for the page if it is not kept.
function tellShown() {
  const { asked, answer } = shown;
  if (!answer.items.length) return;
  post("/v1/impressions", {
    request_id: answer.request_id, model_version: answer.model_version, user_id: asked.user_id ?? null,
    items: answer.items.map((one) => one.item_id), policy: "console",
  }).catch(() => {});
}

function draw() {
  if (!shown) {
    at("list-about").textContent = t("try.start");
    return;
  }
  at("examples").hidden = true;
  const held = holding();
  const { answer, before } = shown;
  const best = answer.items[0]?.score ?? 0;
  const worst = Math.min(...answer.items.map((one) => one.score), 0);
  fill("list", answer.items.map((one, place) => row(one, place, (one.score - worst) / (best - worst || 1))));
  hold(held);
  at("list-about").textContent = about(before);
  const decisions = answer.decisions ?? [];
  fill("decisions", decisions.map((one) => el("li", {}, one.text)));
  at("decisions-box").hidden = !decisions.length;
}

// A list that is drawn anew would drop the focus of whoever goes through it by keys.
function holding() {
  const one = document.activeElement;
  const place = [...at("list").children].indexOf(one.closest("#list > li"));
  return place < 0 ? null : { place, button: ["choose", "explain", "similar"].find((name) => one.classList.contains(name)) };
}

function hold(held) {
  const rows = at("list").children;
  if (!held || !rows.length) return;
  const one = rows[Math.min(held.place, rows.length - 1)];
  ((held.button && one.querySelector(`.${held.button}`)) || one).focus();
}

function about(before) {
  const { answer, because, milliseconds } = shown;
  if (!answer.items.length) return t("try.none");
  const told = t("try.about", { n: number(answer.items.length), ms: number(milliseconds), model: answer.model_version });
  if (!before) return told;
  const ids = answer.items.map((one) => one.item_id);
  const fresh = ids.filter((id) => !before.includes(id)).length;
  const moved = ids.filter((id, place) => before.includes(id) && before.indexOf(id) !== place).length;
  return `${told} · ${t("try.after", { title: because, n: number(fresh), moved: number(moved) })}`;
}

function row(one, place, share) {
  const title = one.title || one.item_id;
  const [kind, word, spoken] = movement(one.item_id, place);
  const named = (key) => ({ type: "button", "aria-label": `${t(key)}: ${title}` });
  const why = el("div", { class: "effects", hidden: true });
  const tell = el("button", { ...named("try.why"), class: "explain", "aria-expanded": "false", onclick: () => explain(one, why, tell) }, t("try.why"));
  return el("li", { class: kind, tabindex: place ? "-1" : "0", "data-item": one.item_id },
    el("span", { class: "place" }, String(place + 1)),
    el("div", {},
      el("span", { class: "name" }, titled(title), el("small", {}, one.item_id)),
      word ? el("span", { class: "moved", role: spoken ? "img" : null, "aria-label": spoken }, word) : null,
      el("div", { class: "strength", "aria-hidden": "true" }, el("i", { width: `${Math.max(2, 100 * share)}%` })),
      el("div", { class: "why" }, (one.reasons ?? []).join("; "))),
    el("div", { class: "row" },
      at("ask-user").value.trim() ? el("button", { ...named("try.click"), class: "choose", onclick: () => choose(one) }, t("try.click")) : null,
      tell,
      el("button", { ...named("try.like"), class: "similar", onclick: () => like(one) }, t("try.like"))),
    why);
}

function movement(id, place) {
  const { before } = shown;
  if (!before) return ["", ""];
  const was = before.indexOf(id);
  if (was < 0) return ["new", t("try.new")];
  if (was === place) return ["", ""];
  return was > place
    ? ["up", `▲ ${was - place}`, t("try.up", { n: was - place })]
    : ["sunk", `▼ ${place - was}`, t("try.down", { n: place - was })];
}

async function choose(one) {
  const user = at("ask-user").value.trim();
  const event = { event_id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, user_id: user, item_id: one.item_id, event: "click" };
  if (told) return; // a second click while the first is on its way
  told = true;
  const stored = await tried(() => post("/v1/events", event));
  told = false;
  if (stored) await ask(one.title || one.item_id);
}

async function explain(one, box, button) {
  const open = box.hidden;
  button.setAttribute("aria-expanded", String(open));
  box.hidden = !open;
  if (!open || box.childElementCount) return;
  const { user_id, history: chose, query, similar_to } = shown.asked;
  const whom = similar_to ? { history: [similar_to] } : { user_id, history: chose, query };
  const found = await tried(() => post("/v1/explain", { ...whom, item_id: one.item_id }));
  if (!found) return;
  const effects = found.reasons.map((reason) => reason.effect).filter((effect) => effect > 0);
  const most = Math.max(...effects, 1e-9);
  box.replaceChildren(
    ...(effects.length ? [el("div", { class: "about" }, t("why.about"))] : []),
    ...found.reasons.map((reason) => el("div", {},
      el("span", {}, reason.text),
      el("span", { class: "strength", "aria-hidden": "true" }, el("i", { width: `${Math.max(0, 100 * ((reason.effect ?? most) / most))}%` })))),
    ...(found.reasons.length ? [] : [el("div", {}, t("why.none"))]),
    ...found.barred.map((one_) => el("div", {}, t("why.barred", { why: one_.text }))));
}

async function like(one) {
  const began = performance.now();
  const mine = ++asking;
  const asked = { similar_to: one.item_id, k: Number(at("ask-k").value) || 10 };
  const answer = await tried(() => asks(asked));
  if (!answer || mine !== asking) return;
  remember(answer.items);
  shown = { asked, answer, before: null, milliseconds: performance.now() - began };
  draw();
  at("list-about").textContent = t("try.like.title", { title: one.title || one.item_id });
}

async function past() {
  const user = at("ask-user").value.trim();
  at("past-card").hidden = !user;
  if (!user) return;
  const found = await tried(() => get(`/v1/users/${encodeURIComponent(user)}/events?limit=12`));
  if (!found) return;
  const titles = await Promise.all(found.events.map((one) => titleOf(one.item_id)));
  fill("past", found.events.length
    ? found.events.map((one, place) => el("li", {},
      el("span", {}, titles[place]), el("span", { class: "kind" }, `${one.event} · ${moment(one.event_time)}`)))
    : el("li", {}, t("try.no.past")));
}

function move(press) {
  const rows = [...at("list").children];
  const here = rows.indexOf(document.activeElement.closest("li"));
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[press.key];
  if (here < 0 || press.ctrlKey || press.metaKey || press.altKey) return;
  if (step) rows[Math.min(Math.max(here + step, 0), rows.length - 1)].focus();
  else if (press.key === "c") rows[here].querySelector(".choose")?.click();
  else if (press.key === "e") rows[here].querySelector(".explain").click();
  else return;
  press.preventDefault();
  press.stopPropagation();
}
