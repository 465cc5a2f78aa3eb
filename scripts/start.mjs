/**
 * `npm start`: the gateway on this machine, with a demo merchant and lines to paste.
 * PORT chooses the port (8787); VERBOSE=1 shows the gateway's log, else it goes to a file.
 */
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import {
  apiClient,
  chosenPort,
  demoMerchant,
  expectStatus,
  isGateway,
  localUrl,
  probe,
} from "./lib/gateway.mjs";
import { inProject, main, projectEnv, ROOT, Stop, tail } from "./lib/project.mjs";
import { bold, dim } from "./lib/terminal.mjs";
import { setup } from "./setup.mjs";

const LOG = ".wrangler/dev.log";
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 5_000;
const verbose = (process.env.VERBOSE ?? "") !== "" && process.env.VERBOSE !== "0";

const canListen = (port, host) =>
  new Promise((resolve) => {
    const server = createServer();
    // A machine without IPv6 has nobody there who could be in the way.
    server.once("error", (error) => resolve(error.code !== "EADDRINUSE"));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });

async function checkPort(port) {
  const free = (await canListen(port, "127.0.0.1")) && (await canListen(port, "::1"));
  if (free) return;
  const other = `Choose another one: PORT=${port + 1} npm start`;
  throw new Stop(
    (await isGateway(localUrl(port)))
      ? `An ItPay gateway already runs at ${localUrl(port)}. ${other}`
      : `Port ${port} is taken by another program. ${other}`,
  );
}

/** The gateway's process: its log, its end, and how to stop it with all that it started. */
function startGateway(port) {
  mkdirSync(inProject(".wrangler"), { recursive: true });
  const log = createWriteStream(inProject(LOG));
  const child = spawn("wrangler", ["dev", "--port", String(port)], {
    cwd: ROOT,
    env: projectEnv(),
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: Ctrl-C comes here alone, and all of the group is stopped together.
    detached: true,
  });
  let recent = "";
  const take = (stream) => (chunk) => {
    log.write(chunk);
    recent = (recent + chunk.toString()).slice(-8_000);
    if (verbose) stream.write(chunk);
    else reportErrors(chunk.toString());
  };
  child.stdout.on("data", take(process.stdout));
  child.stderr.on("data", take(process.stderr));
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(`ended with ${signal ?? `code ${code}`}`));
  });
  /** Rejects when the process ends; the last lines of its log say why. */
  const death = ended.then((reason) => {
    throw new Stop(`${tail(recent)}\n\nThe gateway died: ${reason}.`);
  });
  const signalAll = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  };
  const stop = async () => {
    child.kill("SIGTERM");
    await Promise.race([ended, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    signalAll("SIGKILL");
  };
  return { death, stop, recent: () => recent };
}

/** A build that fails after an edit must not hide in a file. */
function reportErrors(text) {
  for (const line of text.split("\n")) {
    if (line.includes("[ERROR]")) console.error(`${line.trim()} ${dim(`(${LOG})`)}`);
  }
}

async function waitUntilReady(baseUrl, gateway) {
  const deadline = Date.now() + START_LIMIT_MS;
  let ready = null;
  while (Date.now() < deadline) {
    ready = await probe(`${baseUrl}/ready`, 5_000);
    if (ready?.status === 200) return;
    await sleep(250);
  }
  const checks = ready === null ? "" : ` /ready says ${JSON.stringify(ready.body)}.`;
  throw new Stop(`${tail(gateway.recent())}\n\nThe gateway did not become ready.${checks}`);
}

/** A payment that waits for a buyer, to look at and to pay by hand. */
async function openPayment(baseUrl, key, channels) {
  const body = {
    amount: { currency: "CNY", value: 699 },
    ...channels,
    description: "A first payment",
    expires_in: 7_200,
  };
  const reply = await apiClient(baseUrl, key)("POST", "/v1/payment-intents", { body });
  return expectStatus(reply, 201, "Creating a first payment");
}

function curlCreate(baseUrl, key, channel, value) {
  const body = JSON.stringify({ amount: { currency: "CNY", value }, channel });
  return (
    `curl -s ${baseUrl}/v1/payment-intents -H "Authorization: Bearer ${key}" ` +
    `-H "Content-Type: application/json" -d '${body}'`
  );
}

const row = (name, value) => `  ${name.padEnd(10)}${value}`;

function printBlock(baseUrl, key, { one, several }) {
  console.log(`
${bold("ItPay Edge runs.")}

${row("API", bold(baseUrl))}
${row("Test key", key)}
${row("Console", `${baseUrl}/console   (sign in with the test key)`)}
${row("Guides", `${baseUrl}/docs/guides/first-payment`)}
${row("Reference", `${baseUrl}/docs   ${baseUrl}/openapi.json`)}

Two payments wait for their buyers:

${row("WeChat", `${baseUrl}/pay/${one.id}`)}
${row("Choose", `${baseUrl}/pay/${several.id}   (WeChat Pay or Alipay)`)}

${dim("# Create a WeChat payment")}
${curlCreate(baseUrl, key, "wechat", 699)}

${dim("# Create an Alipay payment")}
${curlCreate(baseUrl, key, "alipay", 1_288)}

${dim("# List the payments")}
curl -s ${baseUrl}/v1/payment-intents -H "Authorization: Bearer ${key}"

The whole story in another terminal: ${bold(`${portPrefix(baseUrl)}npm run demo`)}
${verbose ? "Stop" : `Log in ${LOG} (VERBOSE=1 shows it here). Stop`} with Ctrl-C.
`);
}

const portPrefix = (baseUrl) =>
  baseUrl === localUrl(8787) ? "" : `PORT=${new URL(baseUrl).port} `;

/**
 * Resolves when somebody wants the end. npm's shell does not pass signals on, so a parent that is
 * gone counts as one.
 */
const wantsEnd = () =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, resolve);
    if (process.env.npm_lifecycle_event === undefined) return;
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && resolve(), 500).unref();
  });

/** The schedules of wrangler.toml, which wrangler dev leaves to whoever calls this address. */
const SCHEDULES = [
  { cron: "* * * * *", everyMs: 60_000 },
  { cron: "*/5 * * * *", everyMs: 300_000 },
];

/** Runs the schedules, so that a lost webhook is found again here too. Failures are in the log. */
function keepSchedules(baseUrl) {
  const timers = SCHEDULES.map(({ cron, everyMs }) => {
    const address = `${baseUrl}/cdn-cgi/local/scheduled?${new URLSearchParams({ cron })}`;
    return setInterval(() => void probe(address, 30_000), everyMs);
  });
  return () => timers.forEach(clearInterval);
}

async function serve(baseUrl, gateway) {
  await waitUntilReady(baseUrl, gateway);
  const stopSchedules = keepSchedules(baseUrl);
  try {
    const { keys } = await demoMerchant(baseUrl);
    printBlock(baseUrl, keys.test, {
      one: await openPayment(baseUrl, keys.test, { channel: "wechat" }),
      several: await openPayment(baseUrl, keys.test, { channels: ["wechat", "alipay"] }),
    });
    await gateway.death;
  } finally {
    stopSchedules();
  }
}

await main(async () => {
  const port = chosenPort();
  await checkPort(port);
  await setup();
  console.log("Starting the gateway …");
  const ended = wantsEnd();
  const gateway = startGateway(port);
  try {
    await Promise.race([ended, gateway.death, serve(localUrl(port), gateway)]);
  } finally {
    await gateway.stop();
  }
  console.log("Stopped.");
  // A poll of /ready may still be on its way.
  process.exit(0);
});
