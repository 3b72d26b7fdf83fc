// `<queue-tile>`: one queue on the wall, a row of a table to a screen reader. `show(row, {extra, stale, points, now})`.

import { make, mark, say } from './dom.js';
import { NOTHING, wholePercent } from './format.js';
import { METRICS, metric } from './metric.js';
import { worst } from './state.js';

const LARGE = ['service_level', 'waiting', 'oldest_wait'];
const SMALL = ['agents', 'abandonment', 'asa'];
const NAME = 11; // characters of a name that have room in a line
const ROOM = { service_level: 1.75, waiting: 1.33, oldest_wait: 2 }; // of a large number's column, in its font size
const CAUSES = { staffing: 'nobody staffed', asa: 'answer time' };

/** How a row stands: its worst state, and the words for it. `none` is a queue nothing can be said of. */
export function standing(row, stale) {
  if (stale || row.stale) return { state: 'stale', words: 'stale' };
  const found = judged(row);
  if (!row.incomplete) return found;
  if (found.state === 'fine') return { state: 'none', words: 'incomplete' }; // what is missing may be what is not fine
  return { state: found.state, words: `${found.words} (incomplete)` };
}

function judged(row) {
  if (!row.open && !row.waiting) return { state: 'none', words: 'closed' };
  const { state, cause } = worst(row.state);
  if (state === 'none') return { state, words: row.offered ? 'no result yet' : 'no contacts' };
  if (state === 'fine') return { state, words: 'fine' };
  const what = CAUSES[cause] ?? METRICS[cause].label;
  return { state, words: `${state === 'breach' ? 'breach' : 'at risk'}: ${what}` };
}

/** The address of a row's detail view within this page. */
export const addressOf = (row) => `#/${encodeURIComponent(row.queue)}/${encodeURIComponent(row.channel)}`;

/** What a row is called; the channel where it tells more than the name. */
export const titleOf = (row) => (row.kind === 'floor' ? 'Whole floor' : row.queue);

class QueueTile extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    this.setAttribute('role', 'row');
    this.link = make('a');
    this.channel = make('span', { class: 'channel' });
    this.sign = make('state-mark');
    this.spark = make('spark-line');
    this.todays = make('b');
    this.today = make('span', { class: 'today' }, make('span', {}, 'service level '), 'today ', this.todays);
    this.metrics = [...LARGE, ...SMALL].map((name) => metric(name, { role: 'cell' }));
    const [large, small] = [this.metrics.slice(0, LARGE.length), this.metrics.slice(LARGE.length)];
    this.append(
      make(
        'div', { class: 'head', role: 'presentation' },
        make('div', { class: 'name', role: 'rowheader' }, this.link, this.channel),
        make('div', { class: 'standing', role: 'cell' }, this.sign),
      ),
      make('div', { class: 'large', role: 'presentation' }, ...large.map(({ root }) => root)),
      make('div', { class: 'small', role: 'presentation' }, ...small.map(({ root }) => root)),
      make('div', { class: 'trend', role: 'cell' }, this.spark, this.today),
    );
  }

  show(row, { extra, stale, points, now }) {
    const { state, words } = standing(row, stale);
    mark(this, 'data-state', state);
    mark(this, 'data-queue', row.queue);
    mark(this, 'data-channel', row.channel);
    say(this.link, titleOf(row));
    mark(this.link, 'href', addressOf(row));
    say(this.channel, row.channel === row.queue ? '' : row.channel);
    this.style.setProperty('--name-fit', Math.max(0.5, Math.min(1, NAME / titleOf(row).length)).toFixed(2));
    this.sign.show(state, words);
    const widths = this.metrics.map(({ show }) => show(row, extra));
    const fits = LARGE.map((name, n) => ROOM[name] / widths[n]); // all three are as large as the widest can be
    this.style.setProperty('--fit', Math.min(1, ...fits).toFixed(2));
    say(this.todays, row.service_level_today === null ? NOTHING : `${wholePercent(row.service_level_today)} %`);
    this.spark.show(points.map(([at, waiting]) => [at, waiting]), now, { what: 'waiting' });
  }
}

customElements.define('queue-tile', QueueTile);

/** The names of a tile's cells, in order: the hidden first row of the table. */
export const COLUMNS = ['queue', 'state', ...[...LARGE, ...SMALL].map((name) => METRICS[name].label), 'trend'];
