// `<spark-line>`: a number over the last quarter of an hour, as steps. `show(points, now, {what, top})`.

import { draw, make, mark, say } from './dom.js';
import { SPAN_MS } from './history.js';

const WIDTH = 300;
const HEIGHT = 60;
const GAP_MS = 120_000; // without news for so long the line is broken, not drawn on

class SparkLine extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    this.area = draw('path', { class: 'area' });
    this.line = draw('path', { class: 'line', 'vector-effect': 'non-scaling-stroke' });
    this.rule = draw('path', { class: 'rule', 'vector-effect': 'non-scaling-stroke' });
    this.svg = draw(
      'svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' },
      this.area, this.rule, this.line,
    );
    this.caption = make('span', { class: 'caption' });
    this.append(this.svg, this.caption);
  }

  /** `points`: [at, value or null]. `top` is the least height of the scale, `rule` a goal to draw. */
  show(points, now, { what, top = 4, rule = null, format = String }) {
    const known = points.filter(([, value]) => value !== null);
    const highest = Math.max(top, ...known.map(([, value]) => value));
    const x = (at) => Math.max(0, WIDTH * (1 - (now - at) / SPAN_MS)).toFixed(1);
    const y = (value) => (HEIGHT - 2 - (HEIGHT - 6) * (value / highest)).toFixed(1);
    let line = '';
    let area = '';
    let run = [];
    const finish = () => {
      if (run.length) {
        const steps = run.map(([at, value], n) => (n ? `H${x(at)}V${y(value)}` : `M${x(at)} ${y(value)}`)).join('');
        line += steps;
        area += `${steps}V${HEIGHT}H${x(run[0][0])}Z`;
      }
      run = [];
    };
    for (const [at, value] of points) {
      if (value === null || (run.length && at - run.at(-1)[0] > GAP_MS)) finish();
      if (value !== null) run.push([at, value]);
    }
    const last = run.at(-1);
    if (last && now > last[0] && now - last[0] <= GAP_MS) run.push([now, last[1]]); // it holds until there is news
    finish();
    mark(this.line, 'd', line || null);
    mark(this.area, 'd', area || null);
    mark(this.rule, 'd', rule === null ? null : `M0 ${y(rule)}H${WIDTH}`);
    const peak = known.length ? format(Math.max(...known.map(([, value]) => value))) : 'nothing yet';
    say(this.caption, `${what}, 15 min, peak ${peak}`);
    mark(this.svg, 'aria-label', this.caption.textContent);
  }
}

customElements.define('spark-line', SparkLine);
