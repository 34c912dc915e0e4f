"use strict";
// Sends what a form of the reference says to the gateway that served the page.

function request(form) {
  const key = document.getElementById("key").value.trim();
  const headers = form.dataset.credential === "embed token" ? { "X-Embed-Token": key } : { Authorization: `Bearer ${key}` };
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const input of form.querySelectorAll("input")) {
    const [place, name] = input.name.split(":");
    const value = input.value.trim();
    if (value === "") continue;
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    if (place === "query") query.set(name, value);
    if (place === "header") headers[name] = value;
  }
  const body = form.elements.body ? form.elements.body.value : undefined;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const search = query.size > 0 ? `?${query}` : "";
  return [path + search, { method: form.dataset.verb, headers, body, credentials: "omit", cache: "no-store" }];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const shown = form.querySelector("pre");
  const code = shown.querySelector("code");
  shown.hidden = false;
  code.textContent = "…";
  try {
    const [path, init] = request(form);
    const answer = await fetch(path, init);
    const id = answer.headers.get("x-request-id");
    code.textContent = `HTTP ${answer.status}\nX-Request-Id: ${id}\n\n${pretty(await answer.text())}`;
  } catch (error) {
    code.textContent = `Nothing was answered: ${error}`;
  }
}

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", send);
  const key = form.elements["header:Idempotency-Key"];
  if (key && key.required) key.value = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
}
