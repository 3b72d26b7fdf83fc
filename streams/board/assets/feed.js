// The stream of snapshots: it comes back by itself, and knows how long it has been silent.

const SILENT_SECONDS = 10;
const AGAIN_MS = 2_000;

/** A wall whose login has expired, or whose worker has another token now, shows the form instead of old numbers. */
async function askForLogin() {
  const answer = await fetch('/api/kpis', { method: 'HEAD' }).catch(() => null); // no connection: it comes back
  if (answer?.status === 401) location.reload();
}

export class Feed {
  /** `onSnapshot(snapshot)` is called for each, `onOpen()` for each new connection. Nothing is asked for before `open`. */
  constructor(onSnapshot, onOpen, url = '/api/events') {
    this.onSnapshot = onSnapshot;
    this.onOpen = onOpen;
    this.url = url;
    this.heard = performance.now();
    this.source = null;
  }

  open() {
    this.source?.close();
    const source = new EventSource(this.url);
    source.addEventListener('snapshot', (event) => {
      this.heard = performance.now();
      this.onSnapshot(JSON.parse(event.data));
    });
    source.addEventListener('open', () => this.onOpen());
    source.addEventListener('error', () => {
      // The browser reconnects after a broken connection, and gives up after a refusal (503): then we try again.
      if (source.readyState === EventSource.CLOSED && this.source === source) {
        this.again();
        askForLogin();
      }
    });
    this.source = source;
    this.opened = performance.now();
  }

  again() {
    this.source?.close();
    this.source = null;
    setTimeout(() => this.open(), AGAIN_MS * (1 + Math.random())); // not all walls in the same moment
  }

  /** Seconds since the last snapshot, or since the page began to wait for one. */
  get silence() {
    return (performance.now() - this.heard) / 1000;
  }

  get silent() {
    return this.silence > SILENT_SECONDS;
  }

  /** A connection that looks open and says nothing is a dead one: open another. Call it now and then. */
  watch() {
    const waited = (performance.now() - Math.max(this.heard, this.opened ?? 0)) / 1000;
    if (this.source && waited > SILENT_SECONDS) this.again();
  }
}
