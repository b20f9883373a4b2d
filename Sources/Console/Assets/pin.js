// Keeps a trace beyond the time after which others are deleted.

import { Problem } from "./api.js";
import { fill, h } from "./dom.js";

async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(path, { method, headers: { accept: "application/json", "content-type": "application/json" }, body: body && JSON.stringify(body) });
  } catch {
    throw new Problem(0, "unreachable", "The collector does not answer.", "");
  }
  let answer = null;
  try { answer = await response.json(); } catch { /* some answers have no body */ }
  if (response.ok) return answer;
  const { code = "unexpected", message = `The collector answered ${response.status}.`, hint = "" } = answer?.error ?? {};
  throw new Problem(response.status, code, message, hint);
}

/** What stands behind the button "Pin". */
export function pinForm(id) {
  const time = h("select", { id: "pin-for" }, [["7d", "7 days"], ["30d", "30 days"], ["90d", "90 days"], ["365d", "a year"]].map(([value, name]) => h("option", { value, selected: value === "90d" }, name)));
  const note = h("input", { id: "pin-note", type: "text", maxlength: "200", placeholder: "why, such as a ticket", autocomplete: "off" });
  const told = h("div", { role: "status" });
  const act = (work) => async (event) => {
    event.preventDefault();
    fill(told, h("p.sub", null, "One moment…"));
    try { await work(); } catch (error) {
      const refused = error.status === 401 || error.status === 403;
      fill(told, h("p.notice.bad", null, h("strong", null, refused ? "This key may not pin traces. " : "It was not done. "), error.message, " ", error.hint, refused && " Pinning takes a key with the scope admin."));
    }
  };
  const release = act(async () => {
    await ask("DELETE", `/api/v1/admin/pins/${id}`);
    fill(told, h("p.sub", null, "No longer pinned: it goes when the others of its age go."));
  });
  const form = h("form.pinform", { onsubmit: act(async () => {
    const pin = await ask("POST", "/api/v1/admin/pins", { trace: id, for: time.value, note: note.value });
    const until = new Date(pin.until * 1000);
    fill(told, h("p", null, h("b", null, "Pinned"), Number.isNaN(until.getTime()) ? "." : ` until ${until.toISOString().slice(0, 10)}.`, " ", h("button.quiet", { type: "button", onclick: release }, "Unpin")));
  }) }, h("p.sub", null, "A pinned trace stays when others of its age are deleted."),
    h("p", null, h("label", { for: "pin-for" }, "Keep for "), time),
    h("p", null, h("label", { for: "pin-note" }, "Note "), note),
    h("p", null, h("button.main", { type: "submit" }, "Pin this trace")), told);
  return form;
}
