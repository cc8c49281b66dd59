// Which models there are, and which one answers.

import { get, post, sure, tried } from "./api.js";
import { at, el, fill } from "./dom.js";
import { day, number, onLanguage, t } from "./words.js";

let standing = null;

export function start() {
  at("reload").addEventListener("click", () => change(t("models.sure.reload"), "/v1/admin/reload"));
  at("rollback").addEventListener("click", () =>
    change(t("models.sure.rollback", { name: standing.previous }), "/v1/admin/rollback"));
  onLanguage(draw);
}

export async function enter() {
  standing = (await tried(() => get("/v1/admin/models"))) ?? standing;
  draw();
}

async function change(question, path, body) {
  if (!(await sure(question))) return;
  const buttons = at("models").querySelectorAll("button");
  buttons.forEach((one) => { one.disabled = true; });
  const done = await tried(() => post(path, body));
  buttons.forEach((one) => { one.disabled = false; });
  if (!done) return;
  await enter();
  at("state").textContent = t("models.done", { name: done.current });
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
    el("li", {}, el("span", {}, Object.entries(one).filter(([name]) => name !== "at").map(([, value]) => value).join(" · ")),
      el("time", {}, one.at ? day(one.at) : ""))));
  at("rollback").disabled = !standing.previous;
}

// A digest is for machines: the version's name already holds its beginning.
const figures = (about) => Object.entries(about)
  .filter(([name]) => name !== "digest")
  .map(([name, value]) => `${name} ${typeof value === "number" ? number(value, 4) : typeof value === "object" ? JSON.stringify(value) : value}`)
  .join(" · ");
