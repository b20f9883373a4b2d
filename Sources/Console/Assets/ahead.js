// Asks for a trace while the parts of its page are still on their way, which takes them as long as the answer takes.
{
  const id = location.pathname.match(/^\/trace\/([0-9a-f]{32})\/?$/)?.[1];
  if (id) {
    const path = `/api/v1/traces/${id}/overview`;
    window.ahead = { path, response: fetch(path, { headers: { accept: "application/json" } }) };
    window.ahead.response.catch(() => {}); // `api.js` tells it to whoever waits
  }
}
