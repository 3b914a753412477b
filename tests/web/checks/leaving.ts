/** What a page tells comes through: before it has a visitor, when it is hidden, and when it is left. */

import type { EdgeError } from "../../../clients/web/src/touchpoint";
import { type Checks, equal } from "./check";
import { inTab, type Tab } from "./tab";

const KEY = { key: "tpk_1" };
const BANNER = { placements: [{ placement: "web.home.banner" }] };
const ISSUED = [{ kind: "visitor", value: "tpv_1.s" }];
const busy = (delay: string): [number, unknown] => [
  429,
  { code: "resource_exhausted", details: [{ debug: { retryDelay: delay } }] },
];
const down: [number, unknown] = [503, { code: "unavailable" }];
const types = (asked: any) => asked.events.map((each: any) => each.type);
const ids = (asked: any) => asked.events.map((each: any) => each.eventId);
const tracked = (tab: Tab) => tab.bodies("Track");

function check(act: (tab: Tab) => Promise<void>): () => Promise<void> {
  return () => inTab(act);
}

export const checks: Checks = {
  "keeps what it is told until its visitor is issued": check(async (tab) => {
    tab.answers.NewVisitor = [down];
    const touchpoint = tab.open(KEY);
    touchpoint.track("view");
    await touchpoint.flush();
    equal(tracked(tab), []);
    await tab.pass();
    await tab.pass();
    equal(tracked(tab).map(types), [["view"]]);
    equal(tracked(tab)[0].events[0].identities, ISSUED);
  }),
  "asks for its visitor again, no sooner than it is told and ever later": check(async (tab) => {
    tab.answers.NewVisitor = [busy("20s"), down, down, [403, { code: "permission_denied" }]];
    const touchpoint = tab.open(KEY);
    for (const [least, most] of [[20_000, 40_000], [2_000, 4_000], [4_000, 8_000], [60_000, 120_000]]) {
      const [pause] = await tab.pass();
      equal(pause! >= least! && pause! <= most!, true);
    }
    await touchpoint.recommend(BANNER);
    equal(tab.bodies("Recommend")[0].identities, ISSUED);
    equal(tab.bodies("NewVisitor").length, 5);
    equal(tab.errors.length, 4);
    equal(tab.local.getItem("touchpoint.visitor"), "tpv_1.s");
  }),
  "answers nothing while it has no visitor": check(async (tab) => {
    tab.answers.NewVisitor = ["never"];
    const answer = tab.open(KEY).recommend(BANNER);
    await tab.pass();
    equal(await answer, undefined);
    equal(tab.bodies("Recommend"), []);
    equal((tab.errors.at(-1) as EdgeError).code, "deadline_exceeded");
  }),
  "takes no visitor of before there was a key": check(async (tab) => {
    tab.local.setItem("touchpoint.visitor", "made-up");
    tab.open(KEY).track("view");
    await tab.pass();
    equal(tracked(tab)[0].events[0].identities, ISSUED);
  }),
  "stays the visitor that it was, and asks for no other": check(async (tab) => {
    tab.local.setItem("touchpoint.visitor", "tpv_0.s");
    tab.open(KEY).track("view");
    await tab.pass();
    equal(tab.bodies("NewVisitor"), []);
    equal(tracked(tab)[0].events[0].identities, [{ kind: "visitor", value: "tpv_0.s" }]);
  }),
  "hands to the next page what was left before there was a visitor": check(async (tab) => {
    tab.answers.NewVisitor = ["never"];
    const first = tab.open(KEY);
    first.track("view");
    first.signIn("C1", "token");
    tab.leave();
    equal(tab.beacons, []);
    tab.open(KEY).track("click");
    await tab.pass();
    const [{ events }] = tracked(tab);
    const customer = { kind: "customer", value: "C1" };
    equal(events.map((each: any) => each.type), ["view", "login", "click"]);
    equal(events.map((each: any) => each.identities), [ISSUED, [customer, ...ISSUED], ISSUED]);
  }),
  "is on coming back whom the page after it became": check(async (tab) => {
    tab.answers.NewVisitor = [down];
    tab.open(KEY).track("view");
    await tab.pass();
    const first = tab.leave();
    tab.open(KEY);
    await tab.pass();
    tab.show(first);
    await tab.pass();
    await tab.pass();
    equal(tab.bodies("NewVisitor").length, 2);
    equal(tracked(tab).map((each) => each.events[0].identities), [ISSUED, ISSUED]);
    equal(ids(tracked(tab)[1]), ids(tracked(tab)[0]));
  }),
  "tells again what a beacon took, until it is answered": check(async (tab) => {
    tab.answers.Track = [busy("1s")];
    tab.open().track("view");
    tab.hide();
    tab.hide();
    equal(tab.beacons.map(types), [["view"]]);
    await tab.pass();
    tab.hide();
    await tab.pass();
    equal([await tab.pass(), tab.beacons.length], [[], 1]);
    equal(tracked(tab).map(ids), [ids(tab.beacons[0]), ids(tab.beacons[0])]);
  }),
  "hands to the next page what a beacon took, as it was": check(async (tab) => {
    const known = [{ kind: "email", value: "a@shop.example" }];
    tab.open({ identities: known }).track("click");
    tab.leave();
    tab.open();
    await tab.pass();
    equal(tracked(tab), tab.beacons);
    equal(tracked(tab)[0].events[0].identities, known);
    tab.leave();
    tab.open();
    equal(await tab.pass(), []);
  }),
  "posts what is under way again, as nobody may hear of its answer": check(async (tab) => {
    tab.answers.Track = ["never"];
    const touchpoint = tab.open();
    touchpoint.track("view");
    void touchpoint.flush();
    touchpoint.track("click");
    tab.leave();
    equal(tab.beacons.map(types), [["view", "click"]]);
  }),
  "posts as much as the browser has room for": check(async (tab) => {
    const touchpoint = tab.open();
    for (let at = 0; at < 40; at++) touchpoint.track("view");
    tab.room = 25;
    tab.leave();
    equal(tab.beacons.map((each) => each.events.length), [20, 5]);
    tab.open();
    await tab.pass();
    equal(tracked(tab)[0].events.length, 40);
  }),
  "goes on where the page fails to hear of failures": check(async (tab) => {
    tab.answers.NewVisitor = [down];
    tab.answers.Track = [down];
    tab.open({ ...KEY, onError: () => { throw new Error("the page's own"); } }).track("view");
    for (let times = 0; times < 3; times++) await tab.pass();
    equal(tracked(tab).map(types), [["view"], ["view"]]);
  }),
};
