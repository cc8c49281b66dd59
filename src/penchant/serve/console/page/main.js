// The frame: views, keys, language, light and dark, whether the service is up.

import { listenForKey } from "./api.js";
import * as catalogue from "./catalogue.js";
import { at, el, fill } from "./dom.js";
import * as live from "./live.js";
import * as models from "./models.js";
import * as trying from "./try.js";
import { onLanguage, switchLanguage, t, translate } from "./words.js";

const KEYS = "penchant.keys"; // "off": letters alone do nothing

const views = { try: trying, catalogue, models, live };
const first = { try: "ask-user", catalogue: "find", models: "reload", live: "pause" };
const THEMES = ["", "light", "dark"];
let here = null;

function go(moved = true) {
  const wanted = Object.hasOwn(views, location.hash.slice(1)) ? location.hash.slice(1) : "try";
  views[here]?.leave?.();
  here = wanted;
  for (const name of Object.keys(views)) at(name).hidden = name !== wanted;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === wanted) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${t(`view.${wanted}`)} · penchant`;
  if (moved) at("main").focus({ preventScroll: true });
  views[wanted].enter?.();
}

async function pulse() {
  let up = false;
  try {
    up = (await fetch("/readyz")).ok;
  } catch {
    up = false; // said beside the views
  }
  const state = at("state");
  const word = t(up ? "up" : "down");
  state.className = `state ${up ? "up" : "down"}`;
  if (state.dataset.up !== String(up) || state.textContent === "") state.textContent = word;
  state.dataset.up = String(up);
}

function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  at("theme").textContent = { "": "◐", light: "☀", dark: "☾" }[name];
  const told = t("theme", { name: t(`theme.${name || "system"}`) });
  at("theme").setAttribute("aria-label", told);
  at("theme").title = told;
}

function press(event) {
  const typing = event.target.closest("input, textarea, dialog");
  if (typing || localStorage.getItem(KEYS) === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
  const view = Object.keys(views)[Number(event.key) - 1];
  if (view) location.hash = view;
  else if (event.key === "/") at(first[here]).focus();
  else if (event.key === "?") at("help-box").showModal();
  else if (["j", "k"].includes(event.key) && here === "try") at("list").querySelector("li")?.focus();
  else return;
  event.preventDefault();
}

function help() {
  const keys = [["1 2 3 4", "views"], ["/", "find"], ["j k ↑ ↓", "move"], ["c", "choose"], ["e", "why"], ["?", "help"]];
  fill("help-keys", keys.flatMap(([names, what]) => [
    el("dt", {}, names.split(" ").flatMap((name) => [el("kbd", {}, name), " "])), el("dd", {}, t(`help.${what}`)),
  ]));
}

translate();
for (const view of Object.values(views)) view.start();
onLanguage(() => {
  help();
  theme(document.documentElement.dataset.theme ?? "");
  if (here) document.title = `${t(`view.${here}`)} · penchant`;
  if (at("state").dataset.up) at("state").textContent = t(at("state").dataset.up === "true" ? "up" : "down");
});
listenForKey(() => views[here].enter?.());
theme(localStorage.getItem("penchant.theme") ?? "");
at("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "") + 1) % THEMES.length];
  localStorage.setItem("penchant.theme", next);
  theme(next);
});
at("language").addEventListener("click", switchLanguage);
at("keys-on").checked = localStorage.getItem(KEYS) !== "off";
at("keys-on").addEventListener("change", (change) => localStorage.setItem(KEYS, change.target.checked ? "on" : "off"));
at("open-help").addEventListener("click", () => at("help-box").showModal());
addEventListener("hashchange", () => go());
addEventListener("keydown", press);
go(false);
pulse();
setInterval(pulse, 5000);
