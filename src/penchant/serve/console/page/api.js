// The service over HTTP. The key stays in this tab.

import { at } from "./dom.js";
import { t } from "./words.js";

const KEY = "penchant.key";

export class Problem extends Error {
  constructor(status, message, again) {
    super(message);
    this.status = status;
    this.again = again; // seconds after which to try again, or none
  }
}

function keyed() {
  const key = sessionStorage.getItem(KEY);
  return key ? { authorization: `Bearer ${key}` } : {};
}

export async function call(method, path, body) {
  const headers = keyed();
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, t("error.network"));
  }
  const told = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
  if (answer.ok) return told;
  const id = answer.headers.get("x-request-id");
  if (told.type?.endsWith(":unsupported")) throw new Problem(answer.status, t("error.unsupported"));
  const said = [told.title, told.detail].filter(Boolean).join(": ") || answer.statusText;
  const again = answer.status === 503 ? Number(answer.headers.get("retry-after")) : 0;
  throw new Problem(answer.status, `${answer.status} ${said}${id ? ` (${id})` : ""}`, again);
}

// The figures for Prometheus, which a key of a tenant may not see; empty where there are none.
export async function figures() {
  try {
    const answer = await fetch("/metrics", { headers: keyed() });
    return answer.ok ? await answer.text() : "";
  } catch {
    return ""; // said beside the views
  }
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
// A question, asked again while the service is busy, such as with loading its language model.
export async function ask(body, left = 5) {
  try {
    return await post("/v1/recommend", body);
  } catch (problem) {
    if (!problem.again || !left) throw problem;
    await new Promise((resolve) => { setTimeout(resolve, 1000 * problem.again); });
    return ask(body, left - 1);
  }
}

export const item = (id) => `/v1/items/${encodeURIComponent(id)}`;

// Runs one thing that may fail, and says so on the page; undefined where it did.
export async function tried(work) {
  try {
    const found = await work();
    at("trouble").hidden = true;
    return found;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    at("trouble-text").textContent = problem.message;
    at("trouble").hidden = false;
    if (problem.status === 401) askForKey();
    return undefined;
  }
}

export function askForKey() {
  if (at("key-box").open) return;
  at("key-text").value = sessionStorage.getItem(KEY) ?? "";
  at("key-box").returnValue = "";
  at("key-box").showModal();
}

export function listenForKey(changed) {
  at("trouble-close").addEventListener("click", () => { at("trouble").hidden = true; });
  at("open-key").addEventListener("click", askForKey);
  at("key-text").addEventListener("keydown", (press) => {
    if (press.key !== "Enter") return; // the first button would take it
    press.preventDefault();
    at("key-box").close("use");
  });
  at("key-box").addEventListener("close", () => {
    const wish = at("key-box").returnValue;
    const text = at("key-text").value.trim();
    at("key-text").value = "";
    if (wish === "forget" || (wish === "use" && !text)) sessionStorage.removeItem(KEY);
    else if (wish === "use") sessionStorage.setItem(KEY, text);
    else return;
    changed();
  });
}

export function sure(text) {
  const box = at("sure-box");
  at("sure-text").textContent = text;
  box.returnValue = "";
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true });
  });
}
