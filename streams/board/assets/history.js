// The last quarter of an hour of every row: what the worker remembers, and from then on what this page sees.

export const SPAN_MS = 15 * 60_000;
const STEP_MS = 5_000;

export class History {
  constructor() {
    this.rows = new Map();
    this.asked = false;
  }

  /** Ask the worker for what was before; once, and again after `forget`. Without an answer the line begins now. */
  async recall(idOf, url = '/api/trend') {
    if (this.asked) return;
    this.asked = true;
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
      const { as_of_ms: asOf, rows } = await answer.json();
      for (const row of rows) this.seed(idOf(row), asOf, row);
    } catch (error) {
      console.info('history: what was before is unknown', error);
    }
  }

  /** Let `recall` ask again: the stream was broken, and what happened meanwhile was not seen. */
  forget() {
    this.asked = false;
  }

  /** Put what the worker remembers in the place of what was seen up to then. */
  seed(id, asOf, { waiting, service_level: levels }) {
    const before = waiting.map(([at, n]) => [at, n, levels.findLast(([end]) => end <= at)?.[1] ?? null]);
    const seen = (this.rows.get(id) ?? []).filter(([at]) => at > asOf);
    this.rows.set(id, [...before, ...seen]);
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
