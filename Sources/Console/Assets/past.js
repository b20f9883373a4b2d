// The queries asked before, kept in this browser alone.

const KEY = "hms.queries";
const MOST = 50;

/** Newest first. */
export function past() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((query) => typeof query === "string").slice(0, MOST) : [];
  } catch { return []; }
}

function keep(queries) {
  // A browser that keeps nothing (private windows, full storage) only forgets.
  try { localStorage.setItem(KEY, JSON.stringify(queries.slice(0, MOST))); } catch { /* see above */ }
}

export function remember(query) {
  const text = query.trim();
  if (text && text.length <= 4096) keep([text, ...past().filter((other) => other !== text)]);
}

export const forget = (query) => keep(past().filter((other) => other !== query));
export const forgetAll = () => keep([]);
