// The last quarter of an hour of every row, as far as this page has seen it; kept over a reload of the page.

export const SPAN_MS = 15 * 60_000;
const STEP_MS = 5_000;
const STORED = 'queuepulse.history';

export class History {
  constructor(storage = sessionStorage) {
    this.rows = new Map();
    try {
      this.rows = new Map(JSON.parse(storage.getItem(STORED) ?? '[]'));
    } catch (error) {
      console.info('history: what was stored is unreadable and is dropped', error);
    }
    addEventListener('pagehide', () => storage.setItem(STORED, JSON.stringify([...this.rows])));
  }

  /** Take a row's numbers at a moment; between two steps the newest replaces the last. */
  add(id, at, waiting, level) {
    const points = this.rows.get(id) ?? [];
    if (points.length && points.at(-1)[0] > at) points.length = 0; // a replay that began again
    if (points.length > 1 && at - points.at(-2)[0] < STEP_MS) points.pop();
    points.push([at, waiting, level]);
    while (points.length && points[0][0] < at - SPAN_MS) points.shift();
    this.rows.set(id, points);
  }

  /** `[at, waiting, service level]` of a row, in order of time. */
  of(id) {
    return this.rows.get(id) ?? [];
  }
}
