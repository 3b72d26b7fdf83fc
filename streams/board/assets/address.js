// What the address asks for: ?queue=a,b &rotate=20 &per=2 &kiosk &privacy=1 &theme=dark, and #/queue/channel.

const TURN_SECONDS = 15; // where there are more queues than can be read at once, and nobody said otherwise

export function parse(search) {
  const query = new URLSearchParams(search);
  const list = query.getAll('queue').flatMap((names) => names.split(',')).map((name) => name.trim()).filter(Boolean);
  const rotate = Math.max(0, Number(query.get('rotate')) || 0);
  return {
    queues: list.length ? list : null,
    rotateSeconds: query.has('rotate') ? rotate && Math.max(3, rotate) : TURN_SECONDS,
    perPage: Math.max(0, Math.floor(Number(query.get('per')) || 0)) || (rotate ? 1 : 0),
    kiosk: query.has('kiosk') || rotate > 0,
    privacy: query.has('privacy') ? query.get('privacy') !== '0' : null,
    theme: ['light', 'dark'].includes(query.get('theme')) ? query.get('theme') : null,
  };
}

/** The rows asked for, in that order: queues, groups, or the floor as ALL; every queue when nothing was asked for. */
export function choose(snapshot, names) {
  if (!names) return snapshot.queues;
  const all = [...snapshot.queues, ...snapshot.groups, snapshot.floor];
  return names.flatMap((name) => all.filter((row) => row.queue === name));
}

/** The queue and channel of `#/queue/channel`; null for the wall. */
export function place(hash) {
  const found = /^#\/([^/]+)\/([^/]*)$/.exec(hash);
  try {
    return found && { queue: decodeURIComponent(found[1]), channel: decodeURIComponent(found[2]) };
  } catch (error) {
    if (error instanceof URIError) return null; // typed by hand, and wrong
    throw error;
  }
}
