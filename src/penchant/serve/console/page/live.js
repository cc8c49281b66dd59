// What happens just now: numbers, three lines, events as they come in.

import { figures, get, tried } from "./api.js";
import { Chart } from "./chart.js";
import { at, el, fill } from "./dom.js";
import { knownTitle, titleOf } from "./titles.js";
import { moment, number, onLanguage, t } from "./words.js";

const EVERY = 1000; // milliseconds
const LATER = 5000; // milliseconds, while the service does not answer
const ASKED = 20; // titles asked for in one look; a flood of events is told by ids
const MOST = 200; // lines of the stream
const charts = { "live.rate.events": new Chart(), "live.rate.lists": new Chart(), "live.milliseconds": new Chart() };
let after = null; // the last change told so far
let earlier = null; // the numbers before, with their time
let newest = null;
let paused = false;
let timer = 0;

export function start() {
  fill("charts", Object.values(charts).map((chart) => chart.figure));
  at("pause").addEventListener("click", () => {
    paused = !paused;
    at("pause").setAttribute("aria-pressed", String(paused));
    at("pause").textContent = t(paused ? "live.on" : "live.pause");
  });
  onLanguage(() => {
    for (const [key, chart] of Object.entries(charts)) chart.name(t(key));
    at("pause").textContent = t(paused ? "live.on" : "live.pause");
    if (newest) drawNumbers();
  });
}

export function enter() {
  clearTimeout(timer);
  beat();
}

export const leave = () => clearTimeout(timer);

async function beat() {
  const well = document.hidden || (await look());
  clearTimeout(timer); // of a view that was entered again meanwhile
  if (!at("live").hidden) timer = setTimeout(beat, well ? EVERY : LATER);
}

async function look() {
  const status = await tried(() => get("/v1/admin/status"));
  if (!status) return false; // said on the page
  newest = status;
  drawNumbers();
  lines(status, spent(await figures()));
  if (paused) return true;
  const told = await tried(() => get(after === null ? "/v1/admin/changes?limit=50" : `/v1/admin/changes?limit=${MOST}&after=${after}`));
  if (!told) return false;
  after = told.changes.at(-1)?.seq ?? after ?? told.last_seq;
  const stream = at("stream");
  const unknown = [...new Set(told.changes.map((one) => one.item_id))].filter((id) => id && !knownTitle(id));
  if (unknown.length <= ASKED) await Promise.all(unknown.map(titleOf));
  stream.prepend(...told.changes.toReversed().map(line));
  while (stream.childElementCount > MOST) stream.lastChild.remove();
  if (stream.childElementCount > 1) stream.querySelector(".none")?.remove();
  else if (!stream.childElementCount) stream.append(el("li", { class: "none" }, t("live.none")));
  return true;
}

function lines(status, spent_) {
  const now = performance.now() / 1000;
  if (earlier && earlier.status.worker === status.worker) {
    const seconds = now - earlier.now;
    const answered = status.asking.answered - earlier.status.asking.answered;
    const requests = spent_.requests - earlier.spent.requests;
    charts["live.rate.events"].add((status.last_seq - earlier.status.last_seq) / seconds);
    charts["live.rate.lists"].add(answered / seconds);
    charts["live.milliseconds"].add(requests > 0 ? (1000 * (spent_.seconds - earlier.spent.seconds)) / requests : 0);
  }
  earlier = { now, status, spent: spent_ };
}

// Requests for lists so far, and the seconds that they took.
function spent(page) {
  const sum = (name) => [...page.matchAll(
    new RegExp(`^penchant_http_request_duration_seconds_${name}\\{[^}]*route="/v1/(?:recommend|similar)"[^}]*\\} (\\S+)`, "gm"),
  )].reduce((total, [, value]) => total + Number(value), 0);
  return { requests: sum("count"), seconds: sum("sum") };
}

function drawNumbers() {
  const s = newest;
  const asked = s.vectors.hits !== undefined ? s.vectors.hits + (s.vectors.misses ?? s.vectors.made ?? 0) : 0;
  const told = [
    ["live.model", s.model_version], ["live.items", number(s.items)], ["live.seq", number(s.last_seq)],
    ["live.pending", number(s.items_put.pending ?? 0)], ["live.failed", number(s.items_put.failed ?? 0)],
    ["live.uptime", lasting(s.uptime_seconds)],
    ["live.hits", asked ? `${number((100 * s.vectors.hits) / asked)} %` : "–"],
  ];
  drawChanges(s.drift);
  fill("numbers", told.map(([key, value]) => el("div", {}, el("dt", {}, t(key)), el("dd", {}, value))));
}

// What is no longer as it was; the sentences are the service's own.
function drawChanges(drift) {
  const alerts = drift?.alerts ?? [];
  const about = !drift ? "live.changed.off" : drift.stage !== "watching" ? "live.changed.early" : alerts.length ? "" : "live.changed.none";
  at("drift-about").textContent = about ? t(about) : "";
  fill("alerts", alerts.slice(0, 20).map((one) => el("li", {},
    el("span", {}, `${one.signal}: ${one.what}. ${one.do}`),
    el("span", { class: "kind" }, one.over ? t("live.changed.over", { since: moment(one.since), over: moment(one.over) }) : t("live.changed.since", { since: moment(one.since) })))));
}

function lasting(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function line(change) {
  const what = change.kind === "event"
    ? `${change.user_id} → ${knownTitle(change.item_id) ?? change.item_id}`
    : [t(`live.${change.kind}`), knownTitle(change.item_id) ?? change.item_id ?? change.user_id ?? ""].join(" ");
  return el("li", {}, el("span", {}, what),
    el("span", { class: "kind" }, [change.event, moment(change.received_at)].filter(Boolean).join(" · ")));
}
