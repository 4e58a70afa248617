// Certificates, and until when they are good.

import { h, show } from "/scripts/dom.js";
import { until, many } from "/scripts/format.js";
import { state } from "/scripts/store.js";

/** The view, for as long as it is shown. */
export class CertificatesView {
  constructor(main) {
    this.note = h("p", {});
    this.own = h("div", { class: "card scroll" });
    this.authorities = h("div", { class: "card scroll" });
    main.replaceChildren(h("div", { class: "view" }, h("header", {}, h("h1", {}, "Certificates"), this.note), this.own, h("h2", {}, "Who vouches"), this.authorities));
    this.timer = setInterval(() => this.update(), 5000);
  }

  close() {
    clearInterval(this.timer);
  }

  wants(what) {
    return what === "mesh";
  }

  update() {
    if (!state.mesh) return show(this.own, h("p", { class: "empty" }, h("b", {}, "Asking the mesh")));
    const processes = [...state.mesh.processes].sort((a, b) => minute(a).localeCompare(minute(b)) || a.name.localeCompare(b.name));
    const proven = processes.filter((process) => process.certificate);
    this.note.textContent = proven.length ? `${many(proven.length, "process").replace("processs", "processes")} can prove who they are` : "No process has one.";
    show(this.own, h("table", { class: "table" }, head(["Process", "Identity", "Good for", "Until", "Vouched for by"]), h("tbody", {}, processes.map(own))));
    show(this.authorities, h("table", { class: "table" }, head(["Trust domain", "Authority", "Good for", "Until", "Serial"]), h("tbody", {}, state.mesh.authorities.map(authority))));
  }
}

// Those that end soon come first; seconds make no order that people want.
const minute = (process) => (process.certificate?.validUntil ?? "9").slice(0, 16);
const head = (names) => h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, name))));
const date = (text) => new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** The common name, where there is one: what people call it. */
const common = (name) => name?.match(/(?:^|,)CN=([^,]+)/)?.[1] ?? name;

/** How much of its time is left. */
function life({ validFrom, validUntil }) {
  const [from, to] = [new Date(validFrom).getTime(), new Date(validUntil).getTime()];
  const left = Math.max(0, Math.min(1, (to - Date.now()) / (to - from)));
  // Half of its life is over before a certificate is renewed; one that is nearly over should have been.
  const tone = left <= 0.05 ? "bad" : left <= 0.2 ? "warn" : "good";
  return h("span", { class: `life ${tone}` }, h("span", { class: "meter" }, h("i", { style: { width: `${left * 100}%` } })), h("b", { class: "number" }, until(validUntil)));
}

function own(process) {
  const of = process.certificate;
  return h(
    "tr",
    { data: { key: process.name } },
    h("th", { scope: "row" }, process.name),
    h("td", { class: "mono whole" }, process.identity ?? "–", process.certificateFault ? h("div", { class: "bad-text" }, process.certificateFault) : null),
    h("td", {}, of ? life(of) : h("span", { class: "chip warn" }, "none")),
    h("td", { class: "number" }, of ? date(of.validUntil) : "–"),
    h("td", { class: "muted whole" }, common(of?.issuer) ?? "–"),
  );
}

function authority(of) {
  return h("tr", { data: { key: `${of.trustDomain} ${of.serial}` } }, h("th", { scope: "row" }, of.trustDomain), h("td", {}, common(of.subject)), h("td", {}, life(of)), h("td", { class: "number" }, date(of.validUntil)), h("td", { class: "mono faint" }, of.serial));
}
