// Reads a query as far as completing and changing it needs. What it means, and whether it is right, the collector says
// (docs/QueryLanguage.md).

const WORD = /^[\p{L}\p{N}_.\-:/@+]+$/u;
const TOKEN = /\s+|"(?:\\[^]|[^"\\])*"?|'(?:\\[^]|[^'\\])*'?|\.\.|&&|\|\||==|!=|<>|<=|>=|=~|!~|[=<>!(){},*]|(?:(?!\.\.)[\p{L}\p{N}_.\-:/@+])+|[^]/gu;

/** Fields that are no attributes, with a few words for who chooses. */
export const FIELDS = [
  ["service", "the service that sent it"], ["name", "the operation"], ["status", "unset, ok or error"], ["duration", "from start to end"],
  ["kind", "server, client, …"], ["status_message", "what the service says about its status"], ["start", "when it began"], ["end", "when it ended"],
  ["trace.duration", "from the first start to the last end"], ["trace.error", "whether some span has an error"], ["trace.errors", "how many spans with an error"],
  ["trace.spans", "how many spans"], ["trace.services", "how many services"], ["trace.root.name", "the operation of the earliest root"],
  ["trace.root.service", "the service of the earliest root"], ["trace.start", "when it began"], ["trace_id", "32 hexadecimal digits"], ["span_id", "16 hexadecimal digits"],
  ["parent_id", "the id of the span above"], ["scope.name", "the instrumentation's name"], ["scope.version", "the instrumentation's version"],
  ["event.name", "the name of one of its events"], ["link.trace_id", "the trace that one of its links points to"], ["link.span_id", "the span that one of its links points to"],
];
export const SCOPES = [
  ["span.", "an attribute of the span itself"], ["resource.", "an attribute of what sent it"], ["scope.", "an attribute of the instrumentation"],
  ["event.", "an attribute of one of its events"], ["link.", "an attribute of one of its links"],
];
export const RELATIONS = [
  ["parent", "the span above satisfies"], ["child", "a span right below satisfies"], ["ancestor", "a span somewhere above satisfies"],
  ["descendant", "a span somewhere below satisfies"],
];
export const OPERATORS = [
  ["=", "is written like"], ["!=", "exists and is not written like"], [">", "more than"], [">=", "at least"], ["<", "less than"], ["<=", "at most"],
  ["=~", "matches all of a regular expression"], ["!~", "exists and does not match"], ["in", "is one of (a, b), or lies in 1..2"], ["not in", "exists and is none of them"],
];
export const BEGINNINGS = [["not", "the opposite"], ["exists", "the field is there"]];
export const CONNECTIVES = [["and", "both"], ["or", "one of them"]];
const WORDS_OF = {
  kind: ["server", "client", "internal", "producer", "consumer", "unspecified"], status: ["error", "ok", "unset"], "trace.error": ["true", "false"],
  duration: ["10ms", "100ms", "1s", "10s"], "trace.duration": ["100ms", "1s", "10s", "1m"], start: ["now-15m", "now-1h", "now-24h"], end: ["now-15m", "now-1h"],
  "trace.start": ["now-15m", "now-1h"], "trace.errors": ["0", "1"], "trace.spans": ["10", "100", "1000"], "trace.services": ["1", "3", "10"],
};
const KEYWORDS = new Set(["and", "or", "not", "in", "exists", "parent", "child", "ancestor", "descendant"]);
const RESERVED = new Set([...FIELDS.map(([name]) => name), "operation", ...KEYWORDS]);

/** The words that a field can be compared with, where they are few or usual. */
export const wordsOf = (field) => WORDS_OF[field] ?? [];
export const isField = (text) => RESERVED.has(text);

/** The pieces of a query, white space left out: `{ kind, text, from, to }`; of a text also its `value` and whether it ends. */
export function tokens(query) {
  const found = [];
  for (const match of query.matchAll(TOKEN)) {
    const text = match[0];
    if (/^\s/.test(text)) continue;
    const token = { kind: "sign", text, from: match.index, to: match.index + text.length };
    if (/^["']/.test(text)) {
      token.kind = "text";
      token.ends = text.length > 1 && text.endsWith(text[0]) && !/(^|[^\\])(\\\\)*\\.$/.test(text.slice(1));
      token.value = unescaped(text.slice(1, token.ends ? -1 : undefined));
    } else if (WORD.test(text) && text !== "..") {
      token.kind = "word";
      token.value = text;
    }
    found.push(token);
  }
  return found;
}

const unescaped = (text) => text.replace(/\\(?:u\{([0-9a-fA-F]{1,6})\}|([^]))/g, (all, code, sign) => {
  if (code) return Number.parseInt(code, 16) <= 0x10ffff ? String.fromCodePoint(Number.parseInt(code, 16)) : all;
  return { n: "\n", t: "\t" }[sign] ?? (`"'\\`.includes(sign) ? sign : all);
});

export const quoted = (text) => `"${text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n").replace(/\t/g, "\\t")
  .replace(/[\u0000-\u001f\u007f]/g, (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`)}"`;

/** A value as it is written in a query: numbers and plain words as they are, all else in quotation marks. */
export function writtenValue(value) {
  if (/^-?(0|[1-9]\d{0,14})$/.test(value)) return value;
  return /^[A-Za-z_][\w.\-/]*$/.test(value) && !value.includes("..") && !KEYWORDS.has(value.toLowerCase()) && !/^now/i.test(value) ? value : quoted(value);
}

/** The key of an attribute as it is written in a query. One without a dot might be taken for a field. */
export function writtenKey(key) {
  const plain = WORD.test(key) && /^\p{L}/u.test(key) && key.includes(".") && !key.includes("..") && !/^(span|resource|scope|event|link|trace)\./.test(key);
  return plain && !RESERVED.has(key) ? key : quoted(key);
}

const is = (token, word) => token?.kind === "word" && token.text.toLowerCase() === word;

/**
 * What may stand where the cursor is: `expects` is condition, field, test, value or next; `prefix` is what is there of it
 * already, from `from` to `to`; `field` is what a value is for.
 */
export function expected(query, cursor) {
  const all = tokens(query.slice(0, cursor));
  let partial = all.at(-1);
  if (partial && (partial.to !== cursor || (partial.kind !== "word" && !(partial.kind === "text" && !partial.ends)))) partial = undefined;
  const before = partial ? all.slice(0, -1) : all;
  let expects = "condition", field = null, depth = 0, range = false;
  for (let at = 0; at < before.length; at++) {
    const token = before[at];
    if (token.text === "(" && expects === "condition" || token.text === "{") { depth++; expects = "condition"; continue; }
    if ((token.text === ")" && expects !== "list" || token.text === "}")) { depth = Math.max(0, depth - 1); expects = "next"; continue; }
    switch (expects) {
      case "condition":
        if (is(token, "not") || token.text === "!") break;
        if (is(token, "exists")) { expects = "field"; break; }
        if (RELATIONS.some(([word]) => is(token, word)) && before[at + 1]?.text === "{") break;
        if (token.text === "*") { expects = "next"; break; }
        field = fieldOf(before, at);
        if (field !== token.value) at++;
        expects = "test";
        break;
      case "field": if (fieldOf(before, at) !== token.value) at++; expects = "next"; break;
      case "test":
        if (is(token, "not")) break;
        expects = is(token, "in") ? "among" : "value";
        break;
      case "among": range = token.text !== "("; expects = range ? "range" : "list"; break;
      case "range": expects = "value"; break;
      case "list": if (token.text === ")") expects = "next"; break;
      case "value": expects = "next"; break;
      default: if (is(token, "and") || is(token, "or") || token.text === "&&" || token.text === "||") expects = "condition";
    }
  }
  if (expects === "list" || expects === "among") {
    // After a value in a list comes a comma or the end.
    expects = expects === "list" && before.length && before.at(-1).text !== "," && before.at(-1).text !== "(" && !partial ? "listnext" : "value";
  }
  return { expects, field, depth, prefix: partial?.value ?? "", from: partial?.from ?? cursor, to: cursor };
}

/** `span."a b"` is one field, written in two pieces. */
function fieldOf(all, at) {
  const token = all[at], next = all[at + 1];
  return token.kind === "word" && token.text.endsWith(".") && next?.kind === "text" && next.from === token.to ? token.value + next.value : token.value ?? token.text;
}

/** The conditions that all hold: the query, split at its outermost `and`. One with an outermost `or` is one condition. */
export function conditions(query) {
  const found = [];
  let depth = 0, group = [];
  const all = tokens(query);
  for (const token of all) {
    if (token.kind === "sign" && (token.text === "(" || token.text === "{")) depth++;
    if (token.kind === "sign" && (token.text === ")" || token.text === "}")) depth--;
    if (depth === 0 && (is(token, "or") || token.text === "||")) return [condition(query, all)];
    if (depth === 0 && (is(token, "and") || token.text === "&&")) {
      if (group.length) found.push(condition(query, group));
      group = [];
    } else group.push(token);
  }
  if (group.length) found.push(condition(query, group));
  return found;
}

function condition(query, group) {
  const [first, second, ...rest] = group;
  const written = { text: query.slice(first.from, group.at(-1).to), field: null, values: null, alternatives: false };
  let depth = 0;
  for (const token of group) {
    if (token.kind === "sign" && "({".includes(token.text)) depth++;
    if (token.kind === "sign" && ")}".includes(token.text)) depth--;
    if (depth === 0 && (is(token, "or") || token.text === "||")) written.alternatives = true;
  }
  if (written.alternatives || !second || first.kind === "sign") return written;
  if (first.kind === "text" ? second.kind === "sign" || is(second, "in") : second.kind === "sign" && second.text !== "{" || is(second, "in") || is(second, "not")) {
    written.field = first.kind === "text" ? quoted(first.value) : first.value;
  }
  if (written.field && (second.text === "=" || second.text === "==") && rest.length === 1) written.values = [rest[0].value];
  if (written.field && is(second, "in") && rest[0]?.text === "(" && rest.at(-1).text === ")") {
    written.values = rest.slice(1, -1).filter((token) => token.kind !== "sign").map((token) => token.value);
  }
  return written;
}

const joined = (all) => {
  if (all.length === 1) {
    // Brackets that were put around the whole of it are taken away again.
    const inner = all[0].text.match(/^\(([^]*)\)$/)?.[1];
    return inner !== undefined && isWhole(inner) ? inner : all[0].text;
  }
  return all.map((one) => (one.alternatives ? `(${one.text})` : one.text)).join(" and ");
};

function isWhole(text) {
  let depth = 0;
  for (const token of tokens(text)) {
    if (token.kind !== "sign") continue;
    if (token.text === "(") depth++;
    if (token.text === ")" && --depth < 0) return false;
  }
  return depth === 0;
}

/** The query without its n-th condition. */
export const without = (query, index) => joined(conditions(query).filter((_, at) => at !== index));

/** Every condition on a field, a quoted key written as `writtenKey` does. */
export const on = (query, field) => conditions(query).filter((one) => one.field === field);

/** The values that a field is asked to be one of. */
export const chosen = (query, field) => on(query, field).flatMap((one) => one.values ?? []);

/** The query with this and no other condition on a field; `test` is null for none. */
export function withCondition(query, field, test) {
  const rest = conditions(query.trim() === "*" ? "" : query).filter((one) => one.field !== field);
  if (test !== null) rest.push({ text: `${field} ${test}`, alternatives: false });
  return rest.length ? joined(rest) : "";
}

/** Adds a value to what a field is asked to be one of, or takes it away. Other conditions on the field go. */
export function toggled(query, field, value, onlyOne = false) {
  const before = chosen(query, field);
  const after = before.includes(value) ? before.filter((one) => one !== value) : onlyOne ? [value] : [...before, value];
  const written = after.map(writtenValue);
  return withCondition(query, field, written.length === 0 ? null : written.length === 1 ? `= ${written[0]}` : `in (${written.join(", ")})`);
}

/** The query and a further condition. */
export function narrowed(query, further) {
  const all = query.trim() === "*" ? [] : conditions(query);
  return joined([...all, { text: further, alternatives: false }]);
}

/** A duration in nanoseconds as a query has it, to three digits. */
export function writtenDuration(ns, round = Math.round) {
  for (const [unit, name] of [[1e9, "s"], [1e6, "ms"], [1e3, "us"]]) {
    if (ns < unit) continue;
    const digits = Math.max(0, 2 - Math.floor(Math.log10(ns / unit)));
    const scale = 10 ** digits;
    return `${Number((round((ns / unit) * scale) / scale).toFixed(digits))}${name}`;
  }
  return `${Math.max(0, round(ns))}ns`;
}
