// Wires the stream to the page: four times a second everything is painted from the latest snapshot and its age.

import './spark.js';
import './tile.js';
import './floor.js';
import './detail.js';
import { choose, parse, place } from './address.js';
import { furnish, hideIdlePointer, keepMoving } from './controls.js';
import { make, mark, say } from './dom.js';
import { Feed } from './feed.js';
import { ago, windowName } from './format.js';
import { History } from './history.js';
import { standing, titleOf } from './tile.js';
import { Alarm, Teller } from './tell.js';
import { idOf } from './wall.js';

const PAINT_MS = 250;
const HOLD_MS = 60_000; // who turned a page by hand reads it
const MOST_EXTRA_SECONDS = 10; // a clock that runs on without news is a guess, and soon a lie
const byId = (id) => document.getElementById(id);
const [floor, wall, detail, banner, notice] = ['floor', 'wall', 'detail', 'banner', 'notice'].map(byId);
const address = parse(location.search);
const history = new History();
const alarm = new Alarm();
const teller = new Teller(byId('announcer'), alarm);
const feed = new Feed(take, () => history.forget());
let snapshot = null;
let turnedAt = performance.now(); // when the page was turned, or will have been thought to be
let opened = null; // the link to go back to when the detail view closes

function take(latest) {
  if (snapshot && snapshot.page !== latest.page) return renew();
  snapshot = latest;
  history.recall(idOf);
  for (const row of [latest.floor, ...latest.queues, ...latest.groups]) {
    history.add(idOf(row), latest.as_of_ms, row.waiting, row.service_level);
  }
  paint();
}

/** The worker serves another version of this page: a kiosk takes it, a person is told. */
function renew() {
  if (address.kiosk) location.reload();
  else if (!byId('renew')) byId('controls').prepend(make('a', { id: 'renew', href: location.href }, 'A newer page is here: reload'));
}

function paint() {
  const stale = feed.silent || !snapshot || snapshot.stale;
  mark(document.documentElement, 'data-stale', stale ? '' : null);
  tellTrust(stale);
  if (!snapshot) return;
  const rows = choose(snapshot, address.queues);
  const live = snapshot.clock === 'wall';
  const extra = live ? Math.min(feed.silence, MOST_EXTRA_SECONDS) : 0;
  const now = snapshot.as_of_ms;
  const context = (row) => ({ extra, stale, now, live, window: snapshot.window, points: history.of(idOf(row)) });
  floor.show(snapshot, { extra, stale, age: age() });
  wall.show(rows, context);
  teller.take([snapshot.floor, ...rows], stale);
  const here = detail.place && choose(snapshot, [detail.place.queue]).find((row) => row.channel === detail.place.channel);
  if (here) detail.show(here, context(here));
  tellNotice(rows);
  const breaches = rows.filter((row) => standing(row, stale).state === 'breach').length;
  document.title = stale ? 'Stale: the floor' : `${breaches ? `${breaches} in breach: ` : ''}the floor`;
  tellPages(rows, stale);
}

/** Which page is shown, and what is in breach on the others. */
function tellPages(rows, stale) {
  const pages = byId('pages');
  pages.hidden = wall.pages < 2 || !!detail.place;
  const unseen = rows.filter((row) => wall.unseen.includes(idOf(row)) && standing(row, stale).state === 'breach');
  const names = unseen.map(titleOf).join(', ');
  say(pages, `page ${wall.page + 1} of ${wall.pages}${names ? `; in breach on another: ${names}` : ''}`);
}

/** Seconds since the source heard of last was heard of; null before the first. */
function age() {
  if (!snapshot || snapshot.age_seconds === null) return null;
  return snapshot.age_seconds + (snapshot.clock === 'wall' || feed.silent ? feed.silence : 0);
}

function tellTrust(stale) {
  let words = '';
  const late = snapshot?.sources.filter((source) => source.stale) ?? [];
  if (feed.silent) words = `No word from the worker for ${ago(feed.silence)}. ${snapshot ? 'These are the last numbers known.' : ''}`;
  else if (snapshot && !snapshot.sources.length) words = 'No event has arrived yet.';
  else if (snapshot?.stale) words = `No source has been heard of for ${ago(age())}. These are the last numbers known.`;
  else if (snapshot?.recovering) words = `Being restored: ${snapshot.recovering} partitions. The numbers are not complete yet.`;
  else if (snapshot?.missing) words = `Not in these numbers: ${snapshot.missing} partitions, which other workers count.`;
  else if (late.length) words = `Silent: ${late.map(({ source, staleness_seconds: s }) => `${source} (${ago(s)})`).join(', ')}. Its queues may look quieter than they are.`;
  say(banner, words);
  banner.hidden = !words;
  mark(banner, 'data-level', stale ? 'stale' : 'warning');
  const what = snapshot ? `${windowName(snapshot.window)} window; ${snapshot.sources.length} sources; the line: waiting, last 15 min; today: service level` : '';
  say(byId('trust'), what);
}

function tellNotice(rows) {
  const unknown = (address.queues ?? []).filter((name) => !rows.some((row) => row.queue === name));
  const words = unknown.length ? `Nothing heard of yet: ${unknown.join(', ')}.` : rows.length ? '' : 'No contacts yet.';
  say(notice, words);
  notice.hidden = !words || !!detail.place;
}

/** Turn the page when it is time: not under somebody's fingers, nor while a queue is looked at closely. */
function rotate() {
  const due = performance.now() - turnedAt >= address.rotateSeconds * 1000;
  if (!address.rotateSeconds || !due || wall.pages < 2 || detail.place || wall.matches(':focus-within')) return;
  wall.turn(1);
  turnedAt = performance.now();
}

function go() {
  const here = place(location.hash);
  if (here && !detail.place) opened = document.activeElement?.closest('a');
  mark(document.documentElement, 'data-detail', here ? '' : null);
  wall.hidden = !!here;
  detail.open(here);
  paint();
  if (!here) opened?.focus();
}

addEventListener('hashchange', go);
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && detail.place && !detail.explainer.isOpen) location.hash = '';
  if (!detail.place && ['PageUp', 'PageDown'].includes(event.key) && wall.pages > 1) {
    wall.turn(event.key === 'PageDown' ? 1 : -1);
    turnedAt = performance.now() + HOLD_MS;
    event.preventDefault();
  } else if (!detail.place && event.key.startsWith('Arrow') && document.activeElement === document.body && wall.order) {
    wall.querySelector('queue-tile:not([hidden]) a')?.focus();
    event.preventDefault();
  }
});
furnish(byId('controls'), address, alarm, () => detail.open(detail.place));
keepMoving(byId('stage'));
mark(document.documentElement, 'data-kiosk', address.kiosk ? '' : null);
if (address.kiosk) hideIdlePointer();
wall.perPage = address.perPage;
setInterval(() => {
  feed.watch();
  rotate();
  paint();
}, PAINT_MS);
feed.open();
go();
