/**
 * What the checkout page does beyond its links and forms: it turns by itself when the payment does,
 * counts down, copies, saves the code as a picture, and leads on. Without it the page works too.
 */
/** @type {(selector: string, root?: ParentNode) => HTMLElement | null} */
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const page = document.body.dataset.page || location.pathname;
const live = find("#live");
let main = find("#payment");

const POLL_MS = 3000;
const LATE_POLL_MS = 15_000;
const LATE_POLLS = 20;
const SOON_MS = 60_000;

/** Of an EventSource, also where there is none. */
const OPEN = 1;
const CLOSED = 2;

/** Tells screen readers; the same words twice in a row are told once. */
let said = "";
function say(text) {
  if (live === null || text === "" || text === said) return;
  said = text;
  live.textContent = text;
}

const remembered = {
  has: (key) => {
    try {
      return sessionStorage.getItem(key) !== null;
    } catch {
      return true; // without a memory nothing happens by itself, or it would happen for ever
    }
  },
  keep: (key) => {
    try {
      sessionStorage.setItem(key, "1");
    } catch {
      // as above
    }
  },
};

// ————— The clock: the server's, whatever the device believes —————

let serverNow = Number(find("[data-now]")?.dataset.now || Date.now());
let readAt = performance.now();
const now = () => serverNow + (performance.now() - readAt);
function setClock(time) {
  if (typeof time !== "number") return;
  serverNow = time;
  readAt = performance.now();
}

let askedAtEnd = "";
function tick() {
  const clock = find("[data-until]", main);
  if (clock === null) return;
  const left = Number(clock.dataset.until) - now();
  const seconds = Math.max(0, Math.ceil(left / 1000));
  const text = find("strong", clock);
  const shown = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  if (text !== null && text.textContent !== shown) text.textContent = shown;
  clock.classList.toggle("soon", left < SOON_MS);
  if (left <= 0 && askedAtEnd !== clock.dataset.until) {
    askedAtEnd = clock.dataset.until;
    void redraw();
  }
}
setInterval(tick, 1000);

// ————— The page as the payment stands now —————

let drawing = null;
function redraw() {
  drawing ??= fetchPage().finally(() => {
    drawing = null;
  });
  return drawing;
}

async function fetchPage() {
  const response = await fetch(page, { headers: { Accept: "text/html" }, cache: "no-store" });
  const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
  const next = parsed.querySelector("#payment");
  if (next === null || Number(next.dataset.sequence) < Number(main.dataset.sequence)) return;
  setClock(Number(parsed.querySelector("[data-now]")?.dataset.now) || undefined);
  document.title = parsed.title;
  swap(document.adoptNode(next));
}

/** Focus stays where it is if that is still there; a stage that ends under it hands it on. */
function swap(next) {
  const focused = document.activeElement;
  const hadFocus = focused !== null && main.contains(focused);
  const open = all("details[open]", main).map(({ id }) => id);
  main.replaceWith(next);
  main = next;
  for (const id of open) {
    const details = document.getElementById(id);
    if (details instanceof HTMLDetailsElement) details.open = true;
  }
  prepare();
  if (hadFocus) {
    const same = focused.id === "" ? null : document.getElementById(focused.id);
    (same !== null && !same.hidden ? same : find("#stage", main))?.focus();
  }
  say(
    all("[data-announce]", main)
      .map((element) => element.textContent)
      .join(" "),
  );
  follow();
}

/** @param glance `{sequence, ended, now}` of the stream or of /status */
function noticed(glance) {
  setClock(glance.now);
  tick();
  if (glance.sequence > Number(main.dataset.sequence)) redraw().catch(poll);
}

// ————— News: a stream, and while it is down a question every three seconds —————

let stream = null;
let timer = 0;
let failures = 0;
let latePolls = 0;

function stopPolling() {
  clearTimeout(timer);
  timer = 0;
}

function poll(after = POLL_MS) {
  if (timer !== 0) return;
  timer = setTimeout(ask, typeof after === "number" ? after : POLL_MS);
}

async function ask() {
  timer = 0;
  const { statusUrl, late, offline } = main.dataset;
  try {
    const response = await fetch(statusUrl, { cache: "no-store" });
    if (response.ok) noticed(await response.json());
    failures = 0;
  } catch {
    failures += 1;
    if (failures === 2) say(offline);
  }
  if (late !== undefined) {
    latePolls += 1;
    if (latePolls < LATE_POLLS) poll(LATE_POLL_MS);
  } else if (main.dataset.streamUrl !== undefined && stream?.readyState !== OPEN) {
    poll();
  }
}

function close() {
  stream?.close();
  stream = null;
}

/** Opens, keeps or closes the stream, as the page on the screen needs. */
function follow() {
  const { streamUrl, late } = main.dataset;
  if (streamUrl === undefined) {
    close();
    stopPolling();
    if (late !== undefined) poll(LATE_POLL_MS);
    return;
  }
  if (!("EventSource" in window)) {
    poll();
    return;
  }
  if (stream !== null && stream.readyState !== CLOSED) return;
  stream = new EventSource(streamUrl);
  stream.addEventListener("open", stopPolling);
  stream.addEventListener("status", (event) => {
    failures = 0;
    stopPolling();
    noticed(JSON.parse(event.data));
  });
  stream.addEventListener("end", (event) => {
    // Time is up: the browser opens the next by itself.
    if (JSON.parse(event.data).reason === "ended") close();
  });
  stream.addEventListener("error", () => poll());
}

// A phone comes back from the wallet: what happened meanwhile is asked for at once.
document.addEventListener("visibilitychange", () => {
  if (document.hidden || main.dataset.streamUrl === undefined) return;
  stopPolling();
  void ask();
  follow();
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  follow();
  redraw().catch(poll);
});
addEventListener("pagehide", close);

// ————— What only a script can do —————

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (source === null) return;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = getSelection();
    selection?.removeAllRanges();
    selection?.addRange(range);
    // Old browsers inside apps have nothing else; where this fails too, the text is selected.
    if (!document.execCommand("copy")) return;
  }
  const label = button.textContent;
  const { copied } = main.dataset;
  if (label === copied) return;
  button.textContent = copied;
  said = "";
  say(copied);
  setTimeout(() => {
    button.textContent = label;
  }, 2000);
}

/** The drawing on the page as a PNG: banks' apps read pictures, not SVGs. */
function picture() {
  const svg = find(".qr svg", main);
  const [, side] = /^0 0 (\d+) /.exec(svg?.getAttribute("viewBox") || "") || [];
  if (side === undefined) return Promise.resolve(null);
  const scale = Math.ceil(1024 / Number(side));
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Number(side) * scale;
  const context = canvas.getContext("2d");
  if (context === null) return Promise.resolve(null);
  context.scale(scale, scale);
  for (const path of all("path", svg)) {
    context.fillStyle = path.getAttribute("fill");
    const ink = new Path2D(path.getAttribute("d"));
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a canvas, no array
    context.fill(ink);
  }
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/png");
  });
}

async function save(link) {
  const blob = await picture();
  if (blob === null) {
    location.assign(link.href);
    return;
  }
  const file = new File([blob], `${link.dataset.save}.png`, { type: "image/png" });
  // On a phone the share sheet is the way into the album.
  if (matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ files: [file] })) {
    await navigator.share({ files: [file] }).catch(() => undefined);
    return;
  }
  const address = URL.createObjectURL(blob);
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = file.name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

const askNow = () => void ask();

/** The bridges that WeChat and Alipay put into their own browsers. */
function invoke(button) {
  const params = JSON.parse(button.dataset.params);
  const [bridge, ready, start] =
    button.dataset.invoke === "wechat_jsapi"
      ? [
          "WeixinJSBridge",
          "WeixinJSBridgeReady",
          (it) => it.invoke("getBrandWCPayRequest", params, askNow),
        ]
      : ["AlipayJSBridge", "AlipayJSBridgeReady", (it) => it.call("tradePay", params, askNow)];
  if (window[bridge] !== undefined) start(window[bridge]);
  else document.addEventListener(ready, () => start(window[bridge]), { once: true });
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const copies = target?.closest("[data-copy]");
  if (copies) void copy(copies);
  const saves = target?.closest("[data-save]");
  if (saves) {
    event.preventDefault();
    void save(saves);
  }
  const invokes = target?.closest("[data-invoke]");
  if (invokes) invoke(invokes);
  if (target?.closest("#stay")) stay();
});

let returning = 0;
function stay() {
  clearInterval(returning);
  const note = find("[data-return]", main);
  if (note !== null) note.hidden = true;
  find("#return", main)?.focus();
}

/** Back to the shop after some seconds, once, unless the buyer stays. */
function prepareReturn() {
  clearInterval(returning);
  const note = find("[data-return]", main);
  const link = find("#return", main);
  const key = `returned ${main.dataset.statusUrl}`;
  if (note === null || link === null) return;
  if (remembered.has(key)) {
    note.hidden = true;
    return;
  }
  let left = Number(note.dataset.return);
  returning = setInterval(() => {
    left -= 1;
    const text = find("span", note);
    if (text !== null) text.textContent = note.dataset.returning.replace("{n}", String(left));
    if (left > 0) return;
    clearInterval(returning);
    remembered.keep(key);
    location.assign(link.href);
  }, 1000);
}

/** Sets up what the server has drawn. */
function prepare() {
  for (const element of all("[data-script]", main)) element.hidden = false;
  for (const time of all("[data-local]", main)) {
    const format = { dateStyle: "medium", timeStyle: "short" };
    time.textContent = new Date(time.dateTime).toLocaleString(
      document.documentElement.lang,
      format,
    );
  }
  tick();
  prepareReturn();
}

/** What follows from the buyer's last tap, once: going back must not lead forth again. */
function leadOn() {
  const go = find("[data-go]", main);
  if (go !== null) {
    history.replaceState(null, "", page);
    if (go instanceof HTMLAnchorElement) location.assign(go.href);
    else invoke(go);
    return;
  }
  if (location.pathname !== page.split("?")[0]) history.replaceState(null, "", page);
  const form = find("form[data-auto]", main);
  const key = `chosen ${main.dataset.statusUrl}`;
  if (form === null || remembered.has(key)) return;
  remembered.keep(key);
  form.submit();
}

prepare();
follow();
leadOn();
