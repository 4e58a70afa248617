// The live graph.

import { h, s, show } from "/scripts/dom.js";
import { rate, share, time, many } from "/scripts/format.js";
import { graph, mood, sums } from "/scripts/model.js";
import { place, curve } from "/scripts/placing.js";
import { Particles } from "/scripts/particles.js";
import { panel } from "/scripts/panel.js";
import { state } from "/scripts/store.js";

const LOCK = "M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z";
const OPEN_LOCK = "M7 11V8a5 5 0 0 1 9.5-2M5.5 11h13v9h-13z";

/** The view, for as long as it is shown. */
export class GraphView {
  constructor(main) {
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.lines = s("svg", { class: "lines", "aria-hidden": "true" });
    this.nodes = h("div", { class: "nodes" });
    this.world = h("div", { class: "world" }, this.lines, this.canvas, this.nodes);
    this.stage = h("section", { class: "stage", "aria-label": "Graph of services" }, this.world);
    this.tiles = h("div", { class: "tiles" });
    this.side = h("aside", { class: "panel card", "aria-label": "Details", hidden: true });
    this.table = h("details", { class: "as-table" });
    this.root = h("div", { class: "graph-view" }, this.tiles, this.stage, this.side, this.table);
    main.replaceChildren(this.root);
    this.particles = new Particles(this.canvas);
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.stage);
  }

  close() {
    this.resized.disconnect();
    this.particles.close();
  }

  wants(what) {
    return what === "traffic" || what === "mesh";
  }

  /** Shows what is known now; `chosen` is the id of a service or an edge. */
  update(chosen = "") {
    this.chosen = chosen;
    this.draw();
  }

  draw() {
    if (!state.mesh || !state.traffic) {
      // Nothing has a place yet that would give it a width.
      this.world.style.width = "100%";
      show(this.nodes, h("p", { class: "empty" }, h("b", {}, "Asking the mesh"), "What its services do shows here in a moment."));
      return;
    }
    const { nodes, edges } = graph(state.mesh, state.traffic);
    const width = this.stage.clientWidth;
    const placed = place([...nodes.values()], edges, width, Math.max(this.stage.clientHeight, 320));
    this.world.style.width = `${placed.width}px`;
    this.world.style.height = `${placed.height}px`;
    this.world.style.transform = `scale(${placed.scale})`;
    this.world.style.left = `${Math.max(0, (width - placed.width * placed.scale) / 2)}px`;
    this.stage.style.setProperty("--tall", `${placed.height * placed.scale}px`);
    this.stage.classList.toggle("upright", placed.isUpright);
    const near = nearTo(this.chosen, edges);
    const drawn = edges.filter((edge) => edge.source !== edge.target).map((edge) => ({ edge, ...curve(edge, placed) }));
    show(this.lines, drawn.map((line) => path(line, near)));
    this.lines.setAttribute("viewBox", `0 0 ${placed.width} ${placed.height}`);
    show(
      this.nodes,
      placed.idleAt === null ? null : h("p", { class: "idle-title", style: { top: `${placed.idleAt}px` }, data: { key: "idle" } }, "Nobody has called these yet"),
      drawn.map((line) => label(line, near, this.chosen)),
      [...nodes.values()].map((node) => card(node, placed, near, this.chosen)),
    );
    this.particles.run(drawn, placed, near);
    this.summary(nodes, edges);
    const found = nodes.get(this.chosen) ?? edges.find((edge) => edge.id === this.chosen);
    this.side.hidden = !found;
    this.root.classList.toggle("with-panel", Boolean(found));
    if (found) show(this.side, panel(found));
    show(this.table, asTable(edges));
  }

  summary(nodes, edges) {
    const entries = [...nodes.values()].filter((node) => !node.into.length);
    const all = sums(entries.flatMap((node) => node.outOf));
    const secured = edges.reduce((sum, edge) => sum + edge.rate * (edge.secured ?? 0), 0);
    const passing = edges.reduce((sum, edge) => sum + edge.rate, 0);
    const ejected = [...nodes.values()].reduce((sum, node) => sum + node.ejected, 0);
    const processes = state.mesh.processes;
    const up = processes.filter((process) => process.isKnown && !process.fault && !process.unready).length;
    // One that has not answered yet is no worse for it.
    const isBad = processes.some((process) => process.fault || process.unready);
    const tile = (name, value, more, tone = "") => h("div", { class: `tile ${tone}` }, h("dt", {}, name), h("dd", {}, value, more && h("small", {}, more)));
    const failing = all.rate ? all.failures / all.rate : 0;
    show(
      this.tiles,
      h(
        "dl",
        {},
        tile("Coming in", rate(all.rate), null),
        tile("Failing", share(failing), null, failing >= 0.05 ? "bad" : failing >= 0.005 ? "warn" : ""),
        tile("99 % within", time(all.p99), null),
        tile("Mutual TLS", passing ? share(secured / passing) : "–", null, passing && secured / passing < 0.995 ? "warn" : ""),
        tile("Processes", `${up}`, up === processes.length ? null : ` of ${processes.length}`, isBad ? "bad" : ""),
        tile("Ejected", `${ejected}`, null, ejected ? "warn" : ""),
      ),
    );
  }
}

/** What belongs to the chosen one; `null` when none is. */
function nearTo(chosen, edges) {
  if (!chosen) return null;
  const of = edges.filter((edge) => edge.id === chosen || edge.source.id === chosen || edge.target.id === chosen);
  return new Set([chosen, ...of.flatMap((edge) => [edge.id, edge.source.id, edge.target.id])]);
}

const faded = (id, near) => (near && !near.has(id) ? " faded" : "");
const hrefOf = (id, chosen) => `#/graph${id === chosen ? "" : `/${encodeURIComponent(id)}`}`;

function path({ edge, d, head }, near) {
  const width = edge.rate ? 1.6 + Math.min(4, Math.log2(1 + edge.rate) * 0.55) : 1.2;
  const kind = `${mood(edge)}${faded(edge.id, near)}`;
  return s(
    "g",
    { class: `line ${kind}`, data: { key: edge.id } },
    s("path", { d, class: "track", style: { "stroke-width": `${width}px` } }),
    s("path", { d: head, class: "head" }),
  );
}

function label({ edge, middle }, near, chosen) {
  const failing = edge.rate ? edge.failures / edge.rate : 0;
  const isSecured = edge.secured !== null && edge.secured > 0.995;
  const shares = edge.split.filter((target) => target.percent > 0);
  return h(
    "a",
    {
      class: `edge-label ${mood(edge)}${faded(edge.id, near)}`,
      href: hrefOf(edge.id, chosen),
      "aria-current": edge.id === chosen ? "true" : null,
      "aria-label": `From ${edge.source.name} to ${edge.target.name}: ${spoken(edge)}`,
      style: { left: `${middle.x}px`, top: `${middle.y}px` },
      data: { key: `label ${edge.id}`, edge: edge.id, rate: edge.rate.toFixed(3), total: String(edge.total), failures: edge.failures.toFixed(3) },
    },
    h(
      "span",
      { class: "first" },
      edge.secured === null ? null : s("svg", { viewBox: "0 0 24 24", class: isSecured ? "lock" : "lock open" }, s("path", { d: isSecured ? LOCK : OPEN_LOCK })),
      h("b", {}, rate(edge.rate)),
      failing > 0 ? h("em", {}, share(failing)) : null,
    ),
    edge.p50 === null ? null : h("span", { class: "second" }, `${time(edge.p50)} · ${time(edge.p99)}`),
    shares.length > 1 ? splitBar(edge, shares) : null,
  );
}

function splitBar(edge, shares) {
  const hue = (name) => edge.target.versions.find((version) => version.name === name)?.hue ?? "v3";
  return h(
    "span",
    { class: "split" },
    h("span", { class: "bar" }, shares.map((of) => h("i", { class: hue(of.name), style: { "flex-grow": String(of.percent) } }))),
    h("span", { class: "words" }, shares.map((of) => h("span", { class: hue(of.name) }, `${of.name} ${Math.round(of.percent)} %`))),
  );
}

function spoken(edge) {
  const failing = edge.rate ? edge.failures / edge.rate : 0;
  const split = edge.split.map((of) => `${of.name} ${Math.round(of.percent)} per cent`).join(", ");
  return [rate(edge.rate), `${share(failing)} failing`, edge.p50 !== null && `half within ${time(edge.p50)}, 99 per cent within ${time(edge.p99)}`, edge.secured > 0.995 && "mutual TLS", split]
    .filter(Boolean)
    .join("; ");
}

function card(node, placed, near, chosen) {
  const { x, y, width, height } = placed.at.get(node.id);
  const kind = node.isGateway ? "gateway" : node.isOutside ? "outside" : "service";
  const isDown = node.processes.length > 0 && node.processes.every((process) => process.fault || process.unready);
  const tone = isDown ? "bad" : mood(node.sums);
  const failing = node.sums.rate ? node.sums.failures / node.sums.rate : 0;
  return h(
    "a",
    {
      class: `node is-${kind} ${tone}${faded(node.id, near)}`,
      href: hrefOf(node.id, chosen),
      "aria-current": node.id === chosen ? "true" : null,
      "aria-label": `${kind === "gateway" ? "Gateway" : "Service"} ${node.name}: ${rate(node.sums.rate)}, ${share(failing)} failing, ${many(node.versions.length, "version")}`,
      style: { transform: `translate(${x - width / 2}px, ${y - height / 2}px)`, width: `${width}px`, height: `${height}px` },
      data: { key: node.id, node: node.id },
    },
    h("span", { class: "head" }, s("svg", { viewBox: "0 0 24 24" }, icon(kind)), h("b", { title: node.name }, node.name), node.ejected ? h("span", { class: "chip warn" }, `${node.ejected} ejected`) : null),
    h(
      "span",
      { class: "numbers" },
      h("span", {}, rate(node.sums.rate)),
      failing > 0 ? h("span", { class: tone === "bad" ? "bad-text" : "warn-text" }, share(failing)) : null,
      node.sums.p99 === null ? null : h("span", { class: "faint" }, time(node.sums.p99)),
    ),
    versions(node),
  );
}

function versions(node) {
  const told = node.versions.filter((version) => version.name !== "unknown" || node.versions.length > 1);
  if (!told.length || node.isGateway) return h("span", { class: "versions faint" }, node.isGateway ? "gateway" : node.isOutside ? "outside the mesh" : "");
  const all = told.reduce((sum, version) => sum + version.rate, 0);
  return h(
    "span",
    { class: "versions" },
    told.slice(0, 3).map((version) => {
      const isDown = version.processes.length > 0 && version.processes.every((process) => process.fault || process.unready);
      return h("span", { class: `version ${version.hue}${version.rate ? "" : " quiet"}${isDown ? " down" : ""}` }, h("i", {}), version.name, all ? h("em", {}, share(version.rate / all)) : null);
    }),
    told.length > 3 ? h("span", { class: "faint" }, `+${told.length - 3}`) : null,
  );
}

function icon(kind) {
  if (kind === "gateway") return [s("path", { d: "M4 20V9l8-5 8 5v11M9 20v-6a3 3 0 0 1 6 0v6M3 20h18" })];
  if (kind === "outside") return [s("circle", { cx: 12, cy: 12, r: 8 }), s("path", { d: "M4 12h16M12 4c3 3 3 13 0 16M12 4c-3 3-3 13 0 16" })];
  return [s("path", { d: "M12 3.5 20 8v8l-8 4.5L4 16V8zM4 8l8 4.5L20 8M12 12.5v8" })];
}

/** The same for those who rather read. */
function asTable(edges) {
  const row = (edge) =>
    h(
      "tr",
      { data: { key: edge.id } },
      [edge.source.name, edge.target.name, rate(edge.rate), share(edge.rate ? edge.failures / edge.rate : 0), time(edge.p50), time(edge.p99), edge.secured === null ? "–" : share(edge.secured), edge.split.map((of) => `${of.name} ${Math.round(of.percent)} %`).join(", ") || "–"].map((text, at) =>
        h(at === 0 ? "th" : "td", at === 0 ? { scope: "row" } : {}, text),
      ),
    );
  const heads = ["From", "To", "Requests", "Failing", "Half within", "99 % within", "Mutual TLS", "Split"];
  return [
    h("summary", {}, "The graph as a table"),
    h("div", { class: "scroll" }, h("table", { class: "table" }, h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, edges.map(row)))),
  ];
}
