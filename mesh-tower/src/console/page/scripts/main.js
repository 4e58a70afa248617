// Joins the parts: which view is shown, and what it is shown when.

import { GraphView } from "/scripts/graph.js";
import { ServicesView } from "/scripts/services.js";
import { RequestsView } from "/scripts/requests.js";
import { RoutesView } from "/scripts/routes.js";
import { DocumentsView } from "/scripts/documents.js";
import { CertificatesView } from "/scripts/certificates.js";
import { faults } from "/scripts/model.js";
import { many } from "/scripts/format.js";
import { h, show } from "/scripts/dom.js";
import { follow, listen, state } from "/scripts/store.js";
import { startTheme } from "/scripts/theme.js";

const VIEWS = {
  graph: GraphView,
  services: ServicesView,
  requests: RequestsView,
  routes: RoutesView,
  documents: DocumentsView,
  certificates: CertificatesView,
};

const main = document.getElementById("main");
let current = { name: null, view: null, rest: "" };

function go() {
  const [, name = "graph", rest = ""] = location.hash.split("/", 3);
  const known = VIEWS[name] ? name : "graph";
  if (known !== current.name) {
    current.view?.close?.();
    current = { name: known, view: new VIEWS[known](main), rest: "" };
    document.title = known === "graph" ? "Mesh" : `Mesh: ${known}`;
    for (const link of document.querySelectorAll(".tabs a")) {
      if (link.hash === `#/${known}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    scrollTo(0, 0);
  }
  current.rest = decoded(rest);
  update();
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function update() {
  current.view.update(current.rest);
}

const PACE = 250; // Milliseconds: people see no faster, and machines have other work.
let news = null;

/** Shows what has changed, soon: all that comes until then at once. */
function later(what) {
  const isDue = news === null;
  news ??= new Set();
  news.add(what);
  if (isDue) {
    setTimeout(() => {
      const wanted = [...news].some((one) => current.view.wants(one));
      news = null;
      tellState();
      if (wanted) update();
    }, PACE);
  }
}

function tellState() {
  const live = document.getElementById("live");
  live.className = `live ${state.link}`;
  live.lastElementChild.textContent = { on: "live", off: "not connected", connecting: "connecting" }[state.link];
  const found = state.mesh ? faults(state.mesh).filter((fault) => fault.severity === "error") : [];
  const count = document.getElementById("fault-count");
  count.hidden = !found.length;
  count.textContent = String(found.length);
  count.setAttribute("aria-label", many(found.length, "fault"));
  const away = (state.mesh?.processes ?? []).filter((process) => process.fault);
  const notice = document.getElementById("notice");
  const words = [];
  if (state.link === "off") words.push("The console does not answer. What is shown is what it told last.");
  if (state.traffic?.fault) words.push(`Prometheus does not answer: ${state.traffic.fault}`);
  if (away.length) words.push(`${away.length === 1 ? `${away[0].name} does not answer ${away[0].fault}` : `${many(away.length, "process").replace("processs", "processes")} do not answer: ${away.map((process) => process.name).join(", ")}`}`);
  notice.hidden = !words.length;
  show(notice, words.map((text) => h("div", {}, text)));
}

startTheme(() => current.view && update());
addEventListener("hashchange", go);
listen(later);
go();
follow();
