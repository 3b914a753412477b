/** What a check may lean on, in Node and in browsers alike. */

export type Checks = Record<string, (edge: string) => Promise<void>>;

export function equal(found: unknown, wanted: unknown): void {
  const [is, be] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (is !== be) throw new Error(`${is} instead of ${be}`);
}

export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((go) => setTimeout(go, 5));
  }
  throw new Error(`never came true: ${what}`);
}

/** Runs all checks and says what became of each: "ok", or why not. */
export async function outcomes(checks: Checks, edge: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, check] of Object.entries(checks)) {
    found[name] = await check(edge).then(() => "ok", (error) => `${error?.stack ?? error}`);
  }
  return found;
}
