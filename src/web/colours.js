// Colours from the style sheet, so that one place decides them for light and for dark.
import { make } from "./dom.js";

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
}

// Eight curves that can be told apart, also without seeing red or green, and by their dashes.
export const curves = 8;
export const ink = (i) => "curve" + (i % curves); // its name, which outlives a change of colours
export const curve = (i) => colour(ink(i));
export const dashes = [null, [7, 3], [2, 3], [9, 3, 2, 3], [5, 5], [12, 4], [3, 2], [9, 2, 2, 2, 2, 2]];
export const dash = (i) => dashes[Math.floor(i / 4) % 2 ? i % dashes.length : 0];

export function faded(hex, alpha) {
  const n = parseInt(hex.slice(1), 16);
  return `rgba(${n >> 16},${(n >> 8) & 255},${n & 255},${alpha})`;
}

// The small square that stands for curve i.
export function swatch(i) {
  const element = make("i", { class: "swatch" });
  element.style.background = `var(--${ink(i)})`;
  return element;
}
