/** The client in a page: boxes, what is seen of them, and leaving. */

import { Touchpoint } from "../../../clients/web/src/touchpoint";
import { type Checks, equal, until } from "./check";

const received = async (edge: string) => (await fetch(edge + "/received")).json();

function box(height: string): HTMLElement {
  const element = document.createElement("section");
  element.style.height = height;
  element.innerHTML = "<p>our own</p>";
  document.body.append(element);
  return element;
}

const render = (offer: any) => {
  const part = document.createElement("div");
  part.style.height = "4000px"; // far more than there is room for
  part.textContent = offer.creative.title;
  return part;
};

const slot = (element: HTMLElement, placement = "web.home.banner") => ({ element, placement, limit: 1, render });

let shifts = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries() as any[]) shifts += each.value;
}).observe({ type: "layout-shift", buffered: true });

export const checks: Checks = {
  async "fills boxes in the room that they have"(url) {
    const [first, second, after] = [box("80px"), box("60px"), box("20px")];
    const top = after.getBoundingClientRect().top;
    const touchpoint = new Touchpoint({ url });
    const filled = touchpoint.fill([slot(first), slot(second, "web.category")], {}, 2000);
    equal(first.style.visibility, "hidden");
    equal(await filled, 2);
    equal([first.innerText, second.innerText], ["Aurora 15", "Nimbus 14"]);
    equal([first.offsetHeight, second.offsetHeight], [80, 60]);
    equal(after.getBoundingClientRect().top, top);
    for (const each of [first, second, after]) each.remove();
  },
  async "leaves the page's own where no answer came in time"(url) {
    const element = box("80px");
    const touchpoint = new Touchpoint({ url: url + "/hanging" });
    equal(await touchpoint.fill([slot(element)], {}, 50), 0);
    equal([element.innerText, element.style.cssText], ["our own", "height: 80px;"]);
    element.remove();
  },
  async "fills a box again with what is right by then"(url) {
    const element = box("80px");
    const touchpoint = new Touchpoint({ url });
    for (const placement of ["web.home.banner", "web.category"]) {
      equal(await touchpoint.fill([slot(element, placement)], {}, 2000), 1);
      equal(element.innerText, "Aurora 15");
    }
    element.remove();
  },
  async "shows nothing in a box without room"(url) {
    const element = box("0px");
    element.style.overflow = "hidden";
    equal(await new Touchpoint({ url }).fill([slot(element)], {}, 2000), 0);
    equal(element.textContent, "our own");
    element.remove();
  },
  async "tells what is seen and clicked, with its decision"(url) {
    const element = box("80px");
    const touchpoint = new Touchpoint({ url });
    const small = (offer: any) => Object.assign(render(offer), { style: "height: 40px" });
    await touchpoint.fill([{ ...slot(element), render: small }], {}, 2000);
    (element.querySelector(".touchpoint")!.firstElementChild as HTMLElement).click();
    const about = async () =>
      (await received(url)).filter((each: any) => each.placement === "web.home.banner");
    await until(async () => { await touchpoint.flush(); return (await about()).length > 1; }, "told");
    const events = await about();
    equal(events.map((each: any) => each.type).sort(), ["click", "impression"]);
    equal(events.every((each: any) => each.decisionId && each.offerId === "pc-1"), true);
    element.remove();
  },
  async "has shifted nothing"() {
    await new Promise((go) => requestAnimationFrame(() => setTimeout(go, 100)));
    equal(shifts, 0);
  },
};

/** Tells something and leaves at once; what came of it the next page sees. */
export function leave(url: string, next: string): void {
  const touchpoint = new Touchpoint({ url, identities: [{ kind: "visitor", value: "v-leaving" }] });
  for (let at = 0; at < 120; at++) touchpoint.track("view", { page: "/left", itemId: `i${at}` });
  setTimeout(() => location.assign(next), 0);
}

export async function arrived(url: string): Promise<void> {
  const left = async () =>
    new Set((await received(url)).filter((each: any) => each.page === "/left").map((each: any) => each.eventId));
  await until(async () => (await left()).size === 120, `all 120 events, not ${(await left()).size}`);
}
