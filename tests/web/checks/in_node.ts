/** Runs what needs no page, and prints what became of it as JSON. */

import { outcomes } from "./check";
import { checks as client } from "./client";
import { checks as connectWeb } from "./connect_web";
import { checks as leaving } from "./leaving";

const edge = process.argv[2]!;
const parts = { client, connect_web: connectWeb(edge), leaving };
const checks = parts[process.argv[3] as keyof typeof parts];
console.log(JSON.stringify(await outcomes(checks, edge)));
process.exit(0);
