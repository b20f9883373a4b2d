// Places of a graph's boxes: small graphs at once, large ones in a worker. Remembers the last, so that nothing jumps.

import { layout } from "./layers.js";

const SMALL = 400; // boxes and edges that take a few milliseconds
const KEPT = 8;

export class Arranger {
  constructor() {
    this.memories = new Map();
    this.number = 0;
    this.waiting = new Map(); // number of the question -> how its promise ends
  }

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
    let result;
    try {
      result = units.length + edges.length <= SMALL ? layout(graph) : await this.inWorker(graph, number);
    } catch (error) {
      if (number !== this.number) return null;
      throw error;
    }
    if (number !== this.number) return null;
    this.memories.delete(view);
    this.memories.set(view, result.memory);
    if (this.memories.size > KEPT) this.memories.delete(this.memories.keys().next().value);
    return result;
  }

  inWorker(graph, id) {
    return new Promise((resolve, reject) => {
      this.worker ??= this.hire();
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ ...graph, id });
    });
  }

  hire() {
    const worker = new Worker("/assets/layersWorker.js", { type: "module" });
    worker.addEventListener("message", ({ data: { id, result, failure } }) => {
      const asked = this.waiting.get(id);
      if (!asked) return;
      this.waiting.delete(id);
      if (failure) asked.reject(new Error(failure)); else asked.resolve(result);
    });
    worker.addEventListener("error", (event) => this.dismiss(new Error(event.message || "the layout could not be started")));
    return worker;
  }

  /** A worker that failed answers nothing any more: the next question is for another. */
  dismiss(error) {
    this.worker?.terminate();
    this.worker = undefined;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  stop() {
    this.number++;
    this.dismiss(new Error("the layout was called off"));
  }
}
