/** Runs everything in a page, leaves it, and reports from the next one. */

import { outcomes } from "./check";
import { checks as client } from "./client";
import { checks as connectWeb } from "./connect_web";
import { arrived, checks as page, leave } from "./page";

const told = new URLSearchParams(location.search);
const edge = told.get("edge")!;

async function run(): Promise<void> {
  if (told.has("left")) {
    const left = { "what a page told as it was left arrives": () => arrived(edge) };
    const found = { ...JSON.parse(sessionStorage.getItem("found")!), ...(await outcomes(left, edge)) };
    await fetch("/report", { method: "POST", body: JSON.stringify(found) });
    return;
  }
  const found = await outcomes({ ...page, ...client, ...connectWeb(edge) }, edge);
  sessionStorage.setItem("found", JSON.stringify(found));
  leave(edge, location.href + "&left");
}

run().catch((error) => fetch("/report", { method: "POST", body: JSON.stringify({ run: `${error}` }) }));
