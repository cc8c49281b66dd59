// Titles of items by their id, as answers told them; asked for where none did.

import { get, item, Problem } from "./api.js";

const MOST = 20000;
const known = new Map();

export function remember(items) {
  if (known.size > MOST) known.clear();
  for (const { item_id: id, title } of items) known.set(id, title || id);
}

export const knownTitle = (id) => known.get(id);

export async function titleOf(id) {
  if (known.has(id)) return known.get(id);
  let title = id;
  try {
    title = (await get(item(id))).fields.title || id;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem; // of an item that the catalogue lacks
  }
  remember([{ item_id: id, title }]);
  return title;
}
