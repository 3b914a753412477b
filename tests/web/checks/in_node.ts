/** Runs what needs no page, and prints what became of it as JSON. */

import { outcomes } from "./check";
import { checks as client } from "./client";
import { checks as connectWeb } from "./connect_web";

const edge = process.argv[2]!;
const checks = process.argv[3] === "client" ? client : connectWeb(edge);
console.log(JSON.stringify(await outcomes(checks, edge)));
process.exit(0);
