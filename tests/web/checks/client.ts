/** The client of pages where there is no page: in Node as in browsers. */

import { type EdgeError, Touchpoint } from "../../../clients/web/src/touchpoint";
import { type Checks, equal, until } from "./check";

const BANNER = { placements: [{ placement: "web.home.banner" }] };
const received = async (edge: string) => (await fetch(edge + "/received")).json();

/** Stands in for the edge: answers Track as told, one after the other, and keeps what was asked. */
async function instead(
  answers: [number, unknown][],
  act: (asked: any[]) => Promise<void>,
): Promise<any[]> {
  const real = globalThis.fetch;
  const asked: any[] = [];
  globalThis.fetch = (async (_: unknown, init: RequestInit) => {
    asked.push(JSON.parse(init.body as string));
    const [status, body] = answers.shift() ?? [200, {}];
    if (!status) throw new TypeError("network");
    return new Response(JSON.stringify(body), { status });
  }) as typeof fetch;
  try {
    await act(asked);
  } finally {
    globalThis.fetch = real;
  }
  return asked;
}

const types = (asked: any) => asked.events.map((each: any) => each.type);

export const checks: Checks = {
  async "asks what to show, with its visitor"(url) {
    const touchpoint = new Touchpoint({ url });
    const answer = await touchpoint.recommend(BANNER, 2000);
    equal(answer?.placements?.[0]?.recommendations?.[0]?.creative?.title, "Aurora 15");
  },
  async "answers nothing where the edge refuses, and says why"(url) {
    const errors: Error[] = [];
    const touchpoint = new Touchpoint({ url, onError: (error) => errors.push(error) });
    equal(await touchpoint.recommend({ placements: [] }, 2000), undefined);
    equal((errors[0] as EdgeError).code, "invalid_argument");
  },
  async "answers nothing where no answer came in time"(url) {
    const touchpoint = new Touchpoint({ url: url + "/hanging" });
    const began = Date.now();
    equal(await touchpoint.recommend(BANNER, 50), undefined);
    equal(Date.now() - began < 1000, true);
  },
  async "sends events together"(url) {
    const session = `s${Math.random()}`;
    const touchpoint = new Touchpoint({ url });
    for (const itemId of ["a", "b", "c"]) touchpoint.track("view", { itemId, page: session });
    await touchpoint.flush();
    const events = (await received(url)).filter((each: any) => each.page === session);
    equal(events.map((each: any) => each.itemId), ["a", "b", "c"]);
    equal(new Set(events.map((each: any) => each.batch)).size, 1);
    equal(new Set(events.map((each: any) => each.eventId)).size, 3);
  },
  async "tries again with the same ids what did not arrive"() {
    const errors: Error[] = [];
    const busy = { code: "resource_exhausted", details: [{ debug: { retryDelay: "0.010s" } }] };
    const asked = await instead([[429, busy], [200, {}]], async () => {
      const touchpoint = new Touchpoint({ onError: (error) => errors.push(error) });
      touchpoint.track("view");
      await touchpoint.flush();
      touchpoint.track("click");
      await until(async () => { await touchpoint.flush(); return true; }, "sent");
    });
    equal(asked.map(types), [["view"], ["view", "click"]]);
    equal(asked[1].events[0].eventId, asked[0].events[0].eventId);
    equal((errors[0] as EdgeError).retryMs, 10);
  },
  async "tries again by itself"() {
    const busy = { code: "resource_exhausted", details: [{ debug: { retryDelay: "0.010s" } }] };
    const asked = await instead([[429, busy], [429, busy], [200, {}]], async (sent) => {
      const touchpoint = new Touchpoint();
      touchpoint.track("view");
      await touchpoint.flush();
      await until(() => sent.length === 3, "refused twice, then told");
    });
    equal(asked.map(types), [["view"], ["view"], ["view"]]);
  },
  async "gives up what is wrong for good, and goes on"() {
    const errors: Error[] = [];
    const asked = await instead([[400, { code: "invalid_argument", message: "no" }]], async () => {
      const touchpoint = new Touchpoint({ onError: (error) => errors.push(error) });
      touchpoint.track("view");
      await touchpoint.flush();
      touchpoint.track("click");
      await touchpoint.flush();
    });
    equal(asked.map(types), [["view"], ["click"]]);
    equal(errors.map((error) => error.message), ["no"]);
  },
  async "keeps what was told under a token that is over until there is another"() {
    const errors: Error[] = [];
    const over = { code: "unauthenticated", message: "the token has expired" };
    const asked = await instead([[401, over], [200, {}]], async () => {
      const touchpoint = new Touchpoint({ onError: (error) => errors.push(error) });
      touchpoint.signIn("C1", "old");
      await touchpoint.flush();
      touchpoint.signIn("C1", "new");
      await touchpoint.flush();
    });
    equal(asked.map(types), [["login"], ["login", "login"]]);
    equal(asked[1].events[0].eventId, asked[0].events[0].eventId);
    equal((errors[0] as EdgeError).code, "unauthenticated");
  },
  async "tells of each event that was rejected"() {
    const errors: Error[] = [];
    const rejected = { rejected: [{ code: "INVALID", message: "time: lies ahead" }] };
    await instead([[200, rejected]], async () => {
      const touchpoint = new Touchpoint({ onError: (error) => errors.push(error) });
      touchpoint.track("view");
      await touchpoint.flush();
    });
    equal(errors.map((error) => error.message), ["INVALID: time: lies ahead"]);
  },
  async "has its visitor issued where it has a key"() {
    const asked: any[] = [];
    const real = globalThis.fetch;
    globalThis.fetch = (async (address: string, init: RequestInit) => {
      asked.push([address.split("/").pop(), new Headers(init.headers).get("authorization")]);
      return new Response(JSON.stringify({ visitorId: "tpv_1", decisionId: "d" }));
    }) as typeof fetch;
    try {
      (globalThis as any).localStorage?.clear();
      await new Touchpoint({ key: "tpk_1" }).recommend(BANNER, 500);
    } finally {
      globalThis.fetch = real;
      (globalThis as any).localStorage?.clear();
    }
    equal(asked, [["NewVisitor", "Bearer tpk_1"], ["Recommend", "Bearer tpk_1"]]);
  },
};
