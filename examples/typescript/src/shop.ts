/** A shop of three pages, rendered on the server, with offers in them. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { randomUUID } from "node:crypto";
import { Edge } from "./edge.js";
import { type Filled, Touchpoint, type Visit } from "./touchpoint.js";

const { TOUCHPOINT_URL = "http://127.0.0.1:7480", TOUCHPOINT_KEY, TIMEOUT_MS = "100", PORT = "8080" } = process.env;
const touchpoint = new Touchpoint(new Edge(TOUCHPOINT_URL, TOUCHPOINT_KEY), Number(TIMEOUT_MS));

/** Who is signed in, by session; your own login knows it. */
const signedIn = new Map<string, string>();

async function home(visit: Visit): Promise<string> {
  const [banner] = await touchpoint.recommend(visit, ["web.home.banner"]);
  impressed(visit, banner);
  return page(banner ? offers("For you", banner) : "<p>Free returns for 30 days</p>"); // our own default
}

/** An item; whoever came here by an offer says so in the address, and that is its click. */
async function item(visit: Visit, itemId: string, from: URLSearchParams): Promise<string> {
  const [decisionId, placement] = [from.get("decision"), from.get("placement")];
  const click = decisionId && placement ? [{ type: "click", itemId, offerId: itemId, decisionId, placement }] : [];
  void touchpoint.track(visit, ...click, { type: "view", itemId }); // no page waits for what is only told
  const [beside] = await touchpoint.recommend(visit, ["web.item"], [itemId]);
  impressed(visit, beside);
  const buy = `<form method="post" action="/items/${encodeURIComponent(itemId)}/buy"><button>Buy</button></form>`;
  return page(`<h1>${text(itemId)}</h1>${buy}${beside ? offers("Goes well with it", beside) : ""}`);
}

/** An order is told once, by its number, whatever is repeated on the way. */
async function buy(visit: Visit, itemId: string): Promise<string> {
  const orderId = randomUUID();
  const value = { amount: "49.90", currency: "USD" };
  void touchpoint.track(visit, { type: "purchase", eventId: `order-${orderId}-1`, orderId, itemId, value });
  return page(`<p>Thank you! Your order is ${orderId}.</p>`);
}

/** After your own login has checked who that is. The `login` makes visitor and customer one person. */
async function signIn(visit: Visit, customer: string): Promise<string> {
  signedIn.set(visit.sessionId, customer);
  const known = { ...visit, identities: [{ kind: "customer", value: customer } as const, ...visit.identities] };
  await touchpoint.track(known, { type: "login" });
  return home(known);
}

/** What the page shows is an impression; a page that the browser draws itself would say so itself. */
function impressed(visit: Visit, filled: Filled | undefined): void {
  const { decisionId, placement, recommendations = [] } = filled ?? {};
  const seen = recommendations.map(({ offerId }) => ({ type: "impression", offerId, decisionId, placement }));
  if (seen.length) void touchpoint.track(visit, ...seen);
}

function offers(heading: string, { decisionId, placement, recommendations }: Filled): string {
  const told = new URLSearchParams({ decision: decisionId, placement });
  const each = recommendations.map(({ offerId, itemId, creative, reasons }) => {
    const link = itemId ? `/items/${encodeURIComponent(itemId)}?${told}` : (creative?.link ?? "/");
    const why = reasons?.[0]?.text ?? "";
    return `<li><a href="${text(link)}">${text(creative?.title ?? offerId)}</a> <small>${text(why)}</small></li>`;
  });
  return each.length ? `<section><h2>${heading}</h2><ul>${each.join("")}</ul></section>` : "";
}

/** Words that people wrote are no markup. */
function text(words: string): string {
  const escaped: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return words.replace(/[&<>"']/g, (sign) => escaped[sign] ?? sign);
}

function page(body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title><body>${body}</body></html>`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return ""; // no address of ours
  }
}

/** The visitor and the session live in cookies of ours; whoever is signed in is named as well. */
function visitOf(request: IncomingMessage, response: ServerResponse): Visit {
  const cookies = new Map((request.headers.cookie ?? "").split("; ").map((each) => each.split("=", 2) as [string, string]));
  const visitor = cookies.get("visitor") ?? randomUUID();
  const sessionId = cookies.get("session") ?? randomUUID();
  response.setHeader("Set-Cookie", [
    `visitor=${visitor}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000`,
    `session=${sessionId}; Path=/; HttpOnly; SameSite=Lax`,
  ]);
  const customer = signedIn.get(sessionId);
  const identities: Visit["identities"] = [{ kind: "visitor", value: visitor }];
  if (customer) identities.unshift({ kind: "customer", value: customer }); // it outranks the visitor
  return { identities, sessionId };
}

async function answered(request: IncomingMessage, response: ServerResponse): Promise<string | undefined> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://shop");
  const [, section, id, action] = pathname.split("/").map(decoded);
  const visit = visitOf(request, response);
  if (request.method === "GET" && pathname === "/") return home(visit);
  if (request.method === "GET" && section === "items" && id && !action) return item(visit, id, searchParams);
  if (request.method === "POST" && section === "items" && id && action === "buy") return buy(visit, id);
  if (request.method === "POST" && section === "sign-in" && id) {
    return signIn(visit, id);
  }
  return undefined;
}

const server = createServer((request, response) => {
  answered(request, response).then(
    (html) => response.writeHead(html ? 200 : 404, { "Content-Type": "text/html" }).end(html ?? page("Not here")),
    (error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    },
  );
});
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
