// Objectives, as the playground wants them: what is known of one, and its losses on a grid.
import { call, once } from "./api.js";
import { number } from "./series.js";

const columns = 121, rows = 101, along = 401;

export const list = async () => (await once("/v1/objectives")).items;

// `parameters` counts them; `start` is the first recommended one; `minimum` the least loss, or null.
// With `options`, such as another data set, only the server knows where it starts: `start` is null.
export async function describe(name, options = null) {
  const o = await once("/v1/objectives/" + name);
  if (!options) return { ...o, parameters: o.starts[0].length, start: o.starts[0], minimum: o.minima.length ? o.minima[0].loss : null };
  const { at, minima } = await call(`/v1/objectives/${name}/surface?x=-1,1,2&y=-1,1,2&objective=${encodeURIComponent(JSON.stringify(options))}`);
  return { ...o, parameters: at.length, start: null, minima, minimum: minima.length ? minima[0].loss : null };
}

export async function surface(name, about, options = null) {
  const flat = about.parameters === 1, [x, y] = about.window, how = options ? `&objective=${encodeURIComponent(JSON.stringify(options))}` : "";
  const answer = await call(`/v1/objectives/${name}/surface?x=${x.join(",")},${flat ? along : columns}` + (flat ? "" : `&y=${y.join(",")},${rows}`) + how);
  return { minima: answer.minima, x, y: flat ? null : y, columns: answer.x.length, rows: answer.loss.length, values: answer.loss.flat().map(number) };
}
