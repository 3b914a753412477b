/** Calls Touchpoint as JSON over HTTP: in time or not at all, and again only where the edge says when. */

const SERVICE = "/touchpoint.aggregator.v1.AggregatorService/";
/** Retries kept for later: ten at once, and one more for each ten calls, so that they never make a crowd. */
const MOST_RETRIES = 10;

/** Why there is no answer; `code` is Connect's: `invalid_argument`, `deadline_exceeded` … */
export class EdgeError extends Error {
  constructor(
    message: string,
    readonly code: string,
    /** When to try again, in milliseconds; undefined where that would change nothing. */
    readonly retryMs?: number,
  ) {
    super(message);
  }
}

export class Edge {
  private retries = MOST_RETRIES;

  constructor(
    private readonly url: string,
    private readonly key?: string,
  ) {}

  /**
   * One rpc, with all its attempts within `timeoutMs`; throws EdgeError. Only for what may be said
   * twice: Recommend, GetCustomerView, and Track, whose events count once by their `eventId`.
   */
  async call<Response>(rpc: string, request: object, timeoutMs: number): Promise<Response> {
    const deadline = performance.now() + timeoutMs;
    this.retries = Math.min(this.retries + 0.1, MOST_RETRIES);
    for (;;) {
      try {
        return await this.attempt<Response>(rpc, request, deadline - performance.now());
      } catch (error) {
        if (!(error instanceof EdgeError) || error.retryMs === undefined) throw error;
        // Up to half as long again: callers refused together must not come again together.
        const pauseMs = error.retryMs * (1 + Math.random() / 2);
        if (this.retries < 1 || performance.now() + pauseMs >= deadline) throw error;
        this.retries -= 1;
        await new Promise((resume) => setTimeout(resume, pauseMs));
      }
    }
  }

  private async attempt<Response>(rpc: string, request: object, timeoutMs: number): Promise<Response> {
    const leftMs = Math.max(1, Math.floor(timeoutMs));
    const headers: Record<string, string> = {
      "Content-Type": "application/json",
      "Connect-Timeout-Ms": `${leftMs}`, // the edge answers by then, with what it has
    };
    if (this.key) headers["Authorization"] = `Bearer ${this.key}`;
    let response, answer;
    try {
      response = await fetch(this.url + SERVICE + rpc, {
        method: "POST",
        headers,
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(leftMs), // and where the edge cannot, we do not wait for it
      });
      answer = await response.json();
    } catch (error) {
      const late = error instanceof Error && error.name === "TimeoutError";
      throw new EdgeError(`${error}`, late ? "deadline_exceeded" : "unavailable", late ? undefined : 50);
    }
    if (!response.ok) throw refused(answer as Refusal);
    return answer as Response;
  }
}

interface Refusal {
  code: string;
  message: string;
  details?: { debug?: { retryDelay?: string } }[];
}

/** `RetryInfo` among the details says when: `"retryDelay": "0.120s"`. Without it, never. */
function refused({ code, message, details }: Refusal): EdgeError {
  const told = details?.map((each) => each.debug?.retryDelay).find(Boolean);
  return new EdgeError(message, code, told ? parseFloat(told) * 1000 : undefined);
}
