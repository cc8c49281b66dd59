// Which models there are, and which one answers.

import { get, post, sure, tried } from "./api.js";
import { at, el, fill } from "./dom.js";
import * as experiment from "./experiment.js";
import { day, has, number, onLanguage, t } from "./words.js";

let standing = null;

export function start() {
  at("reload").addEventListener("click", () => change(t("models.sure.reload"), "/v1/admin/reload"));
  at("rollback").addEventListener("click", () =>
    change(t("models.sure.rollback", { name: standing.previous }), "/v1/admin/rollback"));
  onLanguage(draw);
  experiment.start();
}

export async function enter() {
  experiment.enter(); // counted from the log: the models do not wait for it
  standing = (await tried(() => get("/v1/admin/models"))) ?? standing;
  draw();
}

async function change(question, path, body) {
  if (!(await sure(question))) return;
  const buttons = at("models").querySelectorAll("button");
  buttons.forEach((one) => { one.disabled = true; });
  const done = await tried(() => post(path, body));
  buttons.forEach((one) => { one.disabled = false; });
  await enter(); // one that was refused stands in the history
  if (!done) return;
  const found = done.figures.load_seconds === undefined ? [] : [t("models.found", {
    load: number(done.figures.load_seconds, 1), slowest: number(1000 * done.figures.slowest_seconds),
    memory: number(done.figures.memory_bytes / 2 ** 20),
  })];
  at("models-said").textContent = [t("models.done", { name: done.current }), ...found].join(" ");
}

function draw() {
  if (!standing) return;
  fill("model-rows", standing.models.map((one) => el("tr", {},
    el("th", { scope: "row" }, one.name),
    el("td", {}, one.model),
    el("td", {}, day(one.added)),
    el("td", { class: "figures" }, figures(one.about)),
    el("td", {}, one.current ? el("span", { class: "badge" }, t("models.current")) : one.previous ? t("models.previous") : ""),
    el("td", {}, one.current ? null : el("button", {
      type: "button",
      onclick: () => change(t("models.sure.promote", { name: one.name }), "/v1/admin/promote", { version: one.name }),
    }, t("models.promote"))))));
  fill("model-history", standing.history.toReversed().slice(0, 50).map((one) =>
    el("li", {}, el("span", {}, [did(one.did), one.version, one.why].filter(Boolean).join(" · ")),
      el("time", {}, one.at ? day(one.at) : ""))));
  at("rollback").disabled = !standing.previous;
}

const COUNTS = ["users", "items", "events"];

// What it was trained on; a digest is for machines.
function figures(about) {
  const counts = COUNTS.filter((name) => name in about).map((name) => t(`models.${name}`, { n: number(about[name]) }));
  return [...counts, (about.kinds ?? []).join(", ")].filter(Boolean).join(" · ");
}

function did(what) {
  const key = `did.${what.replaceAll(" ", "_")}`;
  return has(key) ? t(key) : what;
}
