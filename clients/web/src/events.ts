/** Events on their way: some at a time, again until they arrived, and also out of a page that is left. */

import type { Event, Identity, TrackResponse } from "./api.js";
import { attempt } from "./attempt.js";
import { beacon, call, type Edge, EdgeError, pauseMs } from "./edge.js";

const TOGETHER = 50;
const PAUSE_MS = 1000;
const TIMEOUT_MS = 5000;
const MOST = 1000;
const KEPT = "touchpoint.events";

export class Events {
  private _waiting: Event[];
  private _sending: Event[] = [];
  /** What was given to the browser to post: whether it arrived nobody says. */
  private _posted = new WeakSet<Event>();
  private _started?: true;
  private _timer?: number;
  private _failures = 0;

  /** `who` may get its values later, but before `start`. */
  constructor(
    private readonly _edge: Edge,
    who: Identity[],
    private readonly _failed: (error: Error) => void,
  ) {
    this._waiting = attempt(() => recalled(who)) || [];
    attempt(() => {
      addEventListener("pagehide", () => this.leave());
      addEventListener("visibilitychange", () => document.hidden && this.leave());
    });
  }

  /** Begins to send, as it is known by now whom events are of. */
  start(): void {
    this._started = true;
    if (this._waiting.length) this._later(PAUSE_MS);
  }

  /** Takes an event; the oldest give way to it where more than 1,000 wait. */
  add(event: Omit<Event, "eventId" | "time">): void {
    const time = new Date(Date.now() + this._edge._aheadMs).toISOString();
    this._waiting.push({ ...event, eventId: newId(), time });
    if (this._waiting.length > MOST) this._waiting.shift();
    if (this._waiting.length >= TOGETHER && !this._failures) void this.flush();
    else this._later(PAUSE_MS);
  }

  /** Sends what waits, unless some is under way or it is unknown yet of whom it is; never throws. */
  async flush(): Promise<void> {
    clearTimeout(this._timer);
    this._timer = 0;
    if (!this._started || this._sending.length || !this._waiting.length) return;
    const sending = (this._sending = this._waiting.splice(0, TOGETHER));
    let pause = PAUSE_MS;
    try {
      const answer = await call<TrackResponse>(this._edge, "Track", { events: sending }, TIMEOUT_MS);
      this._failures = 0;
      answer.rejected?.forEach(({ code, message }) => {
        this._failed(new EdgeError(`${code}: ${message}`, "rejected"));
      });
    } catch (error) {
      const { retryMs } = error as EdgeError;
      if (retryMs) {
        this._waiting.unshift(...sending);
        pause = pauseMs(retryMs, this._failures++);
      }
      this._failed(error as Error);
    }
    this._sending = [];
    if (this._waiting.length) this._later(pause);
  }

  /**
   * Gives all that has not arrived to the browser to post, once: it may be refused there, so it is
   * told again by this page if it lives on, else by the next page of this tab. The same event counts
   * once.
   */
  leave(): void {
    const all = [...this._sending, ...this._waiting];
    attempt(() => sessionStorage.setItem(KEPT, JSON.stringify(all)));
    const left = this._started ? all.filter((each) => !this._posted.has(each)) : [];
    for (let size = left.length; size && left.length; ) {
      const events = left.slice(0, size);
      if (attempt(() => beacon(this._edge, { events }))) {
        for (const each of left.splice(0, size)) this._posted.add(each);
      } else size >>= 1; // a browser has room for 64 KiB
    }
  }

  private _later(ms: number): void {
    if (!this._timer) this._timer = setTimeout(() => this.flush(), ms);
  }
}

/** 128 random bits; `crypto.randomUUID` is missing in pages without TLS. */
export function newId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** Takes what the page before this one in the tab kept; without a visitor yet, it is of `who`. */
function recalled(who: Identity[]): Event[] {
  const kept: Event[] = JSON.parse(sessionStorage.getItem(KEPT) || "[]");
  sessionStorage.removeItem(KEPT);
  for (const each of kept) each.identities = each.identities.flatMap((one) => (one.value ? one : who));
  return kept;
}
