// Places of a graph's boxes: small graphs at once, large ones in a worker. Remembers the last, so that nothing jumps.

import { layout } from "./layers.js";

const SMALL = 400; // boxes and edges that take a few milliseconds
const KEPT = 8;

export class Arranger {
  constructor() { this.memories = new Map(); this.number = 0; }

  /** Forgets where things stood: the next picture is made afresh. */
  forget() { this.memories.clear(); }

  /**
   * The layout of the boxes and edges, or null when a later question made this one useless. Each `view` of a graph (all of
   * it, what is around one node) has a memory of its own.
   */
  async place(units, edges, view) {
    const at = new Map(units.map((unit, index) => [unit.id, index]));
    const graph = {
      ids: units.map((unit) => unit.id), from: Int32Array.from(edges, (edge) => at.get(edge.from)), to: Int32Array.from(edges, (edge) => at.get(edge.to)),
      memory: this.memories.get(view) ?? null,
    };
    const number = ++this.number;
    const result = units.length + edges.length <= SMALL ? layout(graph) : await this.inWorker(graph, number);
    if (number !== this.number) return null;
    this.memories.delete(view);
    this.memories.set(view, result.memory);
    if (this.memories.size > KEPT) this.memories.delete(this.memories.keys().next().value);
    return result;
  }

  inWorker(graph, id) {
    this.worker ??= new Worker("/assets/layersWorker.js", { type: "module" });
    return new Promise((resolve, reject) => {
      const stop = new AbortController();
      this.worker.addEventListener("message", ({ data }) => {
        if (data.id !== id) return;
        stop.abort();
        if (data.failure) reject(new Error(data.failure)); else resolve(data.result);
      }, { signal: stop.signal });
      this.worker.addEventListener("error", (event) => { stop.abort(); reject(new Error(event.message || "the layout could not be started")); }, { signal: stop.signal });
      this.worker.postMessage({ ...graph, id });
    });
  }

  stop() { this.number++; this.worker?.terminate(); this.worker = undefined; }
}
