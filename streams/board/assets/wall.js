// `<queue-wall>`: the queues as tiles or lines, in pages when there are more than can be read at once. A table to a screen reader.

import { make, mark } from './dom.js';
import { arrange, asLines, isWide, lineUnit, linesPerPage, perPage, stripUnit } from './layout.js';
import { COLUMNS } from './tile.js';

const NARROW = 700; // px: a telephone scrolls, a wall does not
const EDGES = 22; // px, above and below (base.css)
const GAP = 14;
const root = document.documentElement;

/** A row's identity: a queue in two channels is two rows. */
export const idOf = (row) => `${row.kind}|${row.queue}|${row.channel}`;

class QueueWall extends HTMLElement {
  tiles = new Map();
  page = 0;
  pages = 1;
  perPage = 0; // of the address; 0: as many as fit

  connectedCallback() {
    mark(this, 'role', 'table');
    mark(this, 'aria-label', 'Queues');
    this.append(
      make('div', { role: 'row', class: 'unseen' }, ...COLUMNS.map((name) => make('span', { role: 'columnheader' }, name))),
    );
    new ResizeObserver(() => this.place()).observe(this);
    this.addEventListener('keydown', (event) => this.move(event));
  }

  /** Show these rows; `context(row)` is what a tile needs beside its row. */
  show(rows, context) {
    const known = new Set(rows.map(idOf));
    for (const [id, tile] of this.tiles) {
      if (!known.has(id)) {
        tile.remove();
        this.tiles.delete(id);
      }
    }
    let before = this.firstElementChild;
    for (const row of rows) {
      const id = idOf(row);
      let tile = this.tiles.get(id);
      if (!tile) {
        tile = make('queue-tile');
        this.tiles.set(id, tile);
      }
      if (before.nextElementSibling !== tile) before.after(tile); // moving a tile would take its focus
      tile.show(row, context(row));
      before = tile;
    }
    this.order = rows.map(idOf);
    this.place();
  }

  turn(by) {
    this.page = (this.page + by + this.pages) % this.pages;
    this.place();
  }

  /** The rows of other pages. */
  get unseen() {
    return this.order.filter((id) => this.tiles.get(id).hidden);
  }

  place() {
    const n = this.order?.length ?? 0;
    if (!n || !this.clientWidth) return;
    const [width, screen, shared] = [this.clientWidth, innerHeight, this.shared(innerHeight)];
    const scrolls = width < NARROW && !this.perPage;
    const asked = Math.min(n, this.perPage || n);
    const lines = !scrolls && asLines(asked, width, shared, screen);
    const fit = lines ? linesPerPage(n, width, shared, screen) : perPage(n, width, this.clientHeight);
    const count = scrolls ? n : this.perPage ? asked : fit;
    this.pages = Math.ceil(n / count);
    this.page = Math.min(this.page, this.pages - 1);
    const { columns, rows } = lines ? { columns: 1, rows: count } : arrange(count, width, this.clientHeight);
    mark(this, 'data-scrolls', scrolls ? '' : null);
    this.style.setProperty('--columns', scrolls ? 1 : columns);
    this.style.setProperty('--rows', scrolls ? 'auto' : rows);
    mark(this, 'data-lines', lines ? '' : null);
    mark(root, 'data-wide', !scrolls && isWide(width, screen) ? '' : null);
    const unit = lines ? lineUnit(count, width, this.shared(screen, '#banner')) : stripUnit(width, screen);
    root.style.setProperty('--step', `${unit.toFixed(3)}px`);
    this.order.forEach((id, place) => {
      this.tiles.get(id).hidden = Math.floor(place / count) !== this.page;
    });
  }

  /** The height that the strip and the queues share: of the screen what footer, gaps and `others` leave. */
  shared(screen, others = '') {
    const taken = [...document.querySelectorAll(['footer', others].filter(Boolean).join())].filter((node) => !node.hidden);
    return taken.reduce((left, node) => left - node.offsetHeight - GAP, screen - EDGES - GAP);
  }

  /** Arrow keys go from tile to tile as they lie on the wall. */
  move(event) {
    const here = event.target.closest('queue-tile');
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!here || !steps) return;
    const centre = (tile) => {
      const box = tile.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [x, y] = centre(here);
    const distance = (tile) => {
      const [dx, dy] = [centre(tile)[0] - x, centre(tile)[1] - y];
      const ahead = dx * steps[0] + dy * steps[1];
      return ahead > 1 ? ahead + 3 * Math.abs(dx * steps[1] + dy * steps[0]) : Infinity;
    };
    const others = [...this.tiles.values()].filter((tile) => tile !== here && !tile.hidden);
    const next = others.sort((one, other) => distance(one) - distance(other))[0];
    if (next && distance(next) < Infinity) next.link.focus();
    event.preventDefault();
  }
}

customElements.define('queue-wall', QueueWall);
