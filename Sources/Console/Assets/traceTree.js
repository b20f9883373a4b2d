// The tree of a trace that a page shows: asks for parts of it, and takes none of another tree.

import { get, Problem } from "./api.js";

export class TraceTree {
  /** `name` is what the collector calls the tree, undefined where it names none; `outgrown()` is called when it answers from another. */
  constructor(id, name, outgrown) { Object.assign(this, { id, name, outgrown }); }

  /** What stands at a path below the trace's. In another tree numbers of rows mean other rows, so of such a one nothing is given. */
  async get(path, signal) {
    const part = await get(`/api/v1/traces/${this.id}/${path}`, signal);
    if (!this.isOther(part.tree)) return part;
    this.outgrown();
    throw new Problem(409, "grown", "The trace has grown since it was opened.", "Load it again to see it as it is now.");
  }

  isOther(name) { return name !== undefined && this.name !== undefined && name !== this.name; }
}
