// How the queues lie on the wall: as tiles, or as the lines of one table; as large as they can be. Pure.

const IDEAL_WIDTH = 600; // a tile's proportions; at this size its text is as designed
const IDEAL_HEIGHT = 440;
const SMALLEST = 0.5; // of that: any smaller can't be read, and the rest goes to another page
const TILE_LABEL = 27.5; // px, at the designed size
const GAP = 14;

// A line's measures in its unit, of which the table is 192 wide (lines.css).
const TABLE = 192;
const STRIP = 18.6;
const LINE = 11;
const BETWEEN = 0.8;
const LINE_LABEL = 4.4;
const SCREEN = 110; // so many units high is a screen whose text is as designed
const WIDE = 1.2; // times as wide as high
const READABLE = 0.97; // of that: fewer lines rather than smaller ones
const FEWEST = 3; // lines: one or two fill no table
const CLEARER = 1.1; // lines only where they are so much larger: tiles say more

/** `{columns, rows, scale}` of the arrangement of `n` tiles that shows them largest. */
export function arrange(n, width, height) {
  let best = { columns: 1, rows: Math.max(1, n), scale: 0 };
  for (let columns = 1; columns <= Math.max(1, n); columns += 1) {
    const rows = Math.ceil(n / columns);
    const tileWidth = (width - GAP * (columns - 1)) / columns;
    const tileHeight = (height - GAP * (rows - 1)) / rows;
    const scale = Math.min(tileWidth / IDEAL_WIDTH, tileHeight / IDEAL_HEIGHT);
    if (scale > best.scale) best = { columns, rows, scale };
  }
  return best;
}

/** How many of `n` tiles fit on one page and can still be read; at least one. */
export function perPage(n, width, height) {
  let count = n;
  while (count > 1 && arrange(count, width, height).scale < SMALLEST) count -= 1;
  return evenly(n, Math.max(1, count));
}

/** The unit of `n` lines, in px, where the strip and they share `height`. */
export const lineUnit = (n, width, height) => Math.min(width / TABLE, height / (STRIP + LINE * n + BETWEEN * (n - 1)));

/** How many of `n` lines fit on one page of a screen without becoming smaller than they should be; at least one. */
export function linesPerPage(n, width, height, screen) {
  const least = READABLE * stripUnit(width, screen);
  let count = n;
  while (count > 1 && lineUnit(count, width, height) < least) count -= 1;
  return evenly(n, count);
}

/** Whether a screen is so wide that the strip can be the head of a table. */
export const isWide = (width, screen) => width > WIDE * screen;

/** The unit of the strip above tiles. */
export const stripUnit = (width, screen) => Math.min(width / TABLE, screen / SCREEN);

/** Whether `n` rows are read better as lines than as tiles; `height` is what the strip and they share. */
export function asLines(n, width, height, screen) {
  if (n < FEWEST || !isWide(width, screen)) return false;
  const unit = lineUnit(linesPerPage(n, width, height, screen), width, height);
  return LINE_LABEL * unit > CLEARER * TILE_LABEL * arrange(n, width, height - STRIP * unit).scale;
}

/** The least on a page with as many pages: 4 and 4, not 7 and 1. */
const evenly = (n, most) => Math.ceil(n / Math.ceil(n / most));
