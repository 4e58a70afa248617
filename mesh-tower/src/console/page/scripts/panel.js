// What is told of the service or the edge that was chosen in the graph.

import { h } from "/scripts/dom.js";
import { rate, share, time, flags } from "/scripts/format.js";
import { mood, idOf } from "/scripts/model.js";

/** The panel for a node or an edge. */
export function panel(of) {
  return of.source ? ofEdge(of) : ofNode(of);
}

const title = (kind, name, more) =>
  h(
    "header",
    {},
    h("div", {}, h("h3", {}, kind), h("h2", {}, name), more && h("p", { class: "muted" }, more)),
    h("a", { class: "icon", href: "#/graph", "aria-label": "Close" }, "✕"),
  );

const facts = (...pairs) =>
  h("dl", { class: "facts" }, pairs.filter(Boolean).map(([name, value, tone]) => h("div", {}, h("dt", {}, name), h("dd", { class: tone ?? "" }, value))));

const tone = (of) => ({ bad: "bad-text", warn: "warn-text" })[mood(of)] ?? "";

function ofEdge(edge) {
  const failing = edge.rate ? edge.failures / edge.rate : 0;
  return [
    title("Calls", `${edge.source.name} → ${edge.target.name}`, edge.host),
    facts(
      ["Requests", rate(edge.rate)],
      ["Failing", share(failing), tone(edge)],
      ["Half within", time(edge.p50)],
      ["99 % within", time(edge.p99)],
      ["Mutual TLS", edge.secured === null ? "–" : share(edge.secured)],
      ["Counted in all", Math.round(edge.total).toLocaleString("en")],
    ),
    edge.versions.length || edge.split.length ? versions(edge) : null,
    edge.endings.length ? endings(edge) : null,
    h("p", { class: "links" }, h("a", { href: `#/routes/${encodeURIComponent(edge.source.id)}` }, "Its rules"), h("a", { href: `#/services/${encodeURIComponent(edge.target.id)}` }, edge.target.name)),
  ];
}

function versions(edge) {
  const asked = new Map(edge.split.map((of) => [of.name, of.percent]));
  const names = [...new Set([...edge.versions.map((of) => of.version || "unknown"), ...asked.keys()])].sort();
  const row = (name) => {
    const of = edge.versions.find((version) => (version.version || "unknown") === name);
    const hue = edge.target.versions.find((version) => version.name === name)?.hue ?? "v3";
    return h(
      "tr",
      { data: { key: name } },
      h("th", { scope: "row" }, h("i", { class: `swatch ${hue}` }), name),
      h("td", {}, asked.has(name) ? `${Math.round(asked.get(name))} %` : "–"),
      h("td", {}, of && edge.rate ? share(of.rate / edge.rate) : "–"),
      h("td", { class: of?.failures ? "bad-text" : "" }, of?.rate ? share(of.failures / of.rate) : "–"),
      h("td", {}, time(of?.p99)),
    );
  };
  const heads = ["Version", "Weight", "Gets", "Failing", "99 %"];
  return section("Versions", h("table", { class: "small" }, h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, names.map(row))));
}

function endings(edge) {
  const row = ({ code, flags: marks, rate: often }) =>
    h(
      "li",
      {},
      h("span", { class: `chip ${code === 0 || code >= 500 ? "bad" : code >= 400 ? "warn" : "good"}` }, code || "no answer"),
      h("span", { class: "why" }, flags(marks)),
      h("span", { class: "meter" }, h("i", { style: { width: `${(100 * often) / edge.rate}%` } })),
      h("span", { class: "number" }, rate(often)),
    );
  return section("How they end", h("ul", { class: "endings" }, edge.endings.map(row)));
}

function section(name, ...rest) {
  return h("section", {}, h("h3", {}, name), ...rest);
}

function ofNode(node) {
  const failing = node.sums.rate ? node.sums.failures / node.sums.rate : 0;
  return [
    title(node.isGateway ? "Gateway" : node.isOutside ? "Outside the mesh" : "Service", node.name, node.namespace),
    facts(
      [node.into.length ? "Gets" : "Sends", rate(node.sums.rate)],
      ["Failing", share(failing), tone(node.sums)],
      ["99 % within", time(node.sums.p99)],
      node.endpoints.length ? ["Endpoints", node.ejected ? `${node.endpoints.length - node.ejected} of ${node.endpoints.length}` : node.endpoints.length, node.ejected ? "warn-text" : ""] : null,
    ),
    node.processes.length ? processes(node) : null,
    neighbours("Called by", node.into, "source"),
    neighbours("Calls", node.outOf, "target"),
    node.isOutside ? null : h("p", { class: "links" }, h("a", { href: `#/services/${encodeURIComponent(node.id)}` }, "All about it"), h("a", { href: `#/routes/${encodeURIComponent(node.id)}` }, "Its rules")),
  ];
}

function processes(node) {
  const row = (process) => {
    const why = process.fault ?? process.unready;
    const hue = node.versions.find((version) => version.name === process.version)?.hue ?? "v0";
    return h("li", { data: { key: process.name } }, h("span", { class: `dot ${why ? "bad" : "good"}` }), h("b", {}, process.name), process.version === "unknown" ? null : h("span", { class: `chip ${hue} version-chip` }, process.version), why ? h("span", { class: "bad-text why" }, why) : null);
  };
  return section("Processes", h("ul", { class: "rows" }, node.processes.map(row)));
}

function neighbours(name, edges, end) {
  if (!edges.length) return null;
  const row = (edge) =>
    h(
      "li",
      { data: { key: edge.id } },
      h("span", { class: `dot ${{ idle: "" }[mood(edge)] ?? mood(edge)}` }),
      h("a", { href: `#/graph/${encodeURIComponent(edge.id)}` }, edge[end].name),
      h("span", { class: "number faint" }, `${rate(edge.rate)} · ${time(edge.p99)}`),
    );
  return section(name, h("ul", { class: "rows" }, [...edges].sort((a, b) => idOf(a[end]).localeCompare(idOf(b[end]))).map(row)));
}
