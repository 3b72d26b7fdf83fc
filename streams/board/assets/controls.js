// Theme, privacy, sound, full screen: a row of buttons, and what a wall does for its screen by itself.

import { make, mark, say } from './dom.js';

const THEMES = ['auto', 'light', 'dark'];
const SHIFTS = [[0, 0], [3, 1], [1, 3], [-2, 2], [-3, -1], [-1, -3], [2, -2], [3, -1]]; // px, one a minute
const SHIFT_MS = 60_000;
const root = document.documentElement;

/** Remembered choices; what the address asks for wins over what was chosen. */
const remembered = (name) => localStorage.getItem(`queuepulse.${name}`);
const remember = (name, value) => localStorage.setItem(`queuepulse.${name}`, value);

export const isPrivate = () => root.hasAttribute('data-privacy');

/** Fill `bar`. `onPrivacy()` is called when privacy was switched. */
export function furnish(bar, address, alarm, onPrivacy) {
  let theme = address.theme ?? remembered('theme') ?? 'auto';
  const paper = make('button', { type: 'button' });
  const dress = () => {
    mark(root, 'data-theme', theme === 'auto' ? null : theme);
    say(paper, `Theme: ${theme}`);
  };
  paper.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    remember('theme', theme);
    dress();
  });
  dress();

  const privacy = make('button', { type: 'button' }, 'Privacy');
  const cover = (on) => {
    mark(root, 'data-privacy', on ? '' : null);
    mark(privacy, 'aria-pressed', String(on));
  };
  privacy.addEventListener('click', () => {
    cover(!isPrivate());
    remember('privacy', isPrivate() ? '1' : '0');
    onPrivacy();
  });
  cover(address.privacy ?? remembered('privacy') === '1');

  const sound = make('button', { type: 'button', 'aria-pressed': 'false' }, 'Sound');
  sound.addEventListener('click', async () => mark(sound, 'aria-pressed', String(await alarm.toggle())));

  const full = make('button', { type: 'button' }, 'Full screen');
  full.addEventListener('click', () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()));
  bar.append(paper, privacy, sound, full, make('a', { href: '/about' }, 'About'));
}

/** Move everything by a few pixels once a minute, so that nothing burns into the screen. */
export function keepMoving(stage) {
  let n = 0;
  setInterval(() => {
    n = (n + 1) % SHIFTS.length;
    stage.style.setProperty('--shift-x', `${SHIFTS[n][0]}px`);
    stage.style.setProperty('--shift-y', `${SHIFTS[n][1]}px`);
  }, SHIFT_MS);
}

/** Hide the pointer of a screen nobody points at. */
export function hideIdlePointer() {
  let timer;
  const wake = () => {
    root.removeAttribute('data-idle');
    clearTimeout(timer);
    timer = setTimeout(() => root.setAttribute('data-idle', ''), 3000);
  };
  addEventListener('pointermove', wake);
  wake();
}
