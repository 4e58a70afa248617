// Numbers and moments as people read them.

/** `0`, `0.4`, `12`, `1.2k`. */
export function count(value) {
  if (!value) return "0";
  if (value < 0.05) return "<0.1";
  if (value < 9.95) return value.toFixed(1).replace(/\.0$/, "");
  if (value < 999.5) return Math.round(value).toString();
  if (value < 999_500) return `${(value / 1000).toFixed(value < 9950 ? 1 : 0).replace(/\.0$/, "")}k`;
  return `${(value / 1e6).toFixed(1).replace(/\.0$/, "")}M`;
}

/** Requests a second. */
export const rate = (value) => `${count(value)}/s`;

/** `0 %`, `0.3 %`, `12 %`. */
export function share(value) {
  const percent = value * 100;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  return `${percent < 9.95 ? percent.toFixed(1).replace(/\.0$/, "") : Math.round(percent)} %`;
}

/** Milliseconds, or seconds. */
export function time(value) {
  if (value === null || value === undefined) return "–";
  if (value < 0.95) return "<1 ms";
  if (value < 9.95) return `${value.toFixed(1).replace(/\.0$/, "")} ms`;
  if (value < 999.5) return `${Math.round(value)} ms`;
  return `${(value / 1000).toFixed(value < 9950 ? 1 : 0).replace(/\.0$/, "")} s`;
}

/** A moment of today, to the millisecond. */
export function clock(millis) {
  const moment = new Date(millis);
  const two = (value) => String(value).padStart(2, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}

/** How long it is until a moment: `23 h`, `3 days`. */
export function until(moment, now = Date.now()) {
  const seconds = (new Date(moment).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return "–";
  if (seconds <= 0) return "over";
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  if (seconds < 63_072_000) return `${Math.round(seconds / 86_400)} days`;
  return `${Math.round(seconds / 31_536_000)} years`;
}

/** `1 file`, `2 files`. */
export const many = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

const FLAGS = {
  UH: "no healthy endpoint", UF: "no connection to the endpoint", UC: "the endpoint closed the connection",
  UR: "the endpoint reset the stream", UT: "the time was over", UO: "too many requests at once", NR: "no route",
  NC: "the destination does not exist", URX: "no try was left", DC: "the caller went away", FI: "an injected error",
  DI: "an injected delay", RL: "more requests than allowed", UAEX: "the authorization service said no",
  RLSE: "the rate limit service failed", UPE: "the endpoint broke the protocol", SI: "nothing came for too long",
  DPE: "the caller broke the protocol", LR: "reset on this side", NFCF: "no such cluster", OM: "out of memory",
};

/** What Envoy's flags mean. */
export const flags = (text) =>
  (text || "").split(",").filter((flag) => flag && flag !== "-").map((flag) => FLAGS[flag] || flag).join(", ");
