"use strict";
// Shows the document that this host serves; asks nobody else.

const at = (id) => document.getElementById(id);
const nameOf = (reference) => reference.split("/").pop();

function made(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

function link(name) {
  const element = made("a", name.split(".").pop(), "type");
  element.href = "#" + name;
  return element;
}

function type(schema) {
  const shown = made("span", "", "type");
  if (schema.$ref) shown.append(link(nameOf(schema.$ref)));
  else if (schema.type === "array") shown.append(type(schema.items), "[]");
  else if (schema.additionalProperties) shown.append("{", type(schema.additionalProperties), "}");
  else if (schema.enum) shown.append(schema.enum.join(" | "));
  else shown.append(schema.format || schema.type || "any");
  return shown;
}

function message(name, schema) {
  const shown = made("article");
  const head = made("h3", name);
  head.id = name;
  const table = made("table");
  for (const [field, of] of Object.entries(schema.properties || {})) {
    const row = made("tr");
    const cells = [made("td"), made("td"), made("td", of.description || "")];
    cells[0].append(made("code", field));
    cells[1].append(type(of));
    row.append(...cells);
    table.append(row);
  }
  shown.append(head, made("p", schema.description || ""), table);
  return shown;
}

function rpc(path, method, operation) {
  const shown = made("article");
  const content = (of) => Object.values(of.content)[0].schema;
  const asked = operation.requestBody ? content(operation.requestBody)
    : content(operation.parameters.find((each) => each.content));
  const line = made("p");
  line.append(type(asked), " → ", type(content(operation.responses["200"])));
  shown.append(made("h3", method.toUpperCase() + " " + path), made("p", operation.description), line);
  return shown;
}

async function show() {
  const document_ = await (await fetch("/openapi.json")).json();
  at("title").textContent = document.title = document_.info.title;
  at("about").textContent = document_.info.description;
  for (const [path, operations] of Object.entries(document_.paths))
    for (const [method, operation] of Object.entries(operations))
      at("rpcs").append(rpc(path, method, operation));
  for (const [name, schema] of Object.entries(document_.components.schemas))
    at("messages").append(message(name, schema));
}

show().catch((error) => { at("about").textContent = error.message; });
