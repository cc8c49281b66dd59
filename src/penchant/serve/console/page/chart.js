// A line over the last minutes, and its newest value.

import { el } from "./dom.js";
import { number } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const LENGTH = 120;

export class Chart {
  constructor(digits = 1) {
    this.values = [];
    this.digits = digits;
    this.title = el("span");
    this.newest = el("b");
    this.line = document.createElementNS(SVG, "path");
    this.under = document.createElementNS(SVG, "path");
    this.under.setAttribute("class", "under");
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "chart");
    this.svg.setAttribute("viewBox", `0 0 ${LENGTH} 100`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("role", "img");
    this.svg.append(this.under, this.line);
    this.figure = el("figure", {}, el("figcaption", {}, this.title, this.newest), this.svg);
  }

  name(title) {
    this.title.textContent = title;
  }

  add(value) {
    this.values = [...this.values, value].slice(-LENGTH);
    const top = Math.max(...this.values, 1e-9) * 1.1;
    const start = LENGTH - this.values.length;
    const points = this.values.map((one, place) => `${start + place + 1} ${(98 - (94 * one) / top).toFixed(2)}`);
    this.line.setAttribute("d", `M${points.join("L")}`);
    this.under.setAttribute("d", `M${start + 1} 100L${points.join("L")}L${LENGTH} 100Z`);
    this.newest.textContent = number(value, this.digits);
    this.svg.setAttribute("aria-label", `${this.title.textContent}: ${this.newest.textContent}`);
  }
}
