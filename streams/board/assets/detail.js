// `<queue-detail>`: one queue looked at closely. The large numbers come with the stream, the tables from /api/queue.

import { ahead } from './ahead.js';
import { isPrivate } from './controls.js';
import { make, mark, say } from './dom.js';
import { Explainer } from './explain.js';
import { percent } from './format.js';
import { METRICS, metric } from './metric.js';
import { agents, numbers, presets, waiters } from './tables.js';
import { standing, titleOf } from './tile.js';

const ASK_MS = 1_000;

const ASKED = { // what a large number is called by /api/explain, and whether it is one of now
  service_level: ['service_level', false], waiting: ['waiting', true], oldest_wait: ['oldest_wait_seconds', true],
  agents: ['agents_staffed', true], abandonment: ['abandonment_ratio', false], asa: ['asa_seconds', false],
};

const section = (title, attributes, ...children) => make('section', attributes, make('h3', {}, title), ...children);

class QueueDetail extends HTMLElement {
  place = null;

  connectedCallback() {
    if (this.firstChild) return;
    this.title_ = make('h2', { tabindex: '-1' });
    this.channel = make('span', { class: 'channel' });
    this.sign = make('state-mark');
    this.metrics = Object.keys(METRICS).map((name) => metric(name));
    for (const { root } of this.metrics) {
      const [kpi, isNow] = ASKED[root.dataset.metric];
      const label = `why? ${METRICS[root.dataset.metric].label}`;
      const button = make('button', { type: 'button', class: 'why', 'data-kpi': kpi, 'aria-label': label }, 'why?');
      if (isNow) button.dataset.window = 'now';
      root.append(button);
    }
    this.explainer = new Explainer();
    this.addEventListener('click', (event) => {
      const button = event.target.closest('button.why') ?? event.target.closest('.metric')?.querySelector('button.why');
      if (button) this.explainer.open(this.place, { kpi: button.dataset.kpi, window: button.dataset.window ?? this.window });
    });
    this.waiting = make('spark-line');
    this.level = make('spark-line');
    this.ahead = ahead();
    this.waiters = waiters();
    this.agents = agents();
    this.tables = make('div', { class: 'column' });
    this.problem = make('p', { class: 'quiet', role: 'status' });
    this.append(
      make('div', { class: 'head' }, make('a', { class: 'back', href: '#' }, 'Back to the wall'), this.title_, this.channel, this.sign),
      this.problem,
      make('div', { class: 'numbers' }, ...this.metrics.map(({ root }) => root)),
      make(
        'div', { class: 'columns' },
        make(
          'div', { class: 'column' },
          section('Last 15 minutes', { class: 'trends' }, this.waiting, this.level),
          section('The next hour', { class: 'ahead' }, this.ahead.root),
          section('Who waits', { class: 'private' }, this.waiters.root),
          section('Agents now', { class: 'private' }, this.agents.root),
        ),
        this.tables,
      ),
    );
  }

  /** Show the detail of `{queue, channel}`; null closes. */
  async open(place) {
    this.place = place;
    this.answer = null;
    clearTimeout(this.timer);
    this.hidden = !place;
    if (!place) return;
    say(this.problem, '');
    this.tables.replaceChildren();
    this.parts = [];
    scrollTo(0, 0);
    this.title_.focus({ preventScroll: true });
    await this.ask(place);
  }

  /** Ask again and again while this queue is open. */
  async ask(place) {
    const query = new URLSearchParams({ ...place, privacy: isPrivate() ? '1' : '0' });
    try {
      this.glossary ??= await fetched('/api/kpis');
      const answer = await fetched(`/api/queue?${query}`);
      if (this.place !== place) return;
      this.take(answer);
      say(this.problem, '');
    } catch (error) {
      if (this.place === place) say(this.problem, `The details can't be had now (${error.message}). Trying again.`);
    }
    clearTimeout(this.timer);
    if (this.place === place) this.timer = setTimeout(() => this.ask(place), ASK_MS);
  }

  take(answer) {
    if (!this.parts.length) {
      const windows = Object.keys(answer.queue.windows);
      this.parts = [presets(windows, this.glossary), numbers(windows, this.glossary)];
      this.tables.append(
        section('Service level, every way it is counted', {}, this.parts[0].root),
        section('Every number; click it to see where it comes from', {}, this.parts[1].root),
      );
    }
    for (const part of this.parts) part.show(answer.queue);
    this.answer = answer;
    this.heard = performance.now();
    this.agents.show(answer);
    this.ahead.show(answer);
  }

  /** The row of the latest snapshot, as on the wall. */
  show(row, { extra, stale, points, now, live, window }) {
    this.window = window;
    const { state, words } = standing(row, stale);
    mark(this, 'data-state', state);
    say(this.title_, titleOf(row));
    say(this.channel, row.channel === row.queue ? '' : row.channel);
    this.sign.show(state, words);
    for (const { show } of this.metrics) show(row, extra);
    this.waiting.show(points.map(([at, waiting]) => [at, waiting]), now, { what: 'waiting' });
    this.level.show(points.map(([at, , level]) => [at, level]), now, {
      what: 'service level', top: 1, rule: row.target.service_level, format: (level) => `${percent(level)} %`,
    });
    if (this.answer) this.waiters.show(this.answer, live ? (performance.now() - this.heard) / 1000 : 0);
  }
}

async function fetched(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) throw new Error(answer.status === 404 ? 'no such queue' : `status ${answer.status}`);
  return answer.json();
}

customElements.define('queue-detail', QueueDetail);
