// What the console tells, and who wants to know.

const KEPT = 500;

/** What is known now. */
export const state = { mesh: null, traffic: null, requests: [], missed: 0, link: "connecting" };

const listeners = new Set();

/** Calls back whenever something has changed, with what: `mesh`, `traffic`, `requests` or `link`. */
export function listen(callback) {
  listeners.add(callback);
}

function changed(what) {
  for (const callback of listeners) callback(what);
}

/** Follows the mesh for as long as the page is open. The browser comes back by itself when the stream ends. */
export function follow() {
  const source = new EventSource("/api/stream");
  const on = (name, take) =>
    source.addEventListener(name, (event) => {
      take(JSON.parse(event.data));
      changed(name);
    });
  const link = (now) => {
    state.link = now;
    changed("link");
  };
  source.onopen = () => link("on");
  source.onerror = () => {
    link("off");
    // A stream that was refused does not begin again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  };
  on("mesh", (mesh) => (state.mesh = mesh));
  on("traffic", (traffic) => (state.traffic = traffic));
  on("requests", (told) => {
    for (const request of told) {
      if (request.missed) state.missed += request.missed;
      else state.requests.unshift({ ...request, key: ++numbered });
    }
    state.requests.length = Math.min(state.requests.length, KEPT);
  });
}

let numbered = 0;
