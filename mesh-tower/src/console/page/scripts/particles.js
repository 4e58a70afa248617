// Traffic that moves: a dot is a request, or stands for several.

const MOST = 14; // Dots a second on one line.
const LIFE = 1.6; // Seconds from end to end.

/** Dots on a canvas, until it is closed. Those who want no motion see none. */
export class Particles {
  constructor(canvas) {
    this.canvas = canvas;
    this.lines = [];
    this.dots = [];
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.last = performance.now();
    this.frame = requestAnimationFrame((now) => this.step(now));
  }

  close() {
    cancelAnimationFrame(this.frame);
  }

  /** These lines from now on; dots on those that stay move on. */
  run(drawn, placed, near) {
    const due = new Map(this.lines.map((line) => [line.id, line.due]));
    this.lines = drawn.map(({ edge, points }) => ({
      id: edge.id,
      points,
      isFaded: near && !near.has(edge.id),
      pace: Math.min(MOST, edge.rate < 3 ? edge.rate : 3 + Math.log2(edge.rate / 3) * 2.2),
      failing: edge.rate ? edge.failures / edge.rate : 0,
      due: due.get(edge.id) ?? Math.random(),
    }));
    const known = new Map(this.lines.map((line) => [line.id, line]));
    this.dots = this.dots.filter((dot) => known.has(dot.line.id));
    for (const dot of this.dots) dot.line = known.get(dot.line.id);
    const ratio = Math.min(2, devicePixelRatio || 1) * placed.scale;
    const [width, height] = [Math.round(placed.width * ratio), Math.round(placed.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.ratio = ratio;
    const style = getComputedStyle(this.canvas);
    this.colours = { good: style.getPropertyValue("--flow"), bad: style.getPropertyValue("--bad") };
  }

  step(now) {
    this.frame = requestAnimationFrame((next) => this.step(next));
    const passed = Math.min(0.1, (now - this.last) / 1000);
    this.last = now;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.still.matches) return;
    for (const line of this.lines) {
      line.due += line.pace * passed;
      while (line.due >= 1) {
        line.due -= 1;
        this.dots.push({ line, at: 0, isBad: Math.random() < line.failing, speed: 0.85 + Math.random() * 0.3 });
      }
    }
    this.dots = this.dots.filter((dot) => (dot.at += (passed / LIFE) * dot.speed) < 1);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    for (const dot of this.dots) this.paint(context, dot);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  paint(context, { line, at, isBad }) {
    const place = at * (line.points.length - 1);
    const [before, after] = [line.points[Math.floor(place)], line.points[Math.ceil(place)]];
    const part = place % 1;
    const [x, y] = [before.x + (after.x - before.x) * part, before.y + (after.y - before.y) * part];
    const edge = Math.min(1, at * 8, (1 - at) * 8) * (line.isFaded ? 0.15 : 1);
    context.fillStyle = isBad ? this.colours.bad : this.colours.good;
    context.globalAlpha = 0.22 * edge;
    context.beginPath();
    context.arc(x, y, isBad ? 7 : 6, 0, 7);
    context.fill();
    context.globalAlpha = edge;
    context.beginPath();
    context.arc(x, y, isBad ? 3.4 : 2.6, 0, 7);
    context.fill();
    context.globalAlpha = 1;
  }
}
