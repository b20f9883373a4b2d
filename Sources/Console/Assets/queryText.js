// Writes conditions of the query language (docs/QueryLanguage.md), so that any key and any value survives.

const LONGEST = 4000;

/** Text between quotes, with what would end it or could not be seen written out. */
export function quoted(text) {
  return `"${text.replace(/[\\"]/g, (mark) => `\\${mark}`).replace(/\n/g, "\\n").replace(/\t/g, "\\t")
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (mark) => `\\u{${mark.codePointAt(0).toString(16)}}`)}"`;
}

/** A key: as it is where nothing else could be meant, else between quotes, which makes it an attribute always. */
export function queryKey(key) {
  const plain = /^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$/.test(key) && !/^(span|resource|scope|event|link|trace|parent|child|ancestor|descendant)\./.test(key);
  return plain ? key : quoted(key);
}

/** `key = value` of an attribute; null when the value cannot be asked for. */
export function condition(key, { type, value }) {
  if (key === "" || key.length > 1000) return null;
  switch (type) {
    case "string": return value.length > LONGEST ? null : `${queryKey(key)} = ${quoted(value)}`;
    case "bytes": return String(value).length > LONGEST ? null : `${queryKey(key)} = ${quoted(String(value))}`;
    case "int": case "bool": return `${queryKey(key)} = ${value}`;
    case "double": return Number.isFinite(Number(value)) ? `${queryKey(key)} = ${value}` : `${queryKey(key)} = ${quoted(String(value))}`;
    default: return null;
  }
}

/** The address of the traces that a query finds. */
export const searchAddress = (query) => `/?q=${encodeURIComponent(query)}`;
