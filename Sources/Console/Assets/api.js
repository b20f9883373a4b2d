// Asks the collector.

export class Problem extends Error {
  /** `column` is where in a query, counted from 1. */
  constructor(status, code, message, hint, column) {
    super(message);
    Object.assign(this, { status, code, hint, column });
  }
}

/** The JSON at a path of the API; throws a `Problem` that can be shown. */
export async function get(path, signal) {
  let response;
  try {
    response = await fetch(path, { headers: { accept: "application/json" }, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "The collector does not answer.", "Is hms-collector still running? This page tries again by itself.");
  }
  let body = null;
  try { body = await response.json(); } catch (error) { if (error.name === "AbortError") throw error; }
  signal?.throwIfAborted();
  if (response.ok && body) return body;
  const { code = "unexpected", message = `The collector answered ${response.status}.`, hint = "", column } = body?.error ?? {};
  throw new Problem(response.status, code, message, hint, column);
}
