// The routing table, and why a request goes where it goes.

import { h, show } from "/scripts/dom.js";
import { time, many } from "/scripts/format.js";
import { hostsOf, partyOf, versionOf } from "/scripts/model.js";
import { state } from "/scripts/store.js";

/** The view, for as long as it is shown. */
export class RoutesView {
  constructor(main) {
    this.who = h("select", { id: "explain-process", name: "process" });
    this.method = h("select", { id: "explain-method", name: "method" }, ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].map((name) => h("option", {}, name)));
    this.to = h("input", { id: "explain-to", name: "to", required: true, placeholder: "http://product/product/1", spellcheck: "false", autocapitalize: "off" });
    this.headers = h("textarea", { id: "explain-headers", name: "headers", rows: 2, placeholder: "x-group: test", spellcheck: "false" });
    this.answer = h("div", { class: "answer", "aria-live": "polite" });
    const field = (label, input, kind = "") => h("div", { class: `field ${kind}` }, h("label", { for: input.id }, label), input);
    this.form = h(
      "form",
      { class: "card explain" },
      h("h2", {}, "What becomes of a request?"),
      h("div", { class: "fields" }, field("Sent by", this.who), field("Method", this.method, "short"), field("To", this.to, "long"), field("Headers, one a line", this.headers, "wide"), h("button", { type: "submit", class: "button primary" }, "Explain")),
      this.answer,
    );
    this.table = h("div", { class: "hosts" });
    this.title = h("h2", {});
    main.replaceChildren(h("div", { class: "view" }, h("header", {}, h("h1", {}, "Routes")), this.form, this.title, this.table));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.explain();
    });
    this.who.addEventListener("change", () => this.update());
  }

  wants(what) {
    return what === "mesh";
  }

  /** Shows what is known now; `chosen` is the id of a service. */
  update(chosen) {
    if (!state.mesh) return;
    const processes = state.mesh.processes.filter((process) => process.isKnown);
    const before = this.who.value;
    show(this.who, processes.map((process) => h("option", { value: process.name, data: { key: process.name } }, process.name)));
    const ofChosen = processes.find((process) => chosen && `${process.namespace}/${process.service}` === chosen);
    // Whoever was chosen in another view is, until somebody chooses here.
    if (ofChosen && this.chosen !== chosen) this.who.value = ofChosen.name;
    else if (before) this.who.value = before;
    else if (!before && processes.length) this.who.value = (processes.find((process) => hostsOf(state.mesh, [process]).length && !process.isGateway) ?? processes[0]).name;
    this.chosen = chosen ?? this.chosen;
    const process = processes.find((one) => one.name === this.who.value);
    const hosts = process ? hostsOf(state.mesh, [process]) : [];
    this.title.textContent = process ? `Rules of ${process.name}` : "";
    show(this.table, hosts.length ? hosts.map(host) : h("p", { class: "empty card" }, h("b", {}, "No rules"), "No VirtualService says where its requests go: each goes to the service that it names."));
  }

  async explain() {
    const query = new URLSearchParams({ process: this.who.value, method: this.method.value, to: this.to.value.trim() });
    for (const line of this.headers.value.split("\n")) if (line.trim()) query.append("header", line.trim());
    this.form.classList.add("busy");
    try {
      const response = await fetch(`/api/explain?${query}`);
      const told = await response.json();
      show(this.answer, told.fault ? h("p", { class: "bad-text verdict" }, told.fault) : explanation(told));
    } catch (error) {
      show(this.answer, h("p", { class: "bad-text verdict" }, `The console does not answer: ${error.message}`));
    } finally {
      this.form.classList.remove("busy");
    }
  }
}

function explanation(told) {
  const rule = told.rule;
  const place = rule && [rule.name ? `“${rule.name}”` : null, rule.line ? `line ${rule.line}` : null].filter(Boolean).join(", ");
  return [
    h("p", { class: "verdict" }, h("span", { class: `dot ${told.outcome === "forward" ? "good" : "warn"}` }), told.summary),
    h(
      "ol",
      { class: "steps" },
      told.matchedDomain || told.virtualHost ? h("li", { class: "took" }, "Virtual host ", h("b", {}, told.virtualHost), told.virtualServices?.length ? ` of ${told.virtualServices.join(", ")}` : null) : null,
      (told.passedOver ?? []).map((passed) => h("li", { class: "passed" }, `Rule ${passed.rule.number}${passed.rule.line ? `, line ${passed.rule.line}` : ""} passed over: `, h("em", {}, passed.reason))),
      rule ? h("li", { class: "took" }, `Rule ${rule.number} matched${place ? ` (${place})` : ""}`) : null,
      (told.targets ?? []).map((target) => h("li", { class: "took" }, `${Math.round(target.percent)} % to `, h("b", {}, `${target.host}:${target.port}`), target.subset ? ` subset ${target.subset}` : null, target.endpoints?.length ? h("span", { class: "mono faint" }, ` ${target.endpoints.join(", ")}`) : null, target.secured ? h("span", { class: "secured" }, target.secured) : null)),
    ),
    h("details", {}, h("summary", {}, "All of it, as JSON"), h("pre", { class: "json" }, JSON.stringify(told, null, 2))),
  ];
}

function host(of) {
  return h(
    "section",
    { class: "card host", data: { key: `${of.name} ${of.seenBy[0]}` } },
    h("header", {}, h("h2", {}, of.name), h("p", { class: "muted" }, of.virtualServices.length ? of.virtualServices.join(", ") : "no VirtualService"), h("span", { class: "chip" }, `in ${many(of.seenBy.length, "process").replace("processs", "processes")}`)),
    h("ol", { class: "rules" }, of.rules.map((one) => rule(one, of.rules.length === 1))),
  );
}

function rule(of, isOnly) {
  const extras = [
    of.timeoutMs !== undefined && `timeout ${time(of.timeoutMs)}`,
    of.retries && `retries ${of.retries.attempts ?? ""}`.trim(),
    of.delay && `delay ${of.delay}`,
    of.abort && `abort ${of.abort}`,
    of.status && `answers ${of.status}`,
    ...(of.mirrors ?? []).map((mirror) => `mirrors ${Math.round(mirror.percent)} % to ${partyOf(mirror.host).name}`),
  ].filter(Boolean);
  return h(
    "li",
    {},
    h("div", { class: "when" }, of.conditions.length ? of.conditions.map((text) => h("code", {}, text)) : h("span", { class: "muted" }, isOnly ? "every request" : "every other request"), of.line ? h("span", { class: "faint" }, `line ${of.line}`) : null),
    h("div", { class: "then" }, (of.targets ?? []).length ? of.targets.map((one) => target(one, of.targets.length)) : h("span", { class: "chip warn" }, of.action), extras.map((text) => h("span", { class: `chip ${/^(delay|abort)/.test(text) ? "warn" : ""}` }, text))),
  );
}

function target(of, number) {
  const version = of.subset ? versionOf(state.mesh, of.host, of.subset) : null;
  const words = [partyOf(of.host).name, of.subset && (version === of.subset ? of.subset : `${of.subset} (${version})`)].filter(Boolean).join(" ");
  return h(
    "span",
    { class: `target ${of.missing ? "missing" : ""}` },
    number > 1 ? h("b", { class: "number" }, `${Math.round(of.percent)} %`) : null,
    number > 1 ? h("span", { class: "meter" }, h("i", { style: { width: `${of.percent}%` } })) : null,
    h("span", {}, words),
    of.missing ? h("span", { class: "chip bad" }, `no such ${of.missing}`) : null,
  );
}
