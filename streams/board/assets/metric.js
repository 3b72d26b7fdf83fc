// One number with its name, its goal and how it stands: the same block on the wall, the strip and the detail view.

import { make, mark, say } from './dom.js';
import { NOTHING, goal, limit, percent, span, wholePercent } from './format.js';

/** Every number shown of a row: its name, and how it is read from the row. `extra` are seconds since the snapshot. */
export const METRICS = {
  service_level: {
    label: 'service level',
    read: (row) => ({
      value: wholePercent(row.service_level),
      unit: '%',
      note: `goal ${goal(row.target.service_level)} in ${limit(row.threshold_seconds)}`,
      empty: 'no contacts',
    }),
  },
  waiting: {
    label: 'waiting',
    read: (row) => ({
      value: String(row.waiting),
      note: row.past_threshold && !row.state.staffing ? `${row.past_threshold} past goal` : '',
      state: row.state.staffing,
      word: 'unstaffed',
    }),
  },
  oldest_wait: {
    label: 'oldest wait',
    read: (row, extra) => ({
      value: span(row.oldest_wait_seconds === null ? null : row.oldest_wait_seconds + extra),
      note: row.target.oldest_wait === null ? '' : `limit ${limit(row.target.oldest_wait)}`,
      empty: 'nobody waits',
    }),
  },
  agents: {
    label: 'agents',
    read: (row) => ({
      value: row.staffed === null ? NOTHING : String(row.available),
      unit: row.staffed === null ? '' : `/ ${row.staffed}`,
      note: 'free / staffed',
      empty: 'not reported',
    }),
  },
  abandonment: {
    label: 'abandoned',
    read: (row) => ({
      value: percent(row.abandonment),
      unit: '%',
      note: row.target.abandonment === null ? '' : `limit ${goal(row.target.abandonment)}`,
      empty: 'no contacts',
    }),
  },
  asa: {
    label: 'ASA',
    read: (row) => ({
      value: span(row.asa_seconds),
      note: row.target.asa === null ? '' : `goal ${limit(row.target.asa)}`,
      empty: 'none answered',
    }),
  },
};

const WIDTHS = { ':': 0.33, '%': 0.45, ' ': 0.14, '/': 0.16, h: 0.62, d: 0.62 }; // of a character, in the value's size

/** How wide a value is, in its own font size. */
const widthOf = (text) => [...text].reduce((sum, character) => sum + (WIDTHS[character] ?? 0.57), 0);

/** A block for one number. Returns its root and `show(row, extra)`, which tells how wide the value is. */
export function metric(name, attributes = {}) {
  const { label, read } = METRICS[name];
  const value = make('b');
  const unit = make('small');
  const sign = make('state-mark');
  const note = make('span', { class: 'goal' });
  const root = make(
    'div', { ...attributes, class: 'metric', 'data-metric': name },
    make('span', { class: 'label' }, label),
    make('span', { class: 'value' }, value, unit),
    make('span', { class: 'note' }, sign, note),
  );
  const show = (row, extra) => {
    const told = read(row, extra);
    const nothing = told.value === NOTHING;
    const state = nothing ? undefined : (told.state ?? row.state[name]);
    say(value, told.value);
    say(unit, nothing ? '' : (told.unit ?? ''));
    mark(root, 'data-state', state);
    mark(root, 'data-nothing', nothing ? '' : null);
    sign.hidden = !state || state === 'none';
    if (!sign.hidden) sign.show(state, told.word);
    say(note, nothing ? told.empty : (told.note ?? ''));
    const width = widthOf(told.value + (nothing ? '' : (told.unit ?? '')));
    root.style.setProperty('--wide', width.toFixed(2));
    return width;
  };
  return { root, show };
}
