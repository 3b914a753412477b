/** The client of a page: asks for offers, shows them or the page's own default, tells what happens. */

import type { Facts, Identity, PlacementRequest, RecommendRequest, RecommendResponse } from "./api.js";
import { attempt } from "./attempt.js";
import { call, type Edge, EdgeError, type EdgeOptions, pauseMs } from "./edge.js";
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
/** What visitors begin with that the edge issued. */
const ISSUED = "tpv_";
const DEADLINE_MS = 150;

export class Touchpoint {
  private readonly _edge: Edge & Options;
  private readonly _events: Events;
  private readonly _session = newId();
  private readonly _channel: string;
  /** Stands in events from the beginning, and has its value once it is known. */
  private readonly _me: Identity = { kind: "visitor", value: "" };
  private readonly _who: Identity[];
  private readonly _ready: Promise<void>;
  private readonly _failed = (error: Error) => attempt(() => this._edge.onError?.(error));
  private _known: Identity[] = [];

  constructor(options: Options = {}) {
    this._edge = { ...options, _aheadMs: 0 };
    this._channel = options.channel || "WEB";
    this._who = options.identities || [this._me];
    this._events = new Events(this._edge, this._who, this._failed);
    this._ready = options.identities ? Promise.resolve(this._events.start()) : this._visitor();
  }

  /** Says that the visitor is a customer, as the token of the shop's backend proves. */
  signIn(customerId: string, customerToken?: string): void {
    this._known = [{ kind: "customer", value: customerId }];
    if (customerToken) this._edge.customerToken = customerToken;
    this.track("login");
  }

  /** Tells what happened; sent with others within a second, once the visitor is known. */
  track(type: string, facts: Facts = {}): void {
    this._events.add({
      type,
      channel: this._channel,
      sessionId: this._session,
      identities: [...this._known, ...this._who],
      ...facts,
    });
  }

  /** Sends what waits now; nothing while the visitor is unknown. */
  flush(): Promise<void> {
    return this._events.flush();
  }

  /** Asks what to show; undefined where no answer came in time. Never throws. */
  async recommend(
    request: RecommendRequest,
    timeoutMs: number = DEADLINE_MS,
  ): Promise<RecommendResponse | undefined> {
    const end = Date.now() + timeoutMs;
    const late = new EdgeError("late", "deadline_exceeded");
    try {
      await Promise.race([this._ready, new Promise((_, fail) => setTimeout(fail, timeoutMs, late))]);
      const asked = {
        channel: this._channel,
        ...request,
        identities: [...this._known, ...this._who],
        context: { sessionId: this._session, ...request.context },
      };
      return await call<RecommendResponse>(this._edge, "Recommend", asked, end - Date.now());
    } catch (error) {
      this._failed(error as Error);
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
      const placements = held.map(({ placement, limit }) => ({ placement, limit }) as PlacementRequest);
      return this.recommend({ ...request, placements }, timeoutMs);
    };
    return fill(slots, answer, (type, facts) => this.track(type, facts));
  }

  /**
   * Finds the visitor of this browser. Where the page has a key, the edge issues it: nobody believes
   * a browser another one, so that it is asked again until it answers.
   */
  private async _visitor(failures = 0): Promise<void> {
    const { key } = this._edge;
    let value = attempt(() => localStorage.getItem(KEPT)) || "";
    if (key ? !value.startsWith(ISSUED) : !value) {
      try {
        value = key ? (await call<Issued>(this._edge, "NewVisitor", {}, 5000)).visitorId : newId();
      } catch (error) {
        this._failed(error as Error);
        await new Promise((go) => setTimeout(go, pauseMs((error as EdgeError).retryMs, failures)));
        return this._visitor(failures + 1);
      }
      attempt(() => localStorage.setItem(KEPT, value));
    }
    this._me.value = value;
    this._events.start();
  }
}
