/** Calls of the edge, each with a deadline. */

export interface EdgeOptions {
  /** Where the edge is: `https://offers.shop.example`; without it the page's own host. */
  url?: string;
  /** The page's key (`tpk_…`); everybody can read it. */
  key?: string;
  /** The token by which the shop's backend says which customer this is. */
  customerToken?: string;
}

/** An edge, and what its answers taught of it. */
export interface Edge extends EdgeOptions {
  /** How far its clock is ahead of this device's, ms. */
  _aheadMs: number;
}

/** Why there is no answer. */
export class EdgeError extends Error {
  constructor(
    message: string,
    /** As Connect writes it: `invalid_argument`; `unavailable` where nothing came back. */
    readonly code: string,
    /** Milliseconds after which trying again makes sense; undefined where it does not. */
    readonly retryMs?: number | undefined,
  ) {
    super(message);
  }
}

/** Longest pause between tries, unless the edge asks for a longer one. */
const LONGEST_MS = 60_000;
const SERVICE = "/touchpoint.aggregator.v1.AggregatorService/";

/** Calls one rpc; throws EdgeError. */
export async function call<T>(
  edge: Edge,
  rpc: string,
  request: object,
  timeoutMs: number,
): Promise<T> {
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    "Connect-Timeout-Ms": "" + timeoutMs,
  };
  if (edge.key) headers["Authorization"] = "Bearer " + edge.key;
  if (edge.customerToken) headers["X-Touchpoint-Customer"] = edge.customerToken;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  let response, answer;
  try {
    response = await fetch((edge.url || "") + SERVICE + rpc, {
      method: "POST",
      headers,
      body: JSON.stringify(request),
      signal: late.signal,
    });
    answer = await response.json();
  } catch (error) {
    throw new EdgeError(`${error}`, "unavailable", 1000);
  } finally {
    clearTimeout(timer);
  }
  const ahead = Date.parse(response.headers.get("date") || "") - Date.now();
  edge._aheadMs = Math.abs(ahead) > 60_000 ? ahead : 0;
  if (!response.ok) throw refused(response.status, answer);
  return answer;
}

/** Says again when: as the edge says, or in a second where it failed or a token is over; else never. */
function refused(status: number, { code, message, details }: any): EdgeError {
  const told = details?.map((each: any) => each.debug?.retryDelay).find(Boolean);
  const again = told || +((status > 499 && status !== 501) || status === 401);
  return new EdgeError(message, code, parseFloat(again) * 1000 || undefined);
}

/** Milliseconds until the next try: never less than the edge asks for, more with each failure. */
export function pauseMs(retryMs: number = LONGEST_MS, failures: number): number {
  return Math.max(retryMs, Math.min(retryMs * 2 ** failures, LONGEST_MS)) * (1 + Math.random());
}

/** Posts what must not wait for an answer; false where the browser has no room for it. */
export function beacon(edge: EdgeOptions, request: object): boolean {
  const told = new URLSearchParams();
  if (edge.key) told.set("key", edge.key);
  if (edge.customerToken) told.set("customer", edge.customerToken);
  return navigator.sendBeacon(`${edge.url || ""}/track?${told}`, JSON.stringify(request));
}
