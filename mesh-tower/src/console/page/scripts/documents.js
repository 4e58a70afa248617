// The documents, and what is wrong in them, on the line.

import { h, show } from "/scripts/dom.js";
import { many } from "/scripts/format.js";
import { state } from "/scripts/store.js";

/** The view, for as long as it is shown. */
export class DocumentsView {
  constructor(main) {
    this.texts = new Map();
    this.list = h("nav", { class: "files card", "aria-label": "Files" });
    this.text = h("section", { class: "file card", "aria-label": "File", "aria-live": "polite" });
    this.note = h("p", {});
    main.replaceChildren(h("div", { class: "view wide" }, h("header", {}, h("h1", {}, "Documents"), this.note), h("div", { class: "documents" }, this.list, this.text)));
  }

  wants(what) {
    return what === "mesh";
  }

  /** Shows what is known now; `chosen` is a file. */
  update(chosen) {
    if (!state.mesh) return show(this.text, h("p", { class: "empty" }, h("b", {}, "Asking the mesh")));
    const files = Object.entries(state.mesh.files);
    const wrong = (of) => of.faults.filter((fault) => fault.severity === "error").length;
    // Those with faults first: that is what somebody comes here for.
    files.sort(([a, one], [b, other]) => wrong(other) - wrong(one) || a.localeCompare(b));
    const common = commonFolder(files.map(([file]) => file));
    const [file, of] = files.find(([name]) => name === chosen) ?? files[0] ?? [];
    const all = files.reduce((sum, [, one]) => sum + one.faults.length, 0);
    this.note.textContent = `${many(files.reduce((sum, [, one]) => sum + one.documents.length, 0), "document")} in ${many(files.length, "file")}${all ? `, ${many(all, "fault")}` : ", nothing is wrong"}`;
    show(this.list, folders(files).map(([folder, within]) => [folder === common ? null : h("h3", { data: { key: `folder ${folder}` } }, folder.slice(common.length)), h("ul", { data: { key: `in ${folder}` } }, within.map(([name, one]) => item(name, one, folder, name === file)))]));
    if (!file) return show(this.text, h("p", { class: "empty" }, h("b", {}, "No documents"), "No process has read any."));
    this.shown = file;
    this.load(file, JSON.stringify(of));
    show(this.text, h("header", {}, h("h2", {}, file.slice(common.length)), h("p", { class: "faint mono" }, common)), standings(of), this.body(file, of));
  }

  /** Reads the text again whenever what processes say of the file has changed. */
  async load(file, version) {
    if (this.texts.get(file)?.version === version) return;
    const before = this.texts.get(file);
    this.texts.set(file, { version, told: before?.told });
    const response = await fetch(`/api/document?file=${encodeURIComponent(file)}`).catch(() => null);
    const told = response ? await response.json().catch(() => null) : null;
    if (this.texts.get(file)?.version !== version) return;
    this.texts.set(file, { version, told: told ?? { fault: "The console does not answer." } });
    if (this.shown === file && this.text.isConnected) this.update(file);
  }

  body(file, of) {
    const told = this.texts.get(file)?.told;
    if (!told) return h("p", { class: "muted pad" }, "Reading…");
    if (told.fault) return h("div", {}, of.faults.map((fault) => annotation(fault)), h("p", { class: "muted pad" }, `The text is not shown: ${told.fault}`));
    const at = (number) => of.faults.filter((fault) => fault.line === number);
    const starts = new Set(of.documents.map((document) => document.line));
    const lines = told.lines.map((text, index) => {
      const found = at(index + 1);
      const tone = found.some((fault) => fault.severity === "error") ? "bad" : found.length ? "warn" : "";
      return [
        h("div", { class: `source ${tone} ${starts.has(index + 1) ? "start" : ""}`, data: { line: String(index + 1) } }, h("span", { class: "line-number" }, String(index + 1)), text === null ? h("code", { class: "hidden-line" }, "not shown: it may hold a secret") : h("code", {}, coloured(text))),
        found.map((fault) => annotation(fault)),
      ];
    });
    return h("div", { class: "code", tabindex: 0, role: "region", "aria-label": `Text of ${file}` }, at(0).map((fault) => annotation(fault)), lines);
  }
}

/** Files by their folders, in the order of the first of each. */
function folders(files) {
  const found = new Map();
  for (const entry of files) {
    const folder = entry[0].slice(0, entry[0].lastIndexOf("/") + 1);
    found.set(folder, [...(found.get(folder) ?? []), entry]);
  }
  return [...found];
}

function item(file, of, folder, isChosen) {
  const errors = of.faults.filter((fault) => fault.severity === "error").length;
  return h(
    "li",
    { data: { key: file } },
    h(
      "a",
      { href: `#/documents/${encodeURIComponent(file)}`, "aria-current": isChosen ? "true" : null },
      h("span", { class: `dot ${errors ? "bad" : of.faults.length ? "warn" : "good"}` }),
      h("span", { class: "name" }, file.slice(folder.length)),
      of.faults.length ? h("span", { class: `chip ${errors ? "bad" : "warn"}` }, of.faults.length) : h("span", { class: "faint" }, of.documents.length),
    ),
  );
}

const STANDING = { held: ["warn", "its last good version serves"], closed: ["bad", "it was never right, so nobody passes"], shadowed: ["warn", "another of this name serves"] };

function standings(of) {
  return h(
    "ul",
    { class: "standings" },
    of.documents.map((document) => {
      const [tone, words] = STANDING[document.standing] ?? ["", null];
      return h("li", {}, h("span", { class: `chip ${tone}` }, document.kind), h("span", {}, `${document.namespace}/${document.name}`), words ? h("span", { class: tone === "bad" ? "bad-text" : "warn-text" }, words) : null);
    }),
  );
}

function annotation(fault) {
  return h(
    "div",
    { class: `fault ${fault.severity === "error" ? "bad" : "warn"}`, data: { fault: String(fault.line) } },
    h("p", {}, h("b", {}, fault.path ? `${fault.path}: ` : ""), fault.reason),
    fault.remedy ? h("p", { class: "remedy" }, fault.remedy) : null,
    fault.isRefusal ? h("p", { class: "faint" }, "The document is refused for it.") : null,
  );
}

/** Keys, texts and comments of YAML, told apart by their looks alone. */
function coloured(text) {
  const comment = text.search(/(^|\s)#/);
  const [code, rest] = comment < 0 ? [text, ""] : [text.slice(0, comment), text.slice(comment)];
  const key = code.match(/^(\s*(?:- )*)([\w./-]+)(:)(\s.*|)$/);
  const parts = key ? [key[1], h("b", {}, key[2]), key[3], h("i", {}, key[4])] : [code];
  return rest ? [...parts, h("em", {}, rest)] : parts;
}

/** The folder that all files are in, with its last slash. */
function commonFolder(files) {
  if (!files.length) return "";
  let common = files[0];
  for (const file of files) while (!file.startsWith(common)) common = common.slice(0, -1);
  return common.slice(0, common.lastIndexOf("/") + 1);
}
