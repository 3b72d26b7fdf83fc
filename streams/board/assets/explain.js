// Why a number is what it is: a click or Enter on any number of the detail view opens this, with what /api/explain says.

import { isPrivate } from './controls.js';
import { make, mark, say } from './dom.js';
import { NOTHING, byUnit, percent, windowName } from './format.js';
import { frame } from './tables.js';

const STATES = { fine: 'fine', at_risk: 'at risk', breach: 'breach' };
const plain = (name) => name.replaceAll('_', ' ');
const precisely = (value) => (value === null ? NOTHING : String(+value.toFixed(4)));

/** The dialog; one for the page. */
export class Explainer {
  constructor() {
    this.title = make('h2', { id: 'why-title' });
    this.body = make('div', { class: 'body' });
    const close = make('button', { type: 'button', class: 'close', autofocus: '' }, 'Close');
    this.dialog = make('dialog', { class: 'why', 'aria-labelledby': 'why-title' }, make('div', { class: 'head' }, this.title, close), this.body);
    close.addEventListener('click', () => this.dialog.close());
    this.dialog.addEventListener('click', (event) => event.target === this.dialog && this.dialog.close());
    document.body.append(this.dialog);
  }

  get isOpen() {
    return this.dialog.open;
  }

  /** Ask the worker about one number, and show what it says. */
  async open(place, { kpi, window }) {
    say(this.title, `${plain(kpi)} of ${place.queue === 'ALL' ? 'the whole floor' : place.queue}, ${windowName(window)}`);
    this.body.replaceChildren(make('p', { class: 'quiet', role: 'status' }, 'Working it out.'));
    this.dialog.showModal();
    this.asked = { place };
    const asked = this.asked;
    let parts;
    try {
      parts = told(await answered({ ...place, kpi, window, ...(isPrivate() ? { privacy: '1' } : {}) }));
    } catch (error) {
      parts = [make('p', { role: 'status' }, `It can't be explained now: ${error.message}`)];
    }
    if (this.asked === asked) this.body.replaceChildren(...parts);
  }
}

async function answered(question) {
  const answer = await fetch(`/api/explain?${new URLSearchParams(question)}`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error((await answer.text()).trim() || `status ${answer.status}`);
  return answer.json();
}

const paragraph = (text, attributes = {}) => make('p', attributes, text);
const row = (head, ...cells) => make('tr', {}, make('th', { scope: 'row' }, head), ...cells.map((cell) => make('td', {}, cell)));

function table(title, columns, rows, attributes = {}) {
  if (!rows.length) return [];
  return [make('section', attributes, make('h3', {}, title), frame(title, columns, make('tbody', {}, ...rows)))];
}

/** Everything an answer says, as nodes. */
function told(answer) {
  const state = STATES[answer.state];
  const value = answer.value === null ? 'absent' : byUnit(answer.value, answer.unit);
  const start = answer.start ? `, counted since ${answer.start.slice(11, 19)}` : '';
  return [
    paragraph(state ? `${value}, ${state}` : value, { class: 'value', role: 'status' }),
    paragraph(answer.words),
    paragraph(`As of ${answer.as_of.slice(11, 19)}${start}.`, { class: 'quiet' }),
    ...(answer.absent ? [paragraph(answer.absent)] : []),
    ...(answer.formula ? [make('pre', { tabindex: '0', 'aria-label': 'The formula, worked out' }, [
      answer.formula, `= ${answer.worked}`, `= ${precisely(answer.value)}`,
    ].join('\n'))] : []),
    ...table('What goes in', ['number', 'value', 'is'], answer.inputs.map((one) => row(plain(one.name), precisely(one.value), one.words))),
    ...table('The service level by every preset', ['preset', '%', 'worked out'], answer.presets.map((one) => {
      const line = row(plain(one.preset), one.value === null ? NOTHING : percent(one.value), one.worked);
      mark(line, 'aria-current', one.chosen ? 'true' : null);
      return line;
    })),
    ...table('Rules in force', ['setting', 'value', 'from'], answer.settings.map((one) => row(
      plain(one.key), one.value === null ? 'not set' : JSON.stringify(one.value).replaceAll('"', ''), one.section || 'built-in default',
    ))),
    ...table('Left out', ['reason', 'number', 'why'], answer.left_out.map((one) => row(
      plain(one.reason), String(one.n), one.scope === 'channel' ? `${one.why} Counted for the whole channel.` : one.why,
    ))),
    ...table('Contacts behind it', ['contact', 'queue', 'at', 'counts as'], (answer.contacts ?? []).map((one) => row(
      one.contact, one.queue, one.at.slice(11, 19), Object.entries(one.counts).map(([name, n]) => `${plain(name)} ${precisely(n)}`).join(', '),
    )), { class: 'private' }),
    ...remarks(answer).map((words) => paragraph(words, { class: 'quiet' })),
  ];
}

function remarks(answer) {
  const older = Object.entries(answer.not_kept).map(([name, n]) => `${plain(name)} ${precisely(n)}`);
  return [
    answer.contacts === null ? "Counted from agents' states, not from contacts." : '',
    answer.contacts_more ? `${answer.contacts_more} more contacts are kept and not listed.` : '',
    older.length ? `Older than what is kept of contacts: ${older.join(', ')}.` : '',
    answer.trust.silent_sources.length ? `Silent: ${answer.trust.silent_sources.join(', ')}. The number may be quieter than the floor.` : '',
    answer.missing_partitions.length ? `${answer.missing_partitions.length} partitions are not in it: other workers count them.` : '',
  ].filter(Boolean);
}
