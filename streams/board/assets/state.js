// Fine, at risk, breach: a word and a sign, and only then a colour.

import { draw, make, mark, say } from './dom.js';

const STATES = {
  breach: { word: 'breach', path: 'M5 5 19 19M19 5 5 19' },
  at_risk: { word: 'at risk', path: 'M12 4 21 20H3Z' },
  fine: { word: 'fine', path: 'M4 13 9.5 18.5 20 6' },
  none: { word: 'no contacts', path: 'M5 12H19' },
  stale: { word: 'stale', path: 'M7 4H17L7 20H17Z' },
};

export const WORDS = Object.fromEntries(Object.entries(STATES).map(([name, { word }]) => [name, word]));

/** The worst of several states, and which of them it is; `none` when nothing is judged. */
export function worst(states) {
  for (const state of ['breach', 'at_risk', 'fine']) {
    const cause = Object.keys(states).find((name) => states[name] === state);
    if (cause) return { state, cause };
  }
  return { state: 'none', cause: null };
}

/** `<state-mark>`: the sign and the word of a state. `show(state, word)`; a word of its own wins over the usual one. */
class StateMark extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    this.path = draw('path');
    this.word = make('span');
    this.append(draw('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }, this.path), this.word);
  }

  show(state, word = STATES[state].word) {
    mark(this, 'data-state', state);
    mark(this.path, 'd', STATES[state].path);
    say(this.word, word);
  }
}

customElements.define('state-mark', StateMark);
