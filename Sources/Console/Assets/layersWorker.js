// Lays graphs out beside the page, so that it stays quick. One question, one answer.

import { layout } from "./layers.js";

addEventListener("message", ({ data }) => {
  const { id, ...graph } = data;
  try {
    postMessage({ id, result: layout(graph) });
  } catch (error) {
    postMessage({ id, failure: String(error?.message ?? error) });
  }
});
