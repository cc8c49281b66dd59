// Elements from plain values. Text is set as text, never as markup, so a title cannot run.

export const at = (id) => document.getElementById(id);

export function el(tag, about = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name === "width") made.style.width = value; // as CSS, which the page's policy lets through
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside.flat().filter((part) => part !== null && part !== undefined));
  return made;
}

const LONG = 90; // letters of a title above which it is cut to some lines, and whole on hovering

export const titled = (title) => {
  const long = title.length > LONG;
  return el("span", { class: long && "long", title: long && title }, title);
};

// Whether the cards stand below each other, as on a phone.
export const narrow = () => matchMedia("(max-width: 820px)").matches;

export function show(one) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  one.scrollIntoView({ block: "start", behavior: still ? "auto" : "smooth" });
}

export const fill = (id, ...parts) => at(id).replaceChildren(...parts.flat());

// Waits until somebody stops typing.
export function settled(call, milliseconds = 180) {
  let waiting = 0;
  return (...given) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => call(...given), milliseconds);
  };
}
