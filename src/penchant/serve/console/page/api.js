// The service over HTTP. The key stays in this tab.

import { at } from "./dom.js";
import { t } from "./words.js";

const KEY = "penchant.key";

export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function call(method, path, body) {
  const headers = {};
  const key = sessionStorage.getItem(KEY);
  if (key) headers.authorization = `Bearer ${key}`;
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
  const said = [told.title, told.detail].filter(Boolean).join(": ") || answer.statusText;
  throw new Problem(answer.status, `${answer.status} ${said}${id ? ` (${id})` : ""}`);
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const item = (id) => `/v1/items/${encodeURIComponent(id)}`;

// Runs one thing that may fail, and says so on the page; undefined where it did.
export async function tried(work) {
  try {
    const found = await work();
    at("trouble").hidden = true;
    return found;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    at("trouble").textContent = problem.message;
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
