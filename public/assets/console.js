// What the console does more with JavaScript. Every page works without it.
const say = (element, text) => {
  element.textContent = text;
};

/** Takes the text beside a button along. */
async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    say(button, "Copied");
  } catch {
    getSelection()?.selectAllChildren(code);
    say(button, "Selected");
  }
  setTimeout(() => say(button, "Copy"), 2000);
}

/** Times stand in UTC; the reader's own time is a tooltip. */
function showLocalTime(event) {
  const time = event.target.closest?.("time[datetime]");
  const date = new Date(time?.dateTime ?? "");
  if (Number.isNaN(date.getTime())) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  time.title = `${date.toLocaleString()} (${zone})`;
}

/** Says that it works, and does not take a second click. The server takes one only, too. */
function markBusy(event) {
  const button = event.submitter;
  if (event.defaultPrevented || event.target.method !== "post" || button === null) return;
  if (button.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  button.setAttribute("aria-busy", "true");
}

/** Back from the next page: nothing is under way any more. */
function clearBusy() {
  for (const button of document.querySelectorAll('button[aria-busy="true"]')) {
    button.removeAttribute("aria-busy");
  }
}

const size = (bytes) =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

/** The file's own last line; a file without it was cut off. */
async function rowsOf(parts) {
  const tail = await new Blob(parts.slice(-3)).text();
  return /# (\d+) rows\s*$/.exec(tail)?.[1] ?? null;
}

function save(parts, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A download that says how far it is, instead of a page that seems to do nothing. */
async function download(link, status) {
  const reply = await fetch(link.href, { credentials: "same-origin" });
  const type = reply.headers.get("Content-Type") ?? "";
  if (!reply.ok || !type.startsWith("text/csv") || reply.body === null) {
    location.assign(link.href); // the page there says why
    return;
  }
  const parts = [];
  let bytes = 0;
  const reader = reply.body.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    parts.push(step.value);
    bytes += step.value.length;
    say(status, `Exporting: ${size(bytes)} …`);
  }
  const rows = await rowsOf(parts);
  if (rows === null) throw new Error("cut off");
  save(parts, type, link.getAttribute("download"));
  say(status, `Exported ${Number(rows).toLocaleString()} payments, ${size(bytes)}.`);
}

function startDownload(event) {
  const link = event.target.closest?.("a[data-download]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.getAttribute("aria-busy") === "true") return;
  link.setAttribute("aria-busy", "true");
  const status = document.getElementById(link.dataset.download);
  download(link, status)
    .catch(() => say(status, "The export broke off, and the file was not saved. Try again."))
    .finally(() => link.removeAttribute("aria-busy"));
}

/** Where the file goes, with everything else that was typed; the token travels in a header. */
function uploadAddress(form, file) {
  const query = new URLSearchParams({ file_name: file.name });
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && !name.startsWith("_")) query.set(name, value);
  }
  return `${form.action}?${query}`;
}

/** The file as the body of a request, however long: a form would have to be read whole. */
function upload(form, file, button) {
  const status = document.getElementById("upload-status");
  const request = new XMLHttpRequest();
  const stop = (text) => {
    button.removeAttribute("aria-busy");
    if (text !== "") say(status, text);
  };
  request.open("POST", uploadAddress(form, file));
  request.responseType = "document";
  request.setRequestHeader("X-CSRF-Token", new FormData(form).get("_csrf"));
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.addEventListener("progress", ({ loaded }) => {
    say(status, `Sent ${size(loaded)} of ${size(file.size)} …`);
  });
  request.addEventListener("error", () => stop("The upload broke off. Nothing was kept."));
  request.addEventListener("load", () => {
    if (request.status < 400) return location.assign(request.responseURL);
    // The same page, with what is wrong. The chosen file stays chosen.
    const problem = request.response?.querySelector("#problem, .refused");
    document.querySelector("main :is(#problem, .refused)")?.remove();
    if (problem) form.before(problem);
    stop("");
    say(status, "");
    problem?.focus();
  });
  request.send(file);
}

function startUpload(event) {
  const form = event.target;
  if (event.defaultPrevented || form.dataset.upload === undefined) return;
  const file = form.elements.file?.files[0];
  if (!file) return; // the form's own way says what is missing
  event.preventDefault();
  upload(form, file, event.submitter ?? form.querySelector("button"));
}

document.documentElement.classList.add("js");
document.getElementById("problem")?.focus();
document.addEventListener("submit", markBusy);
document.addEventListener("submit", startUpload);
document.addEventListener("click", startDownload);
document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".copy button");
  if (button) void copy(button);
});
document.addEventListener("mouseover", showLocalTime);
window.addEventListener("pageshow", clearBusy);
