// What a change of state is told by, beside the picture: words for a screen reader, and a sound for those who want it.

import { say } from './dom.js';
import { standing, titleOf } from './tile.js';
import { idOf } from './wall.js';

/** Watches states from snapshot to snapshot. The first snapshot tells nothing: nothing has changed yet. */
export class Teller {
  constructor(announcer, alarm) {
    this.announcer = announcer;
    this.alarm = alarm;
    this.known = null;
    this.staleness = null;
  }

  take(rows, stale) {
    const said = [];
    const now = new Map(rows.map((row) => [idOf(row), standing(row, false)]));
    if (this.staleness !== null && this.staleness !== stale) {
      said.push(stale ? 'The numbers are stale.' : 'The numbers are live again.');
    }
    if (this.known && !stale) {
      for (const row of rows) {
        const [was, is] = [this.known.get(idOf(row)), now.get(idOf(row))];
        if (was && was.state !== is.state) {
          said.push(`${titleOf(row)}: ${is.words}.`);
          if (is.state === 'breach') this.alarm.ring();
        }
      }
    }
    if (!stale || !this.known) this.known = now;
    this.staleness = stale;
    if (said.length) say(this.announcer, said.join(' '));
  }
}

/** Two short tones. Silent until switched on by a click: browsers ask for one, and so do people. */
export class Alarm {
  on = false;
  rung = 0;

  async toggle() {
    this.on = !this.on;
    if (this.on) {
      this.context ??= new AudioContext();
      await this.context.resume();
      this.ring(0.05);
    }
    return this.on;
  }

  ring(loudness = 0.25) {
    if (!this.on) return;
    this.rung += 1;
    [660, 880].forEach((pitch, n) => {
      const at = this.context.currentTime + n * 0.18;
      const [tone, volume] = [this.context.createOscillator(), this.context.createGain()];
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(loudness, at);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.16);
      tone.connect(volume).connect(this.context.destination);
      tone.start(at);
      tone.stop(at + 0.17);
    });
  }
}
