// Which node of the tree stands at which place on the screen, without knowing the tree. Nodes stand in depth-first order,
// so a subtree that is closed, and a run of alike siblings that is folded, is one stretch of nodes of which only the first
// is shown. What is kept is the list of such stretches, sorted, with the number of rows that those before it hide.

/** The last place in sorted `list` whose value is at most `value`; -1 when there is none. */
export function lastAtMost(list, value, length = list.length) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle] <= value) low = middle + 1; else high = middle;
  }
  return low - 1;
}

export class RowMap {
  /** `folds`: [first, nodes, siblings] in order of `first`; they are folded at first. */
  constructor(nodeCount, folds = []) {
    this.nodeCount = nodeCount;
    const sound = folds.filter((fold) => fold[0] >= 0 && fold[1] > 1 && fold[0] + fold[1] <= nodeCount);
    const count = sound.length;
    this.foldFirst = new Int32Array(count);
    this.foldNodes = new Int32Array(count);
    this.foldSiblings = new Int32Array(count);
    for (let place = 0; place < count; place++) [this.foldFirst[place], this.foldNodes[place], this.foldSiblings[place]] = sound[place];
    this.foldClosed = new Uint8Array(count).fill(1);
    this.subtrees = new Map(); // first node -> nodes, of each subtree that the reader closed
    this.settle();
  }

  /** Works out the stretches that count: those which no other contains. Linear in their number, but for the sort. */
  settle() {
    const closed = [...this.subtrees].sort((a, b) => a[0] - b[0]);
    const most = closed.length + this.foldFirst.length;
    this.heads = new Int32Array(most);
    this.hidden = new Int32Array(most + 1); // before stretch k
    this.ends = new Int32Array(most);
    this.places = new Int32Array(most); // where the head of stretch k is shown
    this.count = 0;
    let [fold, subtree, reach] = [0, 0, 0];
    const take = (head, nodes) => {
      if (head < reach || nodes < 2) return;
      const k = this.count++;
      this.heads[k] = head;
      this.places[k] = head - this.hidden[k];
      this.ends[k] = reach = head + nodes;
      this.hidden[k + 1] = this.hidden[k] + nodes - 1;
    };
    while (fold < this.foldFirst.length || subtree < closed.length) {
      const first = fold < this.foldFirst.length ? this.foldFirst[fold] : Infinity;
      const second = subtree < closed.length ? closed[subtree][0] : Infinity;
      if (first <= second) { if (this.foldClosed[fold]) take(first, this.foldNodes[fold]); fold++; }
      else take(...closed[subtree++]);
    }
    this.length = this.nodeCount - this.hidden[this.count];
    this.sorted = closed;
  }

  indexAt(position) {
    const k = lastAtMost(this.places, position - 1, this.count);
    return position + (k < 0 ? 0 : this.hidden[k + 1]);
  }

  /** Where a node is shown, or what hides it. */
  positionOf(index) {
    const k = lastAtMost(this.heads, index, this.count);
    if (k < 0) return index;
    return index < this.ends[k] ? this.places[k] : index - this.hidden[k + 1];
  }

  isShown(index) { return this.indexAt(this.positionOf(index)) === index; }

  isClosed(index) { return this.subtrees.has(index); }

  close(index, nodes) { if (nodes > 1) { this.subtrees.set(index, nodes); this.settle(); } }

  open(index) { if (this.subtrees.delete(index)) this.settle(); }

  /** The run that begins at a node: { place, nodes, siblings, closed }, or null. */
  foldAt(index) {
    const place = lastAtMost(this.foldFirst, index);
    if (place < 0 || this.foldFirst[place] !== index) return null;
    return { place, nodes: this.foldNodes[place], siblings: this.foldSiblings[place], closed: this.foldClosed[place] === 1 };
  }

  /** The first node of the innermost run around a node, or null. */
  foldAround(index) {
    for (let place = lastAtMost(this.foldFirst, index); place >= 0; place--)
      if (index < this.foldFirst[place] + this.foldNodes[place]) return this.foldFirst[place];
    return null;
  }

  setFold(index, closed) {
    const fold = this.foldAt(index);
    if (!fold || fold.closed === closed) return false;
    this.foldClosed[fold.place] = closed ? 1 : 0;
    this.settle();
    return true;
  }

  setAllFolds(closed) { this.foldClosed.fill(closed ? 1 : 0); this.settle(); }

  /** Opens whatever hides a node, a run that it begins among them. Tells whether anything changed. */
  reveal(index) {
    let changed = false;
    for (const [head, nodes] of this.subtrees)
      if (head < index && index < head + nodes) changed = this.subtrees.delete(head);
    const last = lastAtMost(this.foldFirst, index);
    for (let place = 0; place <= last; place++)
      if (this.foldClosed[place] && index < this.foldFirst[place] + this.foldNodes[place]) { this.foldClosed[place] = 0; changed = true; }
    if (changed) this.settle();
    return changed;
  }

  openAll() { this.subtrees.clear(); this.settle(); }

  /** Closes many subtrees at once: [first, nodes] each. */
  closeAll(list) {
    this.subtrees.clear();
    for (const [index, nodes] of list) if (nodes > 1) this.subtrees.set(index, nodes);
    this.settle();
  }

  /** What differs from how it began, for an address: closed subtrees and opened runs. */
  changes() {
    const opened = [];
    for (let place = 0; place < this.foldFirst.length; place++) if (!this.foldClosed[place]) opened.push(this.foldFirst[place]);
    return { closed: this.sorted, opened };
  }

  apply({ closed, opened }) {
    for (const [index, nodes] of closed) if (index + nodes <= this.nodeCount) this.subtrees.set(index, nodes);
    for (const index of opened) {
      const fold = this.foldAt(index);
      if (fold) this.foldClosed[fold.place] = 0;
    }
    this.settle();
  }
}
