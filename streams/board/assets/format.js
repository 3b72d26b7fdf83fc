// Numbers as people read them. Nothing to show is a dash, never 0.

export const NOTHING = '–';

/** A whole percentage, cut, not rounded: 79.9 % of a goal of 80 % must not read as 80 %. */
export function wholePercent(ratio) {
  return ratio === null ? NOTHING : String(Math.floor(ratio * 100 + 1e-9));
}

/** A percentage with one decimal. */
export function percent(ratio) {
  return ratio === null ? NOTHING : (ratio * 100).toFixed(1);
}

/** `0:42`, `12:05`; from an hour on `1h02`, from ten hours `14h`, from two days `3d`. */
export function span(seconds) {
  if (seconds === null) return NOTHING;
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)}d`;
  if (hours >= 10) return `${hours}h`;
  if (hours) return `${hours}h${String(minutes % 60).padStart(2, '0')}`;
  return `${minutes}:${String(whole % 60).padStart(2, '0')}`;
}

/** A limit as people say it: `20 s`, `2 min`, `4 h`. */
export function limit(seconds) {
  if (seconds >= 7200 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds >= 120 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${+seconds.toFixed(1)} s`;
}

/** A limit as a percentage without needless decimals: `5 %`, `2.5 %`. */
export function goal(ratio) {
  return `${+(ratio * 100).toFixed(1)} %`;
}

/** How long ago, in words that do not flicker: `3 s`, `4 min`, `2 h`. */
export function ago(seconds) {
  if (seconds < 100) return `${Math.floor(seconds)} s`;
  if (seconds < 6000) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/** A time of day in the floor's zone. */
export function timeOfDay(ms, timeZone, seconds = true) {
  const style = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone };
  return new Intl.DateTimeFormat('en-GB', seconds ? { ...style, second: '2-digit' } : style).format(ms);
}

/** A window in words: `30 min`, `1 h`, `today`. */
export function windowName(name) {
  const found = /^(\d+)([smhd])$/.exec(name);
  return found ? `${found[1]} ${{ s: 's', m: 'min', h: 'h', d: 'd' }[found[2]]}` : name;
}

/** A value of a KPI by its unit, for tables. */
export function byUnit(value, unit) {
  if (value === null || value === undefined) return NOTHING;
  if (unit === 'ratio') return `${percent(value)} %`;
  if (unit === 'seconds') return value < 60 ? `${value.toFixed(1)} s` : span(value);
  return value.toFixed(1);
}
