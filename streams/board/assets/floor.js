// `<floor-strip>`: the whole floor along the top, the time, and how old the data are.

import { make, mark, say } from './dom.js';
import { NOTHING, ago, timeOfDay, wholePercent, windowName } from './format.js';
import { metric } from './metric.js';
import { addressOf, standing } from './tile.js';

const SHOWN = ['service_level', 'waiting', 'oldest_wait', 'agents', 'abandonment', 'asa'];

class FloorStrip extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    this.link = make('a', {}, 'Whole floor');
    this.sign = make('state-mark');
    this.today = make('span', { class: 'today' });
    this.time = make('b');
    this.age = make('span', { class: 'age' });
    this.metrics = SHOWN.map((name) => metric(name));
    this.append(
      make(
        'section', { 'aria-label': 'Whole floor' },
        make('div', { class: 'title' }, make('h2', {}, this.link), this.sign, this.today),
        ...this.metrics.map(({ root }) => root),
        make('div', { class: 'clock' }, this.time, this.age),
      ),
    );
  }

  show(snapshot, { extra, stale, age }) {
    const row = snapshot.floor;
    const { state, words } = standing(row, stale);
    mark(this, 'data-state', state);
    mark(this.link, 'href', addressOf(row));
    this.sign.show(state, words);
    const today = row.service_level_today;
    say(this.today, `${windowName(snapshot.window)}; today ${wholePercent(today)}${today === null ? '' : ' %'}`);
    for (const { show } of this.metrics) show(row, extra);
    say(this.time, timeOfDay(snapshot.as_of_ms + (snapshot.clock === 'wall' ? extra * 1000 : 0), snapshot.timezone, false));
    say(this.age, age === null ? `data ${NOTHING}` : `data ${ago(age)} old`);
  }
}

customElements.define('floor-strip', FloorStrip);
