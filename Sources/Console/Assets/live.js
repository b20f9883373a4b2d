// Traces as they come, by server-sent events. Holds still while somebody looks at one, keeps few, and counts what it lets go.

const MOST = 200;
const LATER = [1000, 2000, 5000, 10000, 30000];
const GATHER = 250; // rows are shown together this often

export class Live {
  /** `onTraces(traces)` newest first; `onState({ is, waiting, dropped, seen })`; `held()` says whether to hold still. */
  constructor({ onTraces, onState, held }) {
    Object.assign(this, { onTraces, onState, held, traces: [], fresh: [], waiting: [], failures: 0, lost: 0, server: 0, seen: 0 });
  }

  start(query, traces) {
    this.stop();
    Object.assign(this, { query, traces: traces.slice(0, MOST), waiting: [], fresh: [], lost: 0, server: 0, seen: 0, failures: 0, isOn: true });
    this.wake = () => (document.hidden ? this.close() : this.connect());
    document.addEventListener("visibilitychange", this.wake);
    this.timer = setInterval(() => this.show(), GATHER);
    this.connect();
  }

  stop() {
    if (!this.isOn) return;
    this.isOn = false;
    document.removeEventListener("visibilitychange", this.wake);
    clearInterval(this.timer);
    this.close();
  }

  /** A page that nobody sees gives its connection back: browsers have few for each host. */
  close() {
    clearTimeout(this.again);
    this.source?.close();
    this.source = null;
  }

  connect() {
    this.close();
    if (!this.isOn || document.hidden) return;
    // The collector counts what it leaves out anew for each connection.
    this.lost += this.server;
    this.server = 0;
    this.say("connecting");
    const source = (this.source = new EventSource(`/api/v1/tail?q=${encodeURIComponent(this.query)}`));
    source.addEventListener("open", () => { this.failures = 0; this.say("on"); });
    source.addEventListener("trace", (event) => this.take(event.data));
    source.addEventListener("state", (event) => {
      const state = parsed(event.data);
      if (!state) return;
      this.server = Number(state.dropped) || 0;
      this.seen = Number(state.seen) || 0;
      this.say(this.is);
    });
    source.addEventListener("error", () => {
      // The browser gives up where the answer was no stream; where the connection broke off we ask as well, so that waits grow.
      this.close();
      if (!this.isOn) return;
      const wait = LATER[Math.min(this.failures++, LATER.length - 1)];
      this.say(this.failures > 3 ? "failing" : "again");
      this.again = setTimeout(() => this.connect(), wait);
    });
  }

  take(text) {
    const trace = parsed(text);
    if (!trace || typeof trace.traceId !== "string") return;
    this.waiting.unshift(trace);
    if (this.waiting.length > MOST) {
      this.waiting.length = MOST;
      this.lost++;
    }
  }

  show() {
    if (!this.waiting.length) return;
    if (this.held()) return this.say(this.is);
    const known = new Set();
    this.traces = [...this.waiting, ...this.traces].filter(({ traceId }) => !known.has(traceId) && known.add(traceId)).slice(0, MOST);
    this.waiting = [];
    this.onTraces(this.traces);
    this.say(this.is);
  }

  say(is) {
    this.is = is;
    this.onState({ is, waiting: this.waiting.length, dropped: this.lost + this.server, seen: this.seen, isHeld: this.waiting.length > 0 && this.held() });
  }
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return null; }
}
