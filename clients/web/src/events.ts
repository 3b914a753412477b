/** Events on their way: some at a time, again until they arrived, and also out of a page that is left. */

import type { Event, TrackResponse } from "./api.js";
import { beacon, call, EdgeError, type EdgeOptions } from "./edge.js";

const TOGETHER = 50;
const PAUSE_MS = 1000;
const TIMEOUT_MS = 5000;
/** Longest pause between tries. */
const LONGEST_MS = 60_000;
const MOST = 1000;
/** Browsers hold 64 KiB of beacons at once. */
const BEACON = 60_000;
const KEPT = "touchpoint.events";

export class Events {
  private _waiting: Event[] = recalled();
  private _sending: Event[] = [];
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _failures = 0;
  /** How far the edge's clock is ahead of this device's, ms. */
  private _aheadMs = 0;

  constructor(
    private readonly _edge: EdgeOptions,
    private readonly _failed: (error: Error) => void,
  ) {
    if (this._waiting.length) this._later(PAUSE_MS);
    if (typeof addEventListener === "undefined") return;
    addEventListener("pagehide", () => this.leave());
    addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.leave();
    });
  }

  /** Takes an event; the oldest give way to it where more than 1,000 wait. */
  add(event: Omit<Event, "eventId" | "time">): void {
    const time = new Date(Date.now() + this._aheadMs).toISOString();
    this._waiting.push({ ...event, eventId: newId(), time });
    if (this._waiting.length > MOST) this._waiting.shift();
    if (this._waiting.length >= TOGETHER && !this._failures) void this.flush();
    else this._later(PAUSE_MS);
  }

  /** Sends what waits, unless some is under way; never throws. */
  async flush(): Promise<void> {
    clearTimeout(this._timer);
    this._timer = undefined;
    if (this._sending.length || !this._waiting.length) return;
    const sending = (this._sending = this._waiting.splice(0, TOGETHER));
    let pauseMs = PAUSE_MS;
    try {
      const answer = await call<TrackResponse>(
        this._edge, "Track", { events: sending }, TIMEOUT_MS, (response) => this._seen(response),
      );
      this._failures = 0;
      for (const each of answer.rejected || []) {
        this._failed(new EdgeError(`${each.code}: ${each.message}`, "rejected"));
      }
    } catch (error) {
      const { retryMs } = error as EdgeError;
      if (retryMs) {
        this._waiting.unshift(...this._sending);
        pauseMs = Math.min(retryMs * 2 ** this._failures++, LONGEST_MS) * (0.5 + Math.random());
      }
      this._failed(error as Error);
    }
    this._sending = [];
    if (this._waiting.length) this._later(pauseMs);
  }

  /**
   * Gives all that has not arrived to the browser to post. What is under way goes once more, as the
   * page may take its answer along: the same event counts once. What there is no room for is kept
   * for the next page of this tab.
   */
  leave(): void {
    let all = [...this._sending, ...this._waiting];
    this._waiting = [];
    while (all.length) {
      let size = all.length;
      while (size > 1 && JSON.stringify(all.slice(0, size)).length > BEACON) size >>= 1;
      if (!beacon(this._edge, { events: all.slice(0, size) })) break;
      all = all.slice(size);
    }
    remember(all);
  }

  private _later(ms: number): void {
    this._timer ??= setTimeout(() => void this.flush(), ms);
  }

  private _seen(response: Response): void {
    const ahead = Date.parse(response.headers.get("date") || "") - Date.now();
    this._aheadMs = Math.abs(ahead) > 60_000 ? ahead : 0;
  }
}

/** 128 random bits; `crypto.randomUUID` is missing in pages without TLS. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function recalled(): Event[] {
  try {
    const kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    return JSON.parse(kept || "[]");
  } catch {
    return []; // no storage: outside of browsers, or forbidden
  }
}

function remember(events: Event[]): void {
  try {
    if (events.length) sessionStorage.setItem(KEPT, JSON.stringify(events));
  } catch {
    /* then they are lost */
  }
}
