/** What a shop asks and tells: a few types of the API, and two functions. All of it: /openapi.json. */

import { randomUUID } from "node:crypto";
import { Edge, EdgeError } from "./edge.js";

export interface Identity {
  kind: "customer" | "visitor";
  value: string;
}

/** Where something is asked or happens: whose it is, and in which visit. */
export interface Visit {
  identities: Identity[];
  sessionId: string;
}

export interface Recommendation {
  offerId: string;
  itemId?: string;
  reasons?: { text?: string }[];
  creative?: { title?: string; text?: string; link?: string; callToAction?: string };
}

/** One box of the page, filled; the decision is to be named in the events that answer it. */
export interface Filled {
  decisionId: string;
  placement: string;
  recommendations: Recommendation[];
}

/** Something that happened: `itemId`, `offerId`, `decisionId`, `value` … beside its type. */
export interface Told {
  type: string;
  eventId?: string;
  [fact: string]: unknown;
}

interface RecommendResponse {
  decisionId: string;
  placements?: { placement: string; recommendations?: Recommendation[] }[];
}

interface TrackResponse {
  rejected?: { index?: number; code: string; message: string }[];
}

export class Touchpoint {
  constructor(
    private readonly edge: Edge,
    private readonly timeoutMs: number,
  ) {}

  /** What to show in these boxes, no item twice; empty where no answer came in time. */
  async recommend(visit: Visit, placements: string[], itemIds: string[] = []): Promise<Filled[]> {
    const request = {
      identities: visit.identities,
      channel: "WEB",
      placements: placements.map((placement) => ({ placement })),
      context: { sessionId: visit.sessionId, itemIds },
    };
    try {
      const answer = await this.edge.call<RecommendResponse>("Recommend", request, this.timeoutMs);
      const { decisionId } = answer;
      return (answer.placements ?? []).map(({ placement, recommendations }) => ({
        decisionId,
        placement,
        recommendations: recommendations ?? [],
      }));
    } catch (error) {
      told("Recommend", error);
      return []; // a page is never late, nor an error, because of an offer
    }
  }

  /**
   * Says what happened; nobody's page waits for it. An `eventId` of your own makes it count once,
   * however often it is told; what has none gets one here, so that retries count once.
   */
  async track(visit: Visit, ...events: Told[]): Promise<void> {
    const time = new Date().toISOString();
    const filled = events.map((event) => ({ eventId: randomUUID(), time, channel: "WEB", ...visit, ...event }));
    try {
      const answer = await this.edge.call<TrackResponse>("Track", { events: filled }, 5_000);
      for (const { index, code, message } of answer.rejected ?? []) {
        console.warn(`Track refused ${filled[index ?? 0]?.type}: ${code}: ${message}`);
      }
    } catch (error) {
      told("Track", error);
    }
  }
}

function told(rpc: string, error: unknown): void {
  console.warn(`${rpc}: ${error instanceof EdgeError ? `${error.code}: ${error.message}` : error}`);
}
