/** Does what a browser may forbid, and what is missing outside of browsers; undefined where it failed. */
export function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
