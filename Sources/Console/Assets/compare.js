// Compares two traces, aligned by their structure, or two populations: what the traces of one query share that those of
// another do not.

import { get } from "./api.js";
import { comparePopulations } from "./comparePopulations.js";
import { compareTraces } from "./compareTraces.js";
import { fill, h } from "./dom.js";
import { readTraceID } from "./format.js";
import { WINDOWS } from "./graphQuestion.js";

const LIMIT = 200; // traces of each population

/** Shows the page in `main`; the function returned puts everything away. */
export function showCompare(main) {
  document.title = "Compare · HMS-OPS";
  const given = new URLSearchParams(location.search);
  const state = { a: given.get("a") ?? "", b: given.get("b") ?? "", window: WINDOWS.some(([key]) => key === given.get("window")) ? given.get("window") : "1h" };
  const stop = new AbortController();
  let asking = 0, leave = () => {};
  const problem = h("p.problemtext", { role: "alert", id: "compare-problem" });
  const said = h("p.hidden", { role: "status", "aria-live": "polite" });
  const box = (name, label, hint) => {
    const input = h("input", { id: `compare-${name}`, spellcheck: "false", autocomplete: "off", placeholder: hint, "aria-describedby": "compare-problem" });
    input.value = state[name];
    input.addEventListener("input", update);
    return { input, element: h("div.comparebox", null, h("label", { for: `compare-${name}` }, h("b.abside", null, name.toUpperCase()), label), input) };
  };
  const a = box("a", "the slow or the failing", "A trace ID, or a query such as trace.duration > 1s");
  const b = box("b", "what it should be like", "A trace ID, or a query such as trace.duration < 1s");
  const chips = WINDOWS.map(([key, label]) => [key, h("button.timechip", { type: "button", title: `Traces of the last ${label}`, onclick: () => { state.window = key; update(); if (state.a && state.b) ask(); } }, label)]);
  const windows = h("div.timechips", { role: "group", "aria-label": "Time in which the queries search" }, chips.map(([, button]) => button));
  const form = h("form.compareform", { onsubmit: (event) => { event.preventDefault(); submit(); } },
    a.element, h("button.compareswap", { type: "button", title: "Exchange A and B", "aria-label": "Exchange A and B", onclick: swap }, "⇄"), b.element,
    h("div.comparego", null, windows, h("button.primary.comparebutton", { type: "submit" }, "Compare")), problem);
  const result = h("div.compareresult", { tabindex: "-1" });
  fill(main, h("section.compare", null, h("div.heading", null, h("h1", null, "Compare"), h("p.sub", null, "two traces, or two sets of them")), form, result, said));

  /** Traces stand for themselves; only queries search in a time. */
  function update() {
    const isTraces = [a, b].some(({ input }) => readTraceID(input.value));
    windows.hidden = isTraces;
    for (const [key, button] of chips) button.setAttribute("aria-pressed", String(key === state.window));
  }

  function swap() {
    [a.input.value, b.input.value] = [b.input.value, a.input.value];
    if (state.a && state.b) submit();
  }

  function submit() {
    state.a = a.input.value.trim();
    state.b = b.input.value.trim();
    for (const [name, { input }] of [["a", a], ["b", b]]) input.toggleAttribute("aria-invalid", !state[name]);
    const ids = [readTraceID(state.a), readTraceID(state.b)];
    problem.textContent = !state.a || !state.b ? "Give two trace IDs, or two queries."
      : Boolean(ids[0]) !== Boolean(ids[1]) ? "One is a trace ID and the other a query: give two traces, or two queries (trace_id = \"…\" makes a query of an ID)."
        : ids[0] && ids[0] === ids[1] ? "Both are the same trace." : "";
    if (problem.textContent) { (state.a && !state.b ? b : a).input.focus(); return; }
    ask();
  }

  async function ask(isNew = true) {
    const ids = [readTraceID(state.a), readTraceID(state.b)];
    const isTraces = Boolean(ids[0] && ids[1]);
    const query = new URLSearchParams({ a: isTraces ? ids[0] : state.a, b: isTraces ? ids[1] : state.b });
    if (isNew) history.pushState(null, "", `/compare?${new URLSearchParams({ a: state.a, b: state.b, ...(isTraces || state.window === "1h" ? {} : { window: state.window }) })}`);
    if (!isTraces) {
      // The collector's clock counts.
      query.set("from", `now-${WINDOWS.find(([key]) => key === state.window)[2] / 1000}s`);
      query.set("to", "now");
      query.set("limit", String(LIMIT));
    }
    const number = ++asking;
    leave();
    leave = () => {};
    fill(result, h("div.loading", { role: "status", "aria-busy": "true" }, h("span.hidden", null, isTraces ? "Comparing the traces" : "Reading the traces of both queries"), Array.from({ length: 6 }, () => h("i.bone"))));
    try {
      const answer = await get(`/api/v1/compare?${query}`, stop.signal);
      if (number !== asking) return;
      if (answer.kind === "traces") leave = compareTraces(result, answer, (text) => { said.textContent = text.slice(0, 600); });
      else comparePopulations(result, answer, state);
      said.textContent = answer.verdict?.text ?? answer.causes?.[0]?.text ?? "";
    } catch (error) {
      if (error.name !== "AbortError" && number === asking) fill(result, failure(error, ids, ask));
    }
  }

  update();
  if (state.a && state.b) {
    const [first, second] = [readTraceID(state.a), readTraceID(state.b)];
    if (Boolean(first) === Boolean(second)) ask(false); else submit();
  } else {
    fill(result, welcome((first, second) => { a.input.value = first; b.input.value = second; update(); submit(); }, state));
    (state.a ? b : a).input.focus({ preventScroll: true });
  }
  return () => { stop.abort(); leave(); };
}

const EXAMPLES = [
  ["What do slow traces share that fast ones do not?", "trace.duration > 1s", "trace.duration < 1s"],
  ["What do failing traces share that sound ones do not?", "trace.errors > 0", "trace.errors = 0"],
];

function welcome(choose, state) {
  return h("section.state", null,
    h("h2", null, state.a || state.b ? "One side is missing" : "Compare what is slow with what is not"),
    h("p", null, h("b", null, "Two trace IDs"), ": the traces are laid over each other by their structure, and each difference is marked."),
    h("p", null, h("b", null, "Two queries"), ": what the traces of A have in common that those of B do not, the likeliest cause first."),
    h("ul.examples", null, EXAMPLES.map(([text, first, second]) => h("li", null, h("button.jump", { type: "button", onclick: () => choose(first, second) }, text)))),
    h("p.sub", null, "IDs are on the page of a trace; ", h("a", { href: "/", "data-route": true }, "see recent traces"), "."));
}

function failure(error, ids, again) {
  const isGone = error.status === 404 && ids[0];
  return h("section.state", { role: "alert" },
    h("h2", null, isGone ? "One of the traces is not here" : error.status === 400 ? "That cannot be compared" : "The comparison could not be made"),
    h("p", null, error.message ?? String(error)), error.hint && h("p.sub", null, error.hint),
    isGone && h("p", null, "Open each of them: ", ids.map((id, at) => [at > 0 && " · ", h("a", { href: `/trace/${id}`, "data-route": true }, h("code", null, id))])),
    error.status !== 400 && h("p", null, h("button", { type: "button", onclick: () => again(false) }, "Try again")));
}
