/** A tab of a browser for Node: its pages come and go, time passes when told, and the edge answers as told. */

import { type Options, Touchpoint } from "../../../clients/web/src/touchpoint";

type Answer = [number, unknown] | "never";
type Global = Record<string, unknown>;

/** One page: its listeners and timers are its own, and stand still while another is shown. */
interface Page {
  listeners: [string, () => void][];
  timers: Map<number, [number, () => void]>;
}

export class Tab {
  readonly asked: { rpc: string; body: any }[] = [];
  readonly beacons: any[] = [];
  readonly errors: Error[] = [];
  /** What the edge answers next, by rpc; then it answers well. */
  readonly answers: Record<string, Answer[]> = {};
  /** How many events the browser has room for at once. */
  room = 1000;
  readonly local = storage();
  readonly session = storage();
  private readonly document = { hidden: false };
  private shown: Page = { listeners: [], timers: new Map() };
  private count = 0;

  /** Opens a page that has the client in it. */
  open(options: Options = {}): Touchpoint {
    this.show({ listeners: [], timers: new Map() });
    return new Touchpoint({ onError: (error) => this.errors.push(error), ...options });
  }

  /** Leaves the page, of which not all browsers say that it is hidden; returns it to come back to. */
  leave(): Page {
    this.tell("pagehide");
    return this.shown;
  }

  show(page: Page): void {
    this.shown = page;
    this.document.hidden = false;
  }

  hide(): void {
    this.document.hidden = true;
    this.tell("visibilitychange");
  }

  /** Lets all timers of the page end that run now; returns for how long they were, ms. */
  async pass(): Promise<number[]> {
    await settled();
    const ended = [...this.shown.timers.values()];
    this.shown.timers.clear();
    for (const [, act] of ended) act();
    await settled();
    return ended.map(([ms]) => ms);
  }

  bodies(rpc: string): any[] {
    return this.asked.filter((each) => each.rpc === rpc).map(({ body }) => body);
  }

  globals(): Global {
    return {
      document: this.document,
      localStorage: this.local,
      sessionStorage: this.session,
      addEventListener: (type: string, act: () => void) => this.shown.listeners.push([type, act]),
      navigator: { sendBeacon: (_: string, body: string) => this.beacon(JSON.parse(body)) },
      setTimeout: (act: (...told: unknown[]) => void, ms: number, ...told: unknown[]) => {
        this.shown.timers.set(++this.count, [ms, () => act(...told)]);
        return this.count;
      },
      clearTimeout: (timer: number) => this.shown.timers.delete(timer),
      fetch: (address: string, init: RequestInit) => this.fetch(address, init),
    };
  }

  private tell(type: string): void {
    for (const [each, act] of this.shown.listeners) if (each === type) act();
  }

  private beacon(body: any): boolean {
    if (body.events.length > this.room) return false;
    this.room -= body.events.length;
    this.beacons.push(body);
    return true;
  }

  private async fetch(address: string, init: RequestInit): Promise<unknown> {
    const rpc = address.split("/").pop()!;
    this.asked.push({ rpc, body: JSON.parse(init.body as string) });
    const answer = this.answers[rpc]?.shift() ?? [200, rpc === "NewVisitor" ? { visitorId: "tpv_1.s" } : {}];
    if (answer === "never") return new Promise(() => {});
    const [status, body] = answer;
    return { ok: status === 200, status, headers: new Headers(), json: async () => body };
  }
}

/** Runs `act` in a tab of its own; what it stands in for is put back. */
export async function inTab(act: (tab: Tab) => Promise<void>): Promise<void> {
  const tab = new Tab();
  const globals = tab.globals();
  const before = Object.keys(globals).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  );
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    await act(tab);
  } finally {
    for (const [name, property] of before) {
      if (property) Object.defineProperty(globalThis, name, property);
      else delete (globalThis as Global)[name];
    }
  }
}

function settled(): Promise<void> {
  return new Promise((go) => setImmediate(go));
}

function storage() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}
