"""What can be seen of a page: whether its texts can be read, whether it fits, what it complains of."""

from stepd import check

# Each text that is seen, with its colour and the ground it stands on (WCAG 2.2, 1.4.3: 4.5 : 1, and
# 3 : 1 for large text). A ground is the first opaque one among the ancestors, the translucent ones
# over it laid on. Controls that are switched off are left out, as the rule says.
CONTRAST = r"""
const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); if (c.startsWith("color(srgb")) for (const i of [0, 1, 2]) m[i] *= 255; return [m[0], m[1], m[2], m[3] === undefined ? 1 : m[3]]; };
const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
const light = (c) => { const f = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }; return 0.2126 * f(c[0]) + 0.7152 * f(c[1]) + 0.0722 * f(c[2]); };
const ground = (e) => { const layers = []; for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) layers.push(c); if (c[3] === 1) break; } return layers.reverse().reduce((b, a) => over(a, b), [255, 255, 255, 1]); };
const bad = [], seen = new Set();
let count = 0;
const judge = (text, colour, e, style) => {
  const back = ground(e), front = over(parse(colour), back), a = light(front), b = light(back);
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), size = parseFloat(style.fontSize);
  const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
  count++;
  const key = `${e.className} ${colour} on ${back.slice(0, 3)}`;
  if (ratio < least && !seen.has(key)) { seen.add(key); bad.push(`"${text.slice(0, 30)}" ${ratio.toFixed(2)} (${key})`); }
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let n = walker.nextNode(); n; n = walker.nextNode()) {
  const e = n.parentElement, text = n.textContent.trim();
  if (!text || e.closest("script, style, noscript, :disabled, .unseen, .skip") || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
  const style = getComputedStyle(e);
  judge(text, e instanceof SVGElement ? style.fill : style.color, e, style);
}
for (const e of document.querySelectorAll("input, textarea")) {
  if (!e.checkVisibility() || e.disabled) continue;
  if (e.placeholder && !e.value) judge(e.placeholder, getComputedStyle(e, "::placeholder").color, e, getComputedStyle(e));
  else if (e.value) judge(e.value, getComputedStyle(e).color, e, getComputedStyle(e));
}
return [count, bad];
"""

# Controls without a name, pictures without a text, and ids that are there twice.
NAMELESS = r"""
const bad = [], ids = new Map();
for (const e of document.querySelectorAll("input, select, textarea, button, a[href]")) {
  if (!e.checkVisibility()) continue;
  const labelled = e.getAttribute("aria-label") || (e.labels && [...e.labels].some((l) => l.textContent.trim())) || (e.matches("button, a") && e.textContent.trim());
  if (!labelled) bad.push(e.outerHTML.slice(0, 120));
}
for (const e of document.querySelectorAll("[role=img], img")) if (!e.getAttribute("aria-label") && !e.getAttribute("alt")) bad.push(e.outerHTML.slice(0, 120));
for (const e of document.querySelectorAll("[id]")) { if (ids.has(e.id)) bad.push(`id ${e.id} twice`); ids.set(e.id, 1); }
return bad;
"""


# What is wider than its room can be moved, and a shadow says so.
CUT = r"""
return [...document.querySelectorAll("table")].filter((t) => t.checkVisibility()).map((t) => { let box = t.parentElement; while (box && getComputedStyle(box).overflowX === "visible") box = box.parentElement; return [t, box]; })
  .filter(([t, box]) => box && t.scrollWidth > box.clientWidth + 1 && !(getComputedStyle(box).overflowX === "auto" && /gradient/.test(getComputedStyle(box).backgroundImage))).map(([t]) => t.outerHTML.slice(0, 120));
"""


def readable(browser):
    count, bad = browser.run(CONTRAST)
    check(count > 5, f"only {count} texts are seen")
    check(not bad, "too little contrast:\n" + "\n".join(bad))


def named(browser):
    bad = browser.run(NAMELESS)
    check(not bad, "without a name:\n" + "\n".join(bad))


def fits(browser):
    """Nothing sticks out to the right; a table that is too wide can be moved, and looks so."""
    browser.frame()  # a chart follows the width of its room one frame later
    wide, room = browser.run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    check(wide <= room, f"the page is {wide} wide, the window {room}")
    cut = browser.run(CUT)
    check(not cut, "cut off without a sign:\n" + "\n".join(cut))


def quiet(browser, server):
    """No error, no refusal by the policy, no request to anybody else."""
    others = [u for u in browser.fetched() if not u.startswith((server.url + "/", "data:", "about:", "chrome:", "blob:" + server.url))]
    check(not others, f"fetched from elsewhere: {others}")
    check(browser.requests, "no request was seen at all")
    check(not browser.complaints(), "the console says:\n" + "\n".join(browser.complaints()))
