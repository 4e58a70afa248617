// Every service: versions, endpoints, health and ejections.

import { h, show } from "/scripts/dom.js";
import { rate, share, time, until, many } from "/scripts/format.js";
import { graph, mood } from "/scripts/model.js";
import { state } from "/scripts/store.js";

/** The view, for as long as it is shown. */
export class ServicesView {
  constructor(main) {
    this.list = h("div", { class: "services" });
    main.replaceChildren(h("div", { class: "view" }, h("header", {}, h("h1", {}, "Services"), h("p", { id: "services-count" })), this.list));
    this.count = main.querySelector("#services-count");
  }

  wants(what) {
    return what !== "requests";
  }

  /** Shows what is known now; the chosen service comes first. */
  update(chosen) {
    if (!state.mesh) return show(this.list, h("p", { class: "empty" }, h("b", {}, "Asking the mesh")));
    const { nodes } = graph(state.mesh, state.traffic);
    const inside = [...nodes.values()].filter((node) => !node.isOutside).sort((a, b) => b.isGateway - a.isGateway || a.id.localeCompare(b.id));
    this.count.textContent = `${many(inside.length, "service")}, ${many(inside.reduce((sum, node) => sum + node.endpoints.length, 0), "endpoint")}`;
    show(this.list, inside.map((node) => service(node, node.id === chosen)));
    if (chosen && this.shown !== chosen) this.list.querySelector("[aria-current]")?.scrollIntoView({ block: "start", behavior: "smooth" });
    this.shown = chosen;
  }
}

function service(node, isChosen) {
  const failing = node.sums.rate ? node.sums.failures / node.sums.rate : 0;
  const tone = mood(node.sums);
  return h(
    "section",
    { class: `service card ${tone}`, data: { key: node.id }, "aria-current": isChosen ? "true" : null, "aria-label": node.name },
    h(
      "header",
      {},
      h("div", {}, h("h2", {}, node.name), h("p", { class: "muted" }, node.host || `${node.namespace}${node.isGateway ? ", gateway" : ""}`)),
      h("dl", { class: "facts" }, fact(node.into.length || !node.isGateway ? "Gets" : "Sends", rate(node.sums.rate)), fact("Failing", share(failing), { bad: "bad-text", warn: "warn-text" }[tone]), fact("99 %", time(node.sums.p99))),
    ),
    node.isGateway ? listeners(node) : null,
    instances(node),
    h("p", { class: "links" }, h("a", { href: `#/graph/${encodeURIComponent(node.id)}` }, "In the graph"), node.processes.length ? h("a", { href: `#/routes/${encodeURIComponent(node.id)}` }, "Its rules") : null, node.processes.length ? protection(node) : null),
  );
}

const fact = (name, value, tone) => h("div", {}, h("dt", {}, name), h("dd", { class: tone ?? "" }, value));

function listeners(node) {
  const all = node.processes[0].listeners.flatMap((listener) => listener.servers.map((server) => ({ port: listener.port, ...server })));
  return h("ul", { class: "listeners" }, all.map((of) => h("li", {}, h("span", { class: "chip accent" }, `${of.protocol} ${of.port}`), h("span", {}, of.hosts.join(", ")), h("span", { class: "muted" }, of.gateway))));
}

/** Who may come in, in short. */
function protection(node) {
  const inbound = node.processes[0].inbound ?? {};
  const policies = (inbound.authorization ?? []).length;
  return h(
    "span",
    { class: "protection" },
    h("span", { class: `chip ${inbound.mutualTls === "STRICT" ? "good" : "warn"}` }, `mTLS ${String(inbound.mutualTls ?? "unknown").toLowerCase()}`),
    policies ? h("span", { class: "chip" }, many(policies, "policy").replace("policys", "policies")) : null,
    (inbound.tokens ?? []).length ? h("span", { class: "chip" }, "tokens") : null,
  );
}

/** Endpoints as callers see them, with the process that runs at each, where that is known. */
function instances(node) {
  const left = new Set(node.processes);
  const rows = [];
  for (const version of node.versions) {
    const endpoints = node.endpoints.filter((endpoint) => (endpoint.labels?.version ?? "unknown") === version.name && endpoint.port === node.ports?.[0]);
    const many = Math.max(endpoints.length, version.processes.length);
    for (let at = 0; at < many; at++) {
      const process = endpoints.length === version.processes.length || !endpoints[at] ? version.processes[at] : undefined;
      if (process) left.delete(process);
      rows.push(instance(node, version, endpoints[at], process));
    }
  }
  if (!rows.length) return h("p", { class: "muted" }, "It has no endpoint.");
  const heads = ["", "Version", "Endpoint", "State", "Under way", "Gets", "Failing", "99 %"];
  return h("div", { class: "scroll" }, h("table", { class: "table" }, h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name || h("span", { class: "only-read" }, "Process"))))), h("tbody", {}, rows)));
}

function instance(node, version, endpoint, process) {
  const ejections = Object.entries(endpoint?.ejections ?? {});
  const why = process?.fault ?? process?.unready;
  const [tone, words] = why
    ? ["bad", why]
    : ejections.length
      ? ["warn", `ejected by ${ejections.map(([name]) => name).join(", ")} for ${until(ejections[0][1])}`]
      : ["good", process ? "ready" : "healthy"];
  const active = endpoint ? (state.traffic?.active?.[endpoint.address] ?? 0) : 0;
  return h(
    "tr",
    { data: { key: `${version.name} ${endpoint?.address ?? process?.name}` } },
    h("th", { scope: "row" }, process?.name ?? "–"),
    h("td", {}, version.name === "unknown" ? "–" : h("span", { class: `chip version-chip ${version.hue}` }, version.name)),
    h("td", { class: "mono" }, endpoint?.address ?? "–"),
    h("td", {}, h("span", { class: "health" }, h("i", { class: `dot ${tone}` }), words)),
    h("td", { class: "number" }, active || "0"),
    h("td", { class: "number" }, node.into.length ? rate(version.rate) : "–"),
    h("td", { class: `number ${version.failures ? "bad-text" : ""}` }, version.rate ? share(version.failures / version.rate) : "–"),
    h("td", { class: "number" }, time(version.p99)),
  );
}
