"use strict";
// Opening a link says nothing: mail readers open them by themselves. Only a click does.

const at = (id) => document.getElementById(id);

at("end").addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = new URLSearchParams(location.search).get("token") || "";
  try {
    const response = await fetch("/unsubscribe?token=" + encodeURIComponent(token), { method: "POST" });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.message || response.statusText);
    at("end").hidden = true;
    at("told").textContent = "Done. You will get no more of these.";
    at("told").className = "";
  } catch (error) {
    at("told").textContent = error.message;
    at("told").className = "bad";
  }
});
