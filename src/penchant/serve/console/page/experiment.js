// Which models are compared on users, and what that tells so far.

import { get, tried } from "./api.js";
import { at, el, fill } from "./dom.js";
import { day, number, onLanguage, t } from "./words.js";

let found = null;

export function start() {
  onLanguage(draw);
}

export async function enter() {
  found = (await tried(() => get("/v1/admin/experiment")))?.experiment ?? null;
  draw();
}

const when = (seconds) => day(new Date(1000 * seconds).toISOString());

function draw() {
  at("experiment").hidden = !found;
  if (!found) return;
  const about = { name: found.name, since: when(found.started_at), waiting: number(found.waiting) };
  at("experiment-about").textContent = [
    found.stopped_at ? t("experiment.ran", { ...about, over: when(found.stopped_at) }) : t("experiment.runs", about),
    found.measured,
  ].join(" · ");
  fill("experiment-rows", found.arms.map((arm, place) => {
    const look = found.comparisons[Math.max(0, place - 1)];
    return el("tr", {},
      el("th", { scope: "row" }, arm.name),
      el("td", {}, arm.version),
      el("td", { class: "figures" }, number(arm.users)),
      el("td", { class: "figures" }, look ? number(look.means[place ? 1 : 0], 4) : ""),
      el("td", { class: "figures" }, place && look ? gap(look) : ""));
  }));
  fill("experiment-said", found.conclusion.map((said) => el("li", {}, el("span", {}, said))));
}

function gap(look) {
  if (look.low === null) return t("experiment.early");
  return `${number(look.gap, 4)} (${number(look.low, 4)} … ${number(look.high, 4)})`;
}
