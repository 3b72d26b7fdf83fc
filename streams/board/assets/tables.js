// The tables of the detail view. Built once, then only their text changes: what is open stays open.

import { make, mark, say } from './dom.js';
import { NOTHING, byUnit, percent, span, timeOfDay, windowName } from './format.js';
import { roving } from './roving.js';

const COUNTS = ['offered', 'answered', 'abandoned', 'short_abandoned', 'flowed_out'];
const SHORT = { asa: 'ASA', aht: 'AHT' };
const plain = (name) => name.replace(/_(seconds|ratio)$/, '').replaceAll('_', ' ');
const called = (name) => SHORT[plain(name)] ?? plain(name);

/** A table that scrolls by itself, with a caption for those who can't see it. */
export function frame(caption, columns, ...body) {
  const heads = columns.map((name) => make('th', { scope: 'col' }, name));
  return make(
    'div', { class: 'scroller', tabindex: '0', role: 'group', 'aria-label': caption },
    make('table', {}, make('caption', { class: 'unseen' }, caption), make('thead', {}, make('tr', {}, ...heads)), ...body),
  );
}

/** A table of one row for each of `lines`: `{name, kpi, formula, cell(window)}`; a name opens its formula, a number asks why. */
function windowed(caption, windows, lines) {
  const shown = lines.map(({ name, kpi, formula, cell, chosen }) => {
    const cells = windows.map((window) => make('button', {
      type: 'button', class: 'why', 'data-kpi': kpi, 'data-window': window, title: 'Why?',
    }));
    const title = formula
      ? make('details', {}, make('summary', {}, name), make('p', {}, formula))
      : document.createTextNode(name);
    return { row: make('tr', {}, make('th', { scope: 'row' }, title), ...cells.map((button) => make('td', {}, button))), cells, cell, chosen };
  });
  const root = frame(caption, ['last', ...windows.map(windowName)], make('tbody', {}, ...shown.map(({ row }) => row)));
  roving(root);
  const show = (queue) => {
    for (const { row, cells, cell, chosen } of shown) {
      cells.forEach((button, n) => {
        const window = queue.windows[windows[n]];
        const text = window ? cell(window) : NOTHING;
        say(button, text);
        mark(button, 'aria-label', `${name}, ${windowName(windows[n])}: ${text === NOTHING ? 'no value' : text}. Explain.`);
      });
      if (chosen) mark(row, 'aria-current', chosen(queue) ? 'true' : null);
    }
  };
  return { root, show };
}

/** The service level by every preset; the queue's own is marked. */
export function presets(windows, glossary) {
  const lines = glossary.presets.map(({ name, formula }) => ({
    name: name.replaceAll('_', ' '),
    kpi: `service_level.${name}`,
    formula,
    chosen: (queue) => queue.preset === name,
    cell: (window) => (window.service_level[name] === null ? NOTHING : `${percent(window.service_level[name])} %`),
  }));
  return windowed('Service level by every preset', windows, lines);
}

/** Counts and KPIs of every window. */
export function numbers(windows, glossary) {
  const counts = COUNTS.map((name) => ({ name: plain(name), kpi: name, cell: (window) => String(window[name]) }));
  const ratios = glossary.kpis.map(({ name, unit, formula }) => ({
    name: called(name), kpi: name, formula, cell: (window) => byUnit(window.kpis[name], unit),
  }));
  return windowed('Every number', windows, [...counts, ...ratios]);
}

/** Who waits, since when, and the chance that the answer comes too late. */
export function waiters() {
  const body = make('tbody');
  const more = make('p', { class: 'quiet' });
  const table = frame('Who waits', ['contact', 'queue', 'since', 'waited', 'late with', 'priority'], body);
  const root = make('div', {}, table, more);
  const show = ({ contacts, contacts_left_out: leftOut, queue }, extra) => {
    while (body.rows.length > contacts.length) body.deleteRow(-1);
    contacts.forEach((contact, n) => {
      const row = body.rows[n] ?? body.insertRow();
      const texts = [
        contact.name,
        contact.queue + (contact.callback ? ' (callback)' : ''),
        timeOfDay(contact.offered_at_ms, queue.timezone),
        span(contact.waited_seconds + extra) + (contact.past_threshold ? ' past goal' : ''),
        contact.breach_chance === null ? NOTHING : `${Math.round(contact.breach_chance * 100)} %`,
        String(contact.priority || NOTHING),
      ];
      texts.forEach((text, cell) => say(row.cells[cell] ?? row.insertCell(), text));
      mark(row, 'data-past', contact.past_threshold ? '' : null);
    });
    table.hidden = !contacts.length;
    say(more, contacts.length ? (leftOut ? `and ${leftOut} more` : '') : 'Nobody waits.');
  };
  return { root, show };
}

/** Agents by what they do now; nobody is named. */
export function agents() {
  const list = make('ul', { class: 'bars' });
  const none = make('p', { class: 'quiet' }, 'Nobody is signed in for this queue.');
  const show = ({ queue }) => {
    const states = Object.entries(queue.live.agents).sort(([, a], [, b]) => b - a);
    const most = Math.max(1, ...states.map(([, n]) => n));
    while (list.children.length > states.length) list.lastChild.remove();
    states.forEach(([state, n], place) => {
      const item = list.children[place] ?? list.appendChild(make('li', {}, make('span'), make('i'), make('b')));
      say(item.children[0], state.replaceAll('_', ' '));
      item.children[1].style.setProperty('--share', n / most);
      say(item.children[2], String(n));
    });
    none.hidden = states.length > 0;
  };
  return { root: make('div', {}, list, none), show };
}
