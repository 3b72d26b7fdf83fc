// What is foreseen of a queue: agents needed and at hand, the service level to come, and how sure that is.

import { make, say } from './dom.js';
import { NOTHING, ago, percent, timeOfDay } from './format.js';
import { frame } from './tables.js';

const whole = (number) => String(Math.round(number));
const people = (number) => (Number.isInteger(number) ? String(number) : number.toFixed(1));
const share = (ratio) => (ratio === null ? NOTHING : `${percent(ratio)} %`);

/** Staffed less required, in words: a sign alone is too easily read the wrong way round. */
const gap = (number) => (number < 0 ? `${people(-number)} too few` : number > 0 ? `${people(number)} to spare` : 'just enough');

function rowsOf(body, lines) {
  while (body.rows.length > lines.length) body.deleteRow(-1);
  lines.forEach((texts, n) => {
    const row = body.rows[n] ?? body.insertRow();
    texts.forEach((text, cell) => say(row.cells[cell] ?? row.insertCell(), text));
  });
}

function nowIn({ staffing }) {
  if (!staffing) return '';
  const level = share(staffing.predicted_service_level);
  return `Now ${people(staffing.staffed)} at work, ${staffing.required} required (${gap(staffing.gap)}); in the long run ${level} in time.`;
}

function soonIn(ahead) {
  if (!ahead) return 'No forecast: none is made yet, or a part of the floor or its agents is not known here.';
  const soon = `In 10 minutes the last 15 will have ${share(ahead.service_level_in_10_minutes)} in time.`;
  if (ahead.breach_chance === undefined || ahead.breach_chance === null) return soon;
  const chance = `Chance that they miss the goal in 5 minutes: ${whole(ahead.breach_chance * 100)} %`;
  return `${soon} ${chance}${ahead.breach_foreseen && !ahead.in_breach ? ' - a breach is foreseen.' : '.'}`;
}

/** The section's content; `show` takes the answer of /api/queue. */
export function ahead() {
  const [present, soon] = [make('p'), make('p', { class: 'soon' })];
  const [levels, agents] = [make('tbody'), make('tbody')];
  const age = make('p', { class: 'quiet' });
  const tables = make(
    'div', {},
    frame('Service level to come', ['in', 'in time', '8 in 10 between', 'arrivals', 'waiting then'], levels),
    frame('Agents to come', ['from', 'an hour', 'required', 'at work', 'gap'], agents),
    age,
  );
  const root = make('div', {}, present, soon, tables);
  const show = ({ queue, ahead: found }) => {
    say(present, nowIn(queue));
    present.hidden = !queue.staffing;
    say(soon, soonIn(found));
    tables.hidden = !found?.horizons;
    if (tables.hidden) return;
    rowsOf(levels, found.horizons.map((one) => [
      `${one.minutes} min`, share(one.service_level),
      one.low === null ? NOTHING : `${whole(one.low * 100)} and ${whole(one.high * 100)} %`,
      whole(one.arrivals), whole(one.waiting),
    ]));
    rowsOf(agents, found.intervals.map((one) => [
      timeOfDay(one.start_ms, queue.timezone, false), whole(one.arrivals_per_hour), String(one.required),
      people(one.staffed), gap(one.gap),
    ]));
    say(age, `Made ${ago(found.age_seconds)} ago; calls as ${found.arrivals_from === 'usual' ? 'on this day of earlier weeks' : 'in the last 15 minutes'}.`);
  };
  return { root, show };
}
