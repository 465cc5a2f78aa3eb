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

/** A download that says how far it is, instead of a page that seems to do nothing. */
async function download(link) {
  const status = document.getElementById(link.dataset.download);
  const reply = await fetch(link.href, { credentials: "same-origin" });
  const type = reply.headers.get("Content-Type") ?? "";
  if (!reply.ok || !type.startsWith("text/csv") || reply.body === null) {
    location.assign(link.href); // the page there says why
    return;
  }
  const parts = [];
  let bytes = 0;
  let rows = -1; // the first line names the columns
  const reader = reply.body.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    parts.push(step.value);
    bytes += step.value.length;
    rows += step.value.reduce((lines, byte) => (byte === 10 ? lines + 1 : lines), 0);
    say(status, `Exporting: ${Math.max(rows, 0).toLocaleString()} rows, ${size(bytes)} …`);
  }
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const save = document.createElement("a");
  save.href = url;
  save.download = link.getAttribute("download") || "export.csv";
  save.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  say(status, `Exported ${Math.max(rows, 0).toLocaleString()} rows, ${size(bytes)}.`);
}

function startDownload(event) {
  const link = event.target.closest?.("a[data-download]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.getAttribute("aria-busy") === "true") return;
  link.setAttribute("aria-busy", "true");
  download(link)
    .catch(() =>
      say(document.getElementById(link.dataset.download), "The export broke off. Try again."),
    )
    .finally(() => link.removeAttribute("aria-busy"));
}

/** `/` leads to the search box, as in many consoles. */
function searchKey(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select")) return;
  const search = document.querySelector('main input[type="search"]');
  if (search === null) return;
  event.preventDefault();
  search.focus();
  search.select();
}

document.documentElement.classList.add("js");
document.getElementById("problem")?.focus();
document.addEventListener("submit", markBusy);
document.addEventListener("click", startDownload);
document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".copy button");
  if (button) void copy(button);
});
document.addEventListener("mouseover", showLocalTime);
document.addEventListener("keydown", searchKey);
window.addEventListener("pageshow", clearBusy);
