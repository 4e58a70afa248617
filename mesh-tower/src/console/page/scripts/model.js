// What the page shows, worked out of what the console tells.

/** How a service is called here: by its namespace and name. */
export const idOf = (party) => `${party.namespace}/${party.name}`;

/** The first parts of a Kubernetes host are name and namespace; other hosts are names. */
export function partyOf(host) {
  const [name, namespace, kind] = host.split(".");
  return kind === "svc" ? { namespace, name } : { namespace: "unknown", name: host };
}

/** Services by id, with what they get and what they run as, and the edges between them. */
export function graph(mesh, traffic) {
  const nodes = new Map();
  const node = (party) => {
    const id = idOf(party);
    if (!nodes.has(id)) nodes.set(id, { id, ...party, host: "", isGateway: false, processes: [], endpoints: [], versions: new Map(), into: [], outOf: [] });
    return nodes.get(id);
  };
  for (const [host, service] of Object.entries(mesh?.services ?? {})) {
    const found = node(partyOf(host));
    found.host = host;
    found.ports = service.ports;
    found.endpoints = Object.entries(service.endpoints).map(([address, endpoint]) => ({ address, ...endpoint }));
    for (const { labels } of found.endpoints) version(found, labels?.version);
  }
  for (const process of mesh?.processes ?? []) {
    if (!process.isKnown) continue;
    const found = node({ namespace: process.namespace, name: process.service });
    found.isGateway ||= process.isGateway;
    found.processes.push(process);
    version(found, process.version).processes.push(process);
  }
  const edges = (traffic?.edges ?? []).map((edge) => {
    const [from, to] = [node(edge.from), node(edge.to)];
    const whole = { ...edge, id: `${from.id}>${to.id}`, source: from, target: to, split: split(mesh, edge, from) };
    from.outOf.push(whole);
    to.into.push(whole);
    for (const told of edge.versions) {
      const of = version(to, told.version);
      of.rate += told.rate;
      of.failures += told.failures;
      of.p99 = Math.max(of.p99 ?? 0, told.p99 ?? 0);
    }
    return whole;
  });
  for (const found of nodes.values()) {
    found.versions = [...found.versions.values()].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    if (found.versions.length > 1) found.versions = found.versions.filter((of) => of.name !== "unknown" || of.rate > 0);
    found.versions.forEach((of, at) => (of.hue = `v${at % 4}`));
    found.sums = sums(found.into.length ? found.into : found.outOf);
    found.ejected = found.endpoints.filter((endpoint) => Object.keys(endpoint.ejections).length).length;
    found.isOutside = !found.processes.length && !found.endpoints.length;
  }
  return { nodes, edges };
}

function version(node, name = "unknown") {
  const known = name || "unknown";
  if (!node.versions.has(known)) node.versions.set(known, { name: known, rate: 0, failures: 0, p99: null, processes: [] });
  return node.versions.get(known);
}

/** What passes over several edges together. */
export function sums(edges) {
  const sum = (of) => edges.reduce((all, edge) => all + of(edge), 0);
  const rate = sum((edge) => edge.rate);
  const worst = edges.filter((edge) => edge.p99 !== null).map((edge) => edge.p99);
  return { rate, failures: sum((edge) => edge.failures), rejections: sum((edge) => edge.rejections), total: sum((edge) => edge.total), p99: worst.length ? Math.max(...worst) : null };
}

/** The hosts that the rules of a service's processes are about. */
export function hostsOf(mesh, processes) {
  const names = new Set(processes.map((process) => process.name));
  return (mesh?.hosts ?? []).filter((host) => host.seenBy.some((name) => names.has(name)));
}

/** What documents say of the versions that calls go to when no condition sends them elsewhere: names and per cent. */
function split(mesh, edge, from) {
  const leads = (rule) => rule.targets?.some((target) => target.host === edge.host);
  const rules = hostsOf(mesh, from.processes).flatMap((host) => host.rules).filter(leads);
  const rule = rules.sort((a, b) => a.conditions.length - b.conditions.length)[0];
  const targets = rule?.targets.filter((target) => target.host === edge.host && target.subset) ?? [];
  return targets.map((target) => ({ subset: target.subset, name: versionOf(mesh, edge.host, target.subset), percent: target.percent }));
}

/** The version that a subset stands for, if it is one; else the subset's own name. */
export function versionOf(mesh, host, subset) {
  const endpoints = Object.values(mesh?.services[host]?.endpoints ?? {});
  const versions = new Set(endpoints.filter((of) => of.subsets.includes(subset)).map((of) => of.labels.version));
  const [only] = versions;
  return versions.size === 1 && only ? only : subset;
}

/** How it is: `good`, `warn` or `bad`; `idle` where nothing passes. */
export function mood({ rate, failures }) {
  if (!rate) return "idle";
  if (failures / rate >= 0.05) return "bad";
  return failures / rate >= 0.005 ? "warn" : "good";
}

/** All faults, with their files. */
export function faults(mesh) {
  return Object.entries(mesh?.files ?? {}).flatMap(([file, of]) => of.faults.map((fault) => ({ file, ...fault })));
}
