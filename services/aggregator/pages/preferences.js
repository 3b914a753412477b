"use strict";
// A sample: it trusts whoever says who they are. Put your own sign-in in front of it.

const API = "/touchpoint.aggregator.v1.AggregatorService/";
const SOURCE = "preferences page";
const PURPOSES = {
  marketing: "Messages about offers",
  "marketing:EMAIL": "… by e-mail",
  "marketing:SMS": "… by text message",
  "marketing:CALL_CENTER": "… by telephone",
  sharing: "Passing my data on to partners",
};
const DID = {
  read: "read it", exported: "exported it", linked: "joined it with another record",
  unlinked: "separated it from another record", erased: "erased it",
  consent_changed: "changed what you agree to",
};

const at = (id) => document.getElementById(id);
let who = null;
let aheadMs = 0; // of this device's clock

async function call(rpc, request) {
  const response = await fetch(API + rpc, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Touchpoint-Caller": "preferences-page" },
    body: JSON.stringify(request),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message || response.statusText);
  return answer;
}

function tell(text, bad = false) {
  at("told").textContent = text;
  at("told").className = bad ? "bad" : "";
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function happened(type, fields) {
  const event = {
    eventId: newId(), type, channel: "WEB", identities: [who],
    time: new Date(Date.now() + aheadMs).toISOString(), ...fields,
  };
  const answer = await call("Track", { events: [event] });
  if (answer.rejected && answer.rejected.length) throw new Error(answer.rejected[0].message);
}

async function changed(type, fields, said) {
  try {
    await happened(type, fields);
    await show();
    tell(said);
  } catch (error) {
    tell(error.message, true);
  }
}

// Everything goes in as text: what people wrote is no markup.
function made(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

function button(text, act, className = "") {
  const element = made("button", text, className);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

function row(cells, act) {
  const line = document.createElement("tr");
  for (const [text, className] of cells) line.append(made("td", text, className));
  if (act) {
    const cell = made("td", "", "act");
    cell.append(act);
    line.append(cell);
  }
  return line;
}

function day(time) {
  return time ? new Date(time).toLocaleDateString() : "";
}

function consentRow(purpose, said) {
  const stands = Boolean(said && said.stands);
  let state = "not asked yet: no";
  if (said) {
    state = stands ? "yes" : said.granted ? "ended" : "no";
    state += `, since ${day(said.changedTime)}`;
    if (said.source) state += `, ${said.source}`;
    if (stands && said.expiresTime) state += `, until ${day(said.expiresTime)}`;
  }
  const attributes = { purpose, granted: !stands, source: SOURCE };
  const text = stands ? "Take back" : "Agree";
  const act = () => changed("consent", { attributes }, stands ? "Taken back." : "Thank you.");
  const title = PURPOSES[purpose] || purpose;
  return row([[title, ""], [state, "dim"]], button(text, act, stands ? "plain" : ""));
}

function dislikeLine(said) {
  const line = made("li", said.title || said.category || said.brand || said.itemId);
  const attributes = { sentiment: "neutral" };
  if (said.category) attributes.category = said.category;
  if (said.brand) attributes.brand = said.brand;
  const fields = said.itemId ? { itemId: said.itemId, attributes } : { attributes };
  line.append(button("Show it again", () => changed("preference", fields, "Done."), "plain"));
  return line;
}

function attributeRow(said) {
  const attributes = { attribute: said.name, value: "" };
  const origin = `${said.source}, ${day(said.saidTime)}`;
  const act = () => changed("preference", { attributes }, "Forgotten.");
  return row([[said.name, ""], [said.value, ""], [origin, "dim"]], button("Forget", act, "plain"));
}

function readRow(entry) {
  const when = new Date(entry.time).toLocaleString();
  return row([[when, "dim"], [entry.caller, ""], [DID[entry.action] || entry.action, ""]]);
}

function fill(id, elements) {
  at(id).replaceChildren(...elements);
}

async function show() {
  const found = await call("GetPreferences", { identities: [who] });
  at("shown").hidden = true;
  if (found.ambiguous) return tell("Several people use this; sign in with one that is yours alone.", true);
  if (!found.known) return tell("Nothing is known by that.");
  aheadMs = new Date(found.asOfTime) - Date.now();
  const said = new Map((found.consents || []).map((each) => [each.purpose, each]));
  const purposes = new Set([...Object.keys(PURPOSES), ...said.keys()]);
  fill("consents", [...purposes].map((purpose) => consentRow(purpose, said.get(purpose))));
  fill("dislikes", (found.dislikes || []).map(dislikeLine));
  fill("identities", (found.identities || []).map((each) => made("li", `${each.kind}: ${each.maskedValue}`)));
  fill("attributes", (found.attributes || []).map(attributeRow));
  fill("reads", (found.reads || []).map(readRow));
  at("shown").hidden = false;
  tell("");
}

function fields(event) {
  event.preventDefault();
  return Object.fromEntries(new FormData(event.target));
}

at("who").addEventListener("submit", (event) => {
  who = fields(event);
  show().catch((error) => tell(error.message, true));
});
at("dislike").addEventListener("submit", (event) => {
  const { what, named } = fields(event);
  changed("preference", { attributes: { sentiment: "dislike", [what]: named } }, "It is left out from now on.");
  event.target.reset();
});
at("attribute").addEventListener("submit", (event) => {
  changed("preference", { attributes: fields(event) }, "Noted.");
  event.target.reset();
});
