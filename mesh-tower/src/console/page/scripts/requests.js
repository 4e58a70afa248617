// Requests as they end.

import { h, s, show } from "/scripts/dom.js";
import { clock, time, flags, many } from "/scripts/format.js";
import { state } from "/scripts/store.js";

const SHOWN = 150;

/** The view, for as long as it is shown. */
export class RequestsView {
  constructor(main) {
    this.isPaused = false;
    this.filter = h("input", { type: "search", placeholder: "Path, service, status or flag", "aria-label": "Show only requests with" });
    this.failing = h("button", { type: "button", class: "button", "aria-pressed": "false" }, "Failures");
    this.both = h("button", { type: "button", class: "button", "aria-pressed": "false" }, "Both ends");
    this.pause = h("button", { type: "button", class: "button", "aria-pressed": "false" }, "Pause");
    this.note = h("p", {});
    this.body = h("tbody", {});
    const heads = ["Time", "Request", "From", "To", "Status", "Tries", "Took"];
    const table = h("table", { class: "table requests" }, h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))), this.body);
    this.empty = h("p", { class: "empty" }, h("b", {}, "No requests yet"), "They show here the moment they end.");
    main.replaceChildren(
      h("div", { class: "view" }, h("header", {}, h("h1", {}, "Requests"), this.note, h("span", { class: "fill" }), h("div", { class: "tools" }, this.filter, this.failing, this.both, this.pause)), h("div", { class: "card scroll" }, table, this.empty)),
    );
    const toggle = (button, changed) =>
      button.addEventListener("click", () => {
        const isOn = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isOn));
        changed?.(isOn);
        this.update();
      });
    toggle(this.failing);
    toggle(this.both);
    toggle(this.pause, (isOn) => (this.held = isOn ? [...state.requests] : null));
    this.filter.addEventListener("input", () => this.update());
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-request]");
      if (!row) return;
      this.open = this.open === row.dataset.request ? null : row.dataset.request;
      this.update();
    });
  }

  wants(what) {
    return what === "requests" || what === "link";
  }

  update() {
    const pressed = (button) => button.getAttribute("aria-pressed") === "true";
    const text = this.filter.value.trim().toLowerCase();
    const kept = this.held ?? state.requests;
    // What both ends tell of is one request; a caller outside the mesh tells nothing.
    const isTold = (request) => pressed(this.both) || request.reporter === "source" || request.from.service === "unknown";
    const isWanted = (request) => (!pressed(this.failing) || hasFailed(request)) && (!text || words(request).includes(text));
    const found = kept.filter((request) => isTold(request) && isWanted(request)).sort((a, b) => b.at - a.at).slice(0, SHOWN);
    show(this.body, found.flatMap((request) => row(request, this.open === String(request.key))));
    this.empty.hidden = found.length > 0;
    this.note.textContent = this.held ? "Paused" : state.missed ? `${many(state.missed, "request")} came faster than they could be told` : "";
  }
}

const hasFailed = ({ status, grpcStatus }) => status === 0 || status >= 500 || Boolean(grpcStatus);
const tone = (request) => (hasFailed(request) ? "bad" : request.status >= 400 ? "warn" : "good");
const called = (request) => (request.to.service === "unknown" ? (request.service ?? request.authority).split(".")[0] || "unknown" : request.to.service);
const words = (request) => [request.method, request.path, request.from.service, called(request), request.to.version, request.status, request.flags, request.details, request.process, request.authority].join(" ").toLowerCase();

function party(name, version) {
  return h("span", { class: "party" }, name, version && version !== "unknown" ? h("span", { class: "chip" }, version) : null);
}

function row(request, isOpen) {
  const reason = flags(request.flags);
  const line = h(
    "tr",
    { data: { key: `r${request.key}`, request: String(request.key) }, class: `request ${tone(request)}`, "aria-expanded": String(isOpen) },
    h("td", { class: "mono faint" }, clock(request.at)),
    h("td", { class: "what" }, h("button", { type: "button", class: "plain" }, h("b", {}, request.method), " ", h("span", { class: "mono" }, request.path))),
    h("td", {}, party(request.from.service, request.from.version)),
    h("td", {}, h("span", { class: "party" }, request.isSecured ? s("svg", { viewBox: "0 0 24 24", class: "lock" }, s("title", {}, "mutual TLS"), s("path", { d: "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z" })) : null, party(called(request), request.to.version))),
    h("td", {}, h("span", { class: "status" }, h("span", { class: `chip ${tone(request)}` }, request.status || "no answer"), reason ? h("span", { class: "reason" }, reason) : null)),
    h("td", { class: request.tries > 1 ? "number" : "number once" }, request.tries > 1 ? h("span", { class: "chip warn" }, `${request.tries} tries`) : String(request.tries)),
    h("td", { class: "number" }, time(request.duration)),
  );
  return isOpen ? [line, more(request)] : [line];
}

function more(request) {
  const pairs = [
    ["Told by", `${request.process} (${request.reporter === "source" ? "the caller" : "the one called"})`],
    ["Host", request.authority],
    ["Backend", request.service && [request.service, request.subset].filter(Boolean).join(", subset ")],
    ["Endpoint", request.endpoint],
    ["Details", request.details],
    ["Flags", request.flags !== "-" && request.flags],
    ["gRPC status", request.grpcStatus],
  ].filter(([, value]) => value !== undefined && value !== null && value !== false && value !== "");
  return h("tr", { class: "more", data: { key: `m${request.key}` } }, h("td", { colspan: 7 }, h("dl", {}, pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "mono" }, String(value)))))));
}
