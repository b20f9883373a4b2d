// The rows of a trace that are at hand: pages of them, asked for when they come into sight and dropped when they were not
// seen for long. However large the trace, at most `KEPT` pages are in memory.

export const PAGE = 500;
const KEPT = 48;
const AT_ONCE = 4;
const SETTLE = 90; // ms after one jump in which another makes a thumb that flies past: it asks for nothing until it rests
const AGAIN = 2000;

export class RowStore {
  /** `tree` asks (`TraceTree`). `changed()` is called when rows came; `failed(error | null)` when a page could not be had, and when one could again. */
  constructor(tree, overview, { changed, failed }) {
    this.tree = tree;
    this.nodeCount = overview.trace.nodeCount;
    this.pages = new Map(); // page -> rows, the least recently used first
    this.past = new Map(); // such pages with the colours of before, shown until there are others
    this.asked = new Map(); // page -> { controller, promise }
    this.take(overview);
    this.wanted = [];
    this.changed = changed;
    this.failed = failed;
    this.heldUntil = 0;
    this.jumped = -SETTLE; // when all that is wanted was last something else than before
  }

  take(overview) {
    this.head = overview.rows;
    this.loose = new Map([...(overview.slow ?? []), ...(overview.origins ?? [])].map((row) => [row.index, row]));
  }

  /** The same trace in other colours: what is at hand stays in sight until its rows came again. */
  recolour(overview) {
    for (const [page, { controller, kept }] of this.asked) if (!kept) { controller.abort(); this.asked.delete(page); }
    for (const [page, rows] of this.pages) this.past.set(page, rows);
    this.pages.clear();
    this.take(overview);
  }

  /** The row of a node when it is at hand. */
  row(index) { return this.settled(index) ?? this.past.get(Math.floor(index / PAGE))?.[index % PAGE] ?? null; }

  settled(index) {
    if (index < this.head.length) return this.head[index];
    const page = this.pages.get(Math.floor(index / PAGE));
    return page?.[index % PAGE] ?? this.loose.get(index) ?? null;
  }

  /** Names the nodes in sight and those that will probably be next. Whatever else is under way is called off. */
  want(indexes, ahead) {
    const pages = new Set();
    let touched;
    for (const index of indexes) {
      const page = Math.floor(index / PAGE);
      if (page !== touched) this.touch(touched = page);
      if (!this.settled(index)) pages.add(page);
    }
    for (const index of ahead) if (index >= 0 && index < this.nodeCount && !this.settled(index)) pages.add(Math.floor(index / PAGE));
    const others = !this.wanted.some((page) => pages.has(page));
    this.wanted = [...pages].slice(0, KEPT - 4);
    for (const [page, { controller, kept }] of this.asked) if (!kept && !pages.has(page)) { controller.abort(); this.asked.delete(page); }
    if (!this.wanted.length) return;
    if (others) {
      const now = performance.now();
      const flies = now - this.jumped < SETTLE;
      this.jumped = now;
      clearTimeout(this.timer);
      this.timer = null;
      if (!flies) return this.ask();
    }
    this.timer ??= setTimeout(() => { this.timer = null; this.ask(); }, SETTLE);
  }

  touch(page) {
    const rows = this.pages.get(page);
    if (rows) { this.pages.delete(page); this.pages.set(page, rows); }
  }

  ask() {
    if (this.stopped) return;
    const wait = this.heldUntil - performance.now();
    if (wait > 0) { this.timer ??= setTimeout(() => { this.timer = null; this.ask(); }, wait); return; }
    for (const page of this.wanted) {
      if (this.asked.size >= AT_ONCE) return;
      if (!this.pages.has(page) && !this.asked.has(page)) this.fetch(page).catch(() => {});
    }
  }

  fetch(page, kept = false) {
    const under = this.asked.get(page);
    if (under) { under.kept ||= kept; return under.promise; }
    const entry = { controller: new AbortController(), kept };
    entry.promise = this.read(page, entry);
    this.asked.set(page, entry);
    return entry.promise;
  }

  async read(page, entry) {
    try {
      const answer = await this.tree.get(`rows?offset=${page * PAGE}&limit=${PAGE}`, entry.controller.signal);
      this.keep(page, answer.rows);
      this.failed(null);
      return answer.rows;
    } catch (error) {
      if (error.code === "grown") { // and so will all others be
        this.stopped = true;
        this.failed(null);
      } else if (error.name !== "AbortError" && !this.stopped) {
        this.heldUntil = performance.now() + AGAIN;
        this.failed(error);
      }
      throw error;
    } finally {
      if (this.asked.get(page) === entry) this.asked.delete(page);
      // What was called off changes nothing, and whoever called it off asks again when it is time.
      if (!this.stopped && !entry.controller.signal.aborted) { this.changed(); this.ask(); }
    }
  }

  keep(page, rows) {
    this.pages.set(page, rows);
    this.past.delete(page);
    for (const oldest of this.pages.keys()) {
      if (this.pages.size <= KEPT) break;
      this.pages.delete(oldest);
    }
  }

  /** The row of a node, asked for if need be; null when there is none. */
  async load(index) {
    const found = this.row(index);
    if (found) return found;
    return (await this.fetch(Math.floor(index / PAGE), true))[index % PAGE] ?? null;
  }

  /** Rows in bulk, past the pages: for what looks at a whole level of the tree. */
  async bulk(offset, limit, signal) {
    return (await this.tree.get(`rows?offset=${offset}&limit=${limit}`, signal)).rows;
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const { controller } of this.asked.values()) controller.abort();
  }
}
