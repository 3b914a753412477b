/** The client of a page: asks for offers, shows them or the page's own default, tells what happens. */

import type { Facts, Identity, RecommendRequest, RecommendResponse } from "./api.js";
import { call, EdgeError, type EdgeOptions } from "./edge.js";
import { Events, newId } from "./events.js";
import { fill, type Slot } from "./slots.js";

export type * from "./api.js";
export { EdgeError, type EdgeOptions, type Slot };

export interface Options extends EdgeOptions {
  /** Without it WEB. */
  channel?: string;
  /** Whom the page is for, where the page itself knows; else a visitor of its own. */
  identities?: Identity[];
  /** Told what failed; nothing is thrown into the page. */
  onError?: (error: Error) => void;
}

interface Issued {
  visitorId: string;
}

const KEPT = "touchpoint.visitor";
const DEADLINE_MS = 150;

export class Touchpoint {
  private readonly _edge: Options;
  private readonly _events: Events;
  private readonly _session = newId();
  private readonly _who: Promise<Identity[]>;
  private _known: Identity[] = [];

  constructor(options: Options = {}) {
    this._edge = { ...options };
    this._events = new Events(this._edge, (error) => this._edge.onError?.(error));
    this._who = options.identities ? Promise.resolve(options.identities) : this._visitor();
  }

  /** Says that the visitor is a customer, as the token of the shop's backend proves. */
  signIn(customerId: string, customerToken?: string): void {
    this._known = [{ kind: "customer", value: customerId }];
    if (customerToken) this._edge.customerToken = customerToken;
    this.track("login");
  }

  /** Tells what happened; sent with others within a second. */
  track(type: string, facts: Facts = {}): void {
    const known = this._known;
    void this._who.then((who) =>
      this._events.add({
        type,
        channel: this._edge.channel || "WEB",
        sessionId: this._session,
        identities: [...known, ...who],
        ...facts,
      }),
    );
  }

  /** Sends what waits now. */
  async flush(): Promise<void> {
    await this._who;
    await this._events.flush();
  }

  /** Asks what to show; undefined where no answer came in time. Never throws. */
  async recommend(
    request: RecommendRequest,
    timeoutMs: number = DEADLINE_MS,
  ): Promise<RecommendResponse | undefined> {
    const began = Date.now();
    try {
      const identities = [...this._known, ...(await within(this._who, timeoutMs))];
      const asked = {
        channel: this._edge.channel || "WEB",
        ...request,
        identities,
        context: { sessionId: this._session, ...request.context },
      };
      const leftMs = timeoutMs - (Date.now() - began);
      return await call<RecommendResponse>(this._edge, "Recommend", asked, leftMs);
    } catch (error) {
      this._edge.onError?.(error as Error);
      return undefined;
    }
  }

  /**
   * Fills boxes by one decision, no item twice, and tells what of it is seen and clicked. A box that
   * nothing came for in time keeps the page's own content; none changes its size.
   */
  fill(
    slots: Slot[],
    request: Omit<RecommendRequest, "placements"> = {},
    timeoutMs: number = DEADLINE_MS,
  ): Promise<number> {
    const answer = (held: Slot[]) => {
      const placements = held.map(({ placement, limit }) => (limit ? { placement, limit } : { placement }));
      return this.recommend({ ...request, placements }, timeoutMs);
    };
    return fill(slots, answer, (type, facts) => this.track(type, facts));
  }

  /** Returns the visitor of this browser: issued by the edge where the page has a key. */
  private async _visitor(): Promise<Identity[]> {
    let value = kept();
    if (!value) {
      value = newId();
      try {
        if (this._edge.key) value = (await call<Issued>(this._edge, "NewVisitor", {}, 5000)).visitorId;
        keep(value);
      } catch (error) {
        this._edge.onError?.(error as Error); // the next page asks again
      }
    }
    return [{ kind: "visitor", value }];
  }
}

function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const late = new Promise<never>((_, fail) =>
    setTimeout(() => fail(new EdgeError("late", "deadline_exceeded")), ms),
  );
  return Promise.race([promise, late]);
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // no storage: outside of browsers, or forbidden
  }
}

function keep(value: string): void {
  try {
    localStorage.setItem(KEPT, value);
  } catch {
    /* then the next page has another visitor */
  }
}
