/** Boxes of a page that are filled with offers, in the room that the page gave them. */

import type { Facts, Recommendation, RecommendResponse } from "./api.js";

export interface Slot {
  element: HTMLElement;
  placement: string;
  /** How many at most; without it the placement's own number. */
  limit?: number;
  /** Makes what is shown of one offer. */
  render: (offer: Recommendation) => HTMLElement;
}

const LAYER = "touchpoint";

type Tell = (type: string, facts: Facts) => void;

/**
 * Hides what boxes hold until `answer` is there; then lays offers over it, or shows it again. It
 * keeps its place in either case, and with it the box its size: nothing on the page moves. A box
 * without a size is left alone. Says in how many boxes offers are shown.
 */
export async function fill(
  slots: Slot[],
  answer: (slots: Slot[]) => Promise<RecommendResponse | undefined>,
  tell: Tell,
): Promise<number> {
  const held = slots.filter(({ element }) => element.offsetHeight && element.offsetWidth);
  if (!held.length) return 0;
  for (const { element } of held) {
    element.querySelector(":scope>." + LAYER)?.remove();
    element.style.visibility = "hidden";
  }
  const found = await answer(held);
  let shown = 0;
  for (const slot of held) {
    const offers = found?.placements?.find((each) => each.placement === slot.placement);
    if (found && offers?.recommendations?.length) {
      show(slot, offers.recommendations, found.decisionId, tell);
      shown++;
    } else {
      slot.element.style.visibility = "";
    }
  }
  return shown;
}

function show(slot: Slot, offers: Recommendation[], decisionId: string, tell: Tell): void {
  const { element, placement, render } = slot;
  const layer = document.createElement("div");
  layer.className = LAYER;
  layer.style.cssText = "position:absolute;inset:0;overflow:hidden;visibility:visible";
  for (const offer of offers) {
    const { offerId, itemId } = offer;
    const facts = { offerId, itemId, decisionId, placement } as Facts;
    const part = render(offer);
    part.addEventListener("click", () => tell("click", facts));
    layer.append(part);
    whenSeen(part, () => tell("impression", facts));
  }
  if (getComputedStyle(element).position === "static") element.style.position = "relative";
  element.append(layer);
}

function whenSeen(part: HTMLElement, act: () => void): void {
  new IntersectionObserver(
    ([entry], watching) => {
      if (!entry?.isIntersecting) return;
      watching.disconnect();
      act();
    },
    { threshold: 0.5 },
  ).observe(part);
}
