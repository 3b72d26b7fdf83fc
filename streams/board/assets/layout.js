// How many tiles in how many columns: as large as they can be. Pure.

const IDEAL_WIDTH = 600; // a tile's proportions; at this size its text is as designed
const IDEAL_HEIGHT = 440;
const SMALLEST = 0.5; // of that: any smaller can't be read, and the rest goes to another page
const GAP = 14;

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
  return Math.max(1, count);
}
