/**
 * The console's pages of the books: comparing, exceptions, the ledger, settlements and reports for
 * merchants; rates, invoices and receivers for operators. Every form's good and refused way, files
 * that are too long or not ours to take, and whose page is whose.
 */
import { env } from "cloudflare:workers";
import { beforeAll, describe, it, vi } from "vitest";

import { FORM_FILE_MB } from "../../src/routes/console/upload.ts";
import { minorUnits } from "../../src/routes/console/pages/book-parts.tsx";
import { bookPages } from "../../src/routes/console/pages/books.ts";
import { rateOf } from "../../src/routes/console/pages/report-sums.ts";
import { EXAMPLE } from "../../src/routes/console/pages/statement-profile.tsx";
import { randomId } from "../../src/ids.ts";
import { monthAt, monthBefore, startOfMonth } from "../../src/settlement/months.ts";
import { database } from "../../src/store/db.ts";
import { addRuns } from "../../src/store/reconciliation-runs.ts";
import type { ReportLine } from "../../src/store/reports.ts";
import { api, type Merchant, newMerchant, wechatPayment } from "../intent/kit.ts";
import { cny, plantException } from "../reconciliation/exceptions.ts";
import { book, expectSettlement, invoiced } from "../settlement/kit.ts";
import { ADMIN, type Answer, fetchPage, type Person, signIn } from "./person.ts";

const DAY = "2026-11-20";

let merchant: Merchant;
let other: Merchant;
let shop: Person;
let rival: Person;
let operator: Person;
/** The merchant's account in the sandbox. */
let account: string;

beforeAll(async () => {
  merchant = await newMerchant("Lantern <b>Tea</b> House");
  other = await newMerchant("Rival");
  [shop, rival, operator] = await Promise.all([
    signIn(merchant.test),
    signIn(other.test),
    signIn(ADMIN),
  ]);
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("thank you"));
  // The first payment of a channel makes the sandbox's account.
  const made = await api("POST", "/v1/payment-intents", {
    key: merchant.test,
    body: wechatPayment(),
  });
  account = made.body.channel_account;
});

const pathOf = ({ location }: Answer): string => location.split("?")[0] ?? "";

/** The text of a page, as it is read. */
const textOf = (html: string): string =>
  html
    .slice(html.indexOf("<main"))
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll("&#39;", "'")
    .replaceAll(/\s+/g, " ");

const read = async (path: string) => (await api("GET", path, { key: merchant.test })).body;

const plant = (changes: Partial<Parameters<typeof plantException>[0]> = {}) =>
  plantException({ merchant_id: merchant.id, channel_account: account, ...changes });

const owner = () => ({ merchantId: merchant.id, livemode: false });

describe("whose page is whose", () => {
  it("those without an id open for whoever they are for, and for nobody else", async ({
    expect,
  }) => {
    const plain = bookPages.filter(({ method, path }) => method === "get" && !path.includes(":"));
    expect(plain.length).toBeGreaterThan(15);
    for (const { path, scope } of plain) {
      const [mine, theirs] = [
        await shop.get(`/console${path}`),
        await operator.get(`/console${path}`),
      ];
      expect([path, mine.status]).toEqual([path, scope === "operator" ? 403 : 200]);
      expect([path, theirs.status]).toEqual([path, scope === "merchant" ? 403 : 200]);
    }
  });

  it("what is another merchant's is nowhere for it", async ({ expect }) => {
    const { id } = await plant({ assignee: "Li Na" });
    const settlement = await expectSettlement(owner(), account, "2026-10-01", 123_456);
    const places = [
      `/exceptions/${id}`,
      `/exceptions/${id}/adjust`,
      `/settlements/${settlement}`,
      `/accounts/${account}/statement-profile`,
    ];
    for (const place of places) {
      const { status } = await shop.get(`/console${place}`);
      expect([place, status]).toEqual([place, 200]);
      const theirs = await rival.get(`/console${place}`);
      expect([place, theirs.status]).toEqual([place, 404]);
    }
    const taken = await rival.post(`/console/exceptions/${id}`, {
      note: "mine",
      state: "resolved",
    });
    expect(taken.status).toBe(404);
    expect((await read(`/v1/reconciliation/exceptions/${id}`)).state).toBe("open");
    for (const list of ["/exceptions", "/settlements", "/ledger/entries"]) {
      const { html } = await rival.get(`/console${list}`);
      expect(html).not.toContain(id);
      expect(html).not.toContain(settlement);
    }
  });

  it("an address with dots reaches no other route of the API", async ({ expect }) => {
    for (const id of ["..%2Fmerchant", "..%2F..%2Fhealth", "x%3Flimit%3D1", "%00"]) {
      for (const kind of ["exceptions", "reconciliation/runs", "settlements"]) {
        const { status } = await shop.get(`/console/${kind}/${id}`);
        expect([kind, id, status]).toEqual([kind, id, 404]);
      }
    }
    const sent = await operator.get("/console/receivers?channel_account=..%2F..%2Fmerchants");
    expect(sent.status).toBe(404);
  });

  it("a key that may only read sees the pages, and its buttons are off", async ({ expect }) => {
    const { body } = await api("POST", "/v1/api-keys", {
      key: merchant.test,
      body: { scopes: ["reports:read"] },
    });
    const reader = await signIn(body.key);
    const { id } = await plant();
    for (const path of ["/reconciliation/new", "/reconciliation/upload", `/exceptions/${id}`]) {
      const { status, html } = await reader.get(`/console${path}`);
      expect([path, status]).toEqual([path, 200]);
      expect(html).toContain("The API key lacks the scope channels:write.");
    }
    // It may not read the accounts either: their ids are typed.
    expect((await reader.get("/console/settlements")).html).toContain('placeholder="ca_…"');
    const sent = await reader.post(`/console/exceptions/${id}`, { note: "x" });
    expect([sent.status, sent.html.includes("SCOPE_MISSING")]).toEqual([403, true]);
  });
});

describe("comparing", () => {
  const START = "/console/reconciliation";

  it("starts a run, whose page says how far it is and what it found", async ({ expect }) => {
    const sent = await shop.submit(`${START}/new`, START, {
      channel_account: account,
      from: DAY,
      to: DAY,
    });
    expect([sent.status, sent.location.endsWith("?done=started")]).toEqual([303, true]);
    const page = await shop.get(sent.location);
    expect(page.html).toContain("The run has begun.");
    expect(page.html).toContain('<progress id="progress"');
    expect((await shop.get(START)).html).toContain(pathOf(sent));
    expect((await rival.get(pathOf(sent))).status).toBe(404);
    expect((await rival.get(START)).html).not.toContain(account);
  });

  it("a run that is sent twice is one run", async ({ expect }) => {
    const { html } = await shop.get(`${START}/new`);
    const key = /name="_key" value="([^"]+)"/.exec(html)?.[1] ?? "";
    const fields = { _key: key, channel_account: account, from: DAY, to: DAY };
    const [first, second] = [await shop.post(START, fields), await shop.post(START, fields)];
    expect(first.status).toBe(303);
    expect(second.location).toBe(first.location);
  });

  it("says at the field what is wrong with the days, and keeps what was typed", async ({
    expect,
  }) => {
    const sent = await shop.submit(`${START}/new`, START, {
      channel_account: account,
      from: "2026-11-02",
      to: "2026-11-01",
    });
    expect(sent.status).toBe(400);
    expect(sent.html).toContain('<a href="#f-to">');
    expect(sent.html).toContain('value="2026-11-02"');
    const future = await shop.submit(`${START}/new`, START, {
      channel_account: account,
      from: "2090-01-01",
      to: "2090-01-01",
    });
    expect(future.status).toBe(400);
  });

  it("a day that failed says the file, the line and the column", async ({ expect }) => {
    const run = randomId("run");
    const now = Date.now();
    await addRuns(
      database(env.DB),
      [
        {
          id: run,
          merchant_id: merchant.id,
          livemode: false,
          channel_account: account,
          trigger: "nightly",
          from_day: DAY,
          to_day: DAY,
          created_at: now,
        },
      ],
      [
        {
          run_id: run,
          day: DAY,
          state: "failed",
          step: "read",
          cursor: "",
          statement_id: null,
          merchant_statement_id: null,
          lines: 40,
          done: 14,
          counts: { matched: 12, amount_mismatch: 2 },
          attempts: 1,
          next_attempt_at: null,
          error: {
            code: "cell",
            message: "The amount <b>is</b> none.",
            file: "bill.csv",
            line: 41,
            column: 13,
          },
          created_at: now,
          updated_at: now,
        },
      ],
    );
    const { html } = await shop.get(`${START}/runs/${run}`);
    const text = textOf(html);
    expect(text).toContain("bill.csv · line 41 · column 13 · cell");
    expect(text).toContain("&lt;b&gt;is&lt;/b&gt;");
    expect(text).toContain("A day failed; nothing of it was booked.");
    // An earlier run may have found them first: of the account, not of this run.
    expect(html).toContain(
      `/console/exceptions?channel_account=${account}&amp;kind=amount_mismatch`,
    );
    expect(html).toContain(`${START}/upload?channel_account=${account}&amp;date=${DAY}`);
    const lines = await shop.get(`${START}/runs/${run}/lines.csv?date=${DAY}`);
    expect(lines.headers.get("Content-Disposition")).toContain(`statement-lines-${DAY}.csv`);
    expect((await rival.get(`${START}/runs/${run}/lines.csv?date=${DAY}`)).status).toBe(404);
    // Nothing is under way: nothing is asked again.
    expect(html).not.toContain("hx-get");
  });
});

describe("files", () => {
  const UPLOAD = "/console/reconciliation/statements";
  const FILE = "reference,amount,currency\r\npi_1,6.99,CNY\r\n";

  const query = (changes: Record<string, string> = {}) =>
    new URLSearchParams({
      channel_account: account,
      date: DAY,
      side: "channel",
      file_name: "bill.csv",
      ...changes,
    }).toString();

  const byScript = (person: Person, body: BodyInit, changes: Record<string, string> = {}) =>
    person.send(`${UPLOAD}?${query(changes)}`, {
      method: "POST",
      headers: { "X-CSRF-Token": person.csrf, "Content-Type": "application/octet-stream" },
      body,
    });

  const byForm = (person: Person, file: File | null, csrf: string) => {
    const body = new FormData();
    const fields = { _csrf: csrf, channel_account: account, date: DAY, side: "merchant" };
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    if (file !== null) body.append("file", file);
    return person.send(UPLOAD, { method: "POST", body });
  };

  const files = async () =>
    (await read("/v1/reconciliation/statements?limit=100")).data as {
      id: string;
      file_name: string;
      side: string;
      sha256: string;
    }[];

  /** Without what runs find out about them meanwhile. */
  const names = async () => (await files()).map(({ id }) => id);

  it("sent by the script goes on as it is, and comes back byte for byte", async ({ expect }) => {
    const sent = await byScript(shop, FILE, { file_name: "../bill of <today>.csv" });
    expect([sent.status, sent.location.endsWith("?done=uploaded")]).toEqual([303, true]);
    const [file] = await files();
    // No way leads out of a name.
    expect(file?.file_name).toBe(".._bill of <today>.csv");
    const page = await shop.get(`${UPLOAD}?side=channel`);
    expect(page.html).toContain("bill of &lt;today&gt;.csv");
    const back = await shop.get(`${UPLOAD}/${file?.id}/file`);
    expect(back.html).toBe(FILE);
    expect(back.headers.get("Content-Disposition")).toMatch(/^attachment/);
    expect(back.headers.get("Content-Type")).toBe("application/octet-stream");
    expect(back.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect((await rival.get(`${UPLOAD}/${file?.id}/file`)).status).toBe(404);
  });

  it("longer than any form may be is streamed", async ({ expect }) => {
    const chunk = new Uint8Array(1_048_576).fill(65);
    let left = FORM_FILE_MB + 2;
    const body = new ReadableStream({
      pull(controller) {
        if (left === 0) return controller.close();
        left -= 1;
        controller.enqueue(chunk);
      },
    });
    const sent = await byScript(shop, body, { file_name: "long.csv" });
    expect(sent.status).toBe(303);
    expect((await files()).some(({ file_name: name }) => name === "long.csv")).toBe(true);
  });

  it("sent by a form without script is taken too", async ({ expect }) => {
    const sent = await byForm(shop, new File([FILE], "own.csv"), shop.csrf);
    expect([sent.status, sent.location.endsWith("?done=uploaded")]).toEqual([303, true]);
    const [file] = await files();
    expect([file?.file_name, file?.side]).toEqual(["own.csv", "merchant"]);
  });

  it("is not taken without the token, by another site, or by a stranger's address", async ({
    expect,
  }) => {
    const before = await names();
    expect((await byForm(shop, new File([FILE], "x.csv"), "forged")).status).toBe(403);
    for (const headers of [
      { "X-CSRF-Token": "forged" },
      { "X-CSRF-Token": shop.csrf, Origin: "https://evil.example" },
      { "X-CSRF-Token": shop.csrf, "Sec-Fetch-Site": "cross-site" },
    ]) {
      const sent = await shop.send(`${UPLOAD}?${query()}`, { method: "POST", headers, body: FILE });
      expect(sent.status).toBe(403);
    }
    expect((await byScript(rival, FILE)).status).toBe(404);
    const signedOut = await fetchPage(`${UPLOAD}?${query()}`, { method: "POST", body: FILE });
    expect(signedOut.status).not.toBe(200);
    expect(await names()).toEqual(before);
  });

  it("a body without end is not read for a token", async ({ expect }) => {
    const before = await names();
    const chunk = new Uint8Array(1_048_576).fill(65);
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        if (pulled > 4 * FORM_FILE_MB) return controller.close();
        controller.enqueue(chunk);
      },
    });
    const sent = await shop.send(UPLOAD, {
      method: "POST",
      headers: { "Content-Type": "multipart/form-data; boundary=x" },
      body,
    });
    expect(sent.status).toBeGreaterThanOrEqual(400);
    expect(await names()).toEqual(before);
  });

  it("every other form of the console keeps its short limit", async ({ expect }) => {
    const sent = await shop.send("/console/reconciliation", {
      method: "POST",
      headers: { "X-CSRF-Token": shop.csrf, "Content-Type": "application/octet-stream" },
      body: "x".repeat(70_000),
    });
    expect(sent.status).toBe(413);
  });

  it("none, an empty one and a wrong day are refused in the form", async ({ expect }) => {
    const none = await byForm(shop, null, shop.csrf);
    expect([none.status, none.html.includes('<a href="#f-file">')]).toEqual([400, true]);
    expect((await byScript(shop, "")).status).toBe(400);
    const wrong = await byScript(shop, FILE, { date: "yesterday" });
    expect([wrong.status, wrong.html.includes('<a href="#f-date">')]).toEqual([400, true]);
    expect((await byScript(shop, FILE, { side: "nobody's" })).status).toBe(303);
  });

  it("the layout of an account's files is set as JSON, and refused where it is none", async ({
    expect,
  }) => {
    const page = `/console/accounts/${account}/statement-profile`;
    const send = (profile: string) => shop.submit(page, page, { profile });
    const none = await send("{columns:");
    expect([none.status, none.html.includes("must be JSON")]).toEqual([400, true]);
    expect(none.html).toContain("{columns:</textarea>");
    const wrong = await send('{"columns":{}}');
    expect([wrong.status, wrong.html.includes('<a href="#f-profile">')]).toEqual([400, true]);
    const profile = {
      columns: { reference: "Reference", amount: "Credit" },
      currency: "CNY",
      utc_offset_minutes: 480,
    };
    const set = await send(JSON.stringify(profile));
    expect(set.location).toBe(`/console/accounts/${account}?done=layout`);
    const kept = await read(`/v1/channel-accounts/${account}/statement-profile`);
    expect(kept.profile).toMatchObject(profile);
    expect((await shop.get(page)).html).toContain("&quot;Credit&quot;");
    // What the page offers to begin with is one that is taken.
    expect((await send(JSON.stringify(EXAMPLE))).status).toBe(303);
    await send("");
    expect((await read(`/v1/channel-accounts/${account}/statement-profile`)).profile).toBeNull();
  });

  it("the channel's fee is set with the account", async ({ expect }) => {
    const page = `/console/accounts/${account}`;
    const save = (fee: string) =>
      shop.submit(page, page, { display_name: "Sandbox", channel_fee: fee });
    expect((await save("60")).status).toBe(303);
    expect((await read(`/v1/channel-accounts/${account}`)).channel_fee).toBe(60);
    const wrong = await save("0.6 %");
    expect([wrong.status, wrong.html.includes('<a href="#f-channel-fee">')]).toEqual([400, true]);
    expect(wrong.html).toContain('value="0.6 %"');
    await save("");
    expect((await read(`/v1/channel-accounts/${account}`)).channel_fee).toBeNull();
  });
});

describe("exceptions", () => {
  it("are found by each filter, and overdue ones are called so", async ({ expect }) => {
    const run = randomId("run");
    const { id } = await plant({
      run_id: run,
      kind: "duplicate",
      assignee: "Li <Na>",
      due_at: Date.now() - 1_000,
    });
    const seen = async (query: string) =>
      (await shop.get(`/console/exceptions?${query}`)).html.includes(id);
    for (const query of [
      "",
      `run=${run}`,
      "kind=duplicate&state=open",
      "assignee=Li+%3CNa%3E",
      "overdue=true",
      `channel_account=${account}`,
    ]) {
      expect([query, await seen(query)]).toEqual([query, true]);
    }
    for (const query of ["kind=fee_mismatch", "state=resolved", "assignee=Bo", "run=rr_1"]) {
      expect([query, await seen(query)]).toEqual([query, false]);
    }
    const { html } = await shop.get(`/console/exceptions?run=${run}`);
    expect(html).toContain("overdue");
    expect(html).toContain("Li &lt;Na&gt;");
    expect((await rival.get("/console/exceptions")).html).toContain("Nothing is amiss.");
  });

  it("one page sets the sides beside each other and marks what differs", async ({ expect }) => {
    const side = { status: "succeeded", paid_at: null, reference: null, transaction_id: "42<i>" };
    const { id } = await plant({
      kind: "amount_mismatch",
      channel: { ...side, amount: cny(1), file: "bill.csv", line: 7 },
      gateway: { ...side, amount: cny(699) },
      merchant: { ...side, amount: cny(699) },
    });
    const { html } = await shop.get(`/console/exceptions/${id}`);
    const row = (head: string) =>
      (html.match(/<tr[^>]*>.*?<\/tr>/gs) ?? []).find((text) => text.includes(`>${head}`)) ?? "";
    expect(row("Amount")).toMatch(/^<tr class="differs">/);
    expect(textOf(`<main>${row("Amount")}`)).toContain("differs CNY 0.01 CNY 6.99 CNY 6.99");
    expect(row("Status")).not.toContain("differs");
    expect(html).toContain("bill.csv, line 7");
    expect(html).toContain("42&lt;i&gt;");
    expect(html).toContain("Your records");
    // Nobody's side is not a column.
    const without = await shop.get(`/console/exceptions/${(await plant()).id}`);
    expect(without.html).not.toContain("Your records");
  });

  it("are worked on: a note, somebody, a state; written off only with a word", async ({
    expect,
  }) => {
    const { id } = await plant();
    const page = `/console/exceptions/${id}`;
    const state = async () => read(`/v1/reconciliation/exceptions/${id}`);
    const without = await shop.submit(page, page, { state: "written_off" });
    expect([without.status, without.html.includes('<a href="#f-note">')]).toEqual([400, true]);
    expect((await state()).state).toBe("open");
    const taken = await shop.submit(page, page, { state: "acknowledged", assignee: "Li Na" });
    expect(taken.location).toBe(`${page}?done=saved`);
    expect(await state()).toMatchObject({ state: "acknowledged", assignee: "Li Na" });
    // The field stands there filled in: saving a note does not assign it anew.
    await shop.submit(page, page, { note: "called\r\nthem <b>", assignee: "Li Na" });
    expect((await state()).notes.at(-1)).toMatchObject({ text: "called\nthem <b>", action: null });
    expect((await shop.get(page)).html).toContain("them &lt;b&gt;");
    await shop.submit(page, page, { assignee: "" });
    expect((await state()).assignee).toBeNull();
    await shop.submit(page, page, { state: "written_off", note: "Not worth it." });
    expect((await state()).state).toBe("written_off");
    const over = await shop.get(page);
    expect(over.html).not.toContain('value="resolved"');
    const again = await shop.post(page, { state: "resolved" });
    expect([again.status, again.html.includes("INVALID_STATE")]).toEqual([409, true]);
    // Nothing to save is not a change either.
    expect((await shop.post(page, {})).status).toBe(400);
  });

  it("each action asks before it acts, and acts once", async ({ expect }) => {
    const paid = await api("POST", "/v1/payment-intents", {
      key: merchant.test,
      body: wechatPayment(),
    });
    await api("POST", `/sandbox/payments/${paid.body.id}/pay`);
    const { id } = await plant({
      payment_intent: paid.body.id,
      reference: paid.body.id,
      kind: "amount_mismatch",
    });
    const page = `/console/exceptions/${id}`;
    const books = async () =>
      (await read(`/v1/ledger-entries?cause=${id}`)).data as { amount: unknown; memo: string }[];
    expect((await shop.get(page)).html).toContain(`${page}/adjust`);
    const typo = await shop.submit(`${page}/adjust`, `${page}/adjust`, {
      direction: "down",
      amount: "1,50",
      memo: "a",
    });
    expect([typo.status, typo.html.includes('<a href="#f-amount">')]).toEqual([400, true]);
    expect(typo.html).toContain('value="1,50"');
    expect(await books()).toEqual([]);
    const { html } = await shop.get(`${page}/adjust`);
    // Which way nobody can know beforehand, and a browser does not send it before it was chosen.
    expect(html).toMatch(/<select id="f-direction"[^>]* required[^>]*><option value="" selected/);
    expect(html).toMatch(/name="amount"[^>]* value="\d+\.\d\d"/);
    const unsaid = { direction: "", amount: "1.50", memo: "a" };
    expect((await shop.submit(`${page}/adjust`, `${page}/adjust`, unsaid)).status).toBe(400);
    expect(await books()).toEqual([]);
    const key = /name="_key" value="([^"]+)"/.exec(html)?.[1] ?? "";
    const fields = { _key: key, direction: "down", amount: "1.50", memo: "the bank's mistake" };
    const done = await shop.post(`${page}/adjust`, fields);
    expect(done.location).toBe(`${page}?done=adjust`);
    // The same form once more gets the same answer, and books nothing.
    expect((await shop.post(`${page}/adjust`, fields)).location).toBe(done.location);
    expect(await books()).toMatchObject([{ amount: cny(150), memo: "the bank's mistake" }]);
    // What is done cannot be asked for any more.
    expect((await shop.get(`${page}/adjust`)).status).toBe(409);

    const refund = await shop.submit(`${page}/refund`, `${page}/refund`, {
      amount: "2.00",
      reason: "",
    });
    expect(refund.location).toBe(`${page}?done=refund`);
    const { amount_refunded: refunded } = await read(`/v1/payment-intents/${paid.body.id}`);
    expect(refunded).toEqual(cny(200));
  });
});

describe("the ledger", () => {
  it("shows balances as they were, and the entries behind them", async ({ expect }) => {
    const own = await newMerchant("Books");
    const person = await signIn(own.test);
    const cause = randomId("paymentIntent");
    const at = Date.parse("2026-10-05T10:00:00Z");
    await book({ merchantId: own.id, livemode: false }, [
      { kind: "gross", at, value: 1_234_567, account: "ca_x", cause },
      { kind: "refund", at: at + 86_400_000, value: 2_000_000, account: "ca_x" },
    ]);
    const now = textOf((await person.get("/console/ledger")).html);
    expect(now).toContain("Held at channels −CNY 7,654.33");
    const then = await person.get("/console/ledger?as_of=2026-10-05T12:00");
    expect(textOf(then.html)).toContain("Held at channels CNY 12,345.67");
    const before = await person.get("/console/ledger?as_of=2026-10-01T12:00");
    expect(before.html).toContain("Nothing was booked by then.");
    const wrong = await person.get("/console/ledger?as_of=now");
    expect([wrong.status, wrong.html.includes('<a href="#f-as-of">')]).toEqual([400, true]);

    const entries = async (query: string) =>
      (await person.get(`/console/ledger/entries?${query}`)).html.split("<tr").length - 2;
    const later = `${randomId("settlement")}.2`;
    await book({ merchantId: own.id, livemode: false }, [
      { kind: "channel_fee_return", at, value: 1, account: "ca_x", cause: later },
    ]);
    expect(await entries("")).toBe(3);
    expect(await entries(`cause=${cause}`)).toBe(1);
    expect(await entries("kind=refund")).toBe(1);
    expect(await entries("created_gte=2026-10-05&created_lt=2026-10-05")).toBe(2);
    const { html } = await person.get("/console/ledger/entries");
    expect(html).toContain(`href="/console/payments/${cause}"`);
    expect(html).toContain(`href="/console/settlements/${later.slice(0, -2)}"`);

    const csv = await person.get("/console/ledger.csv?from=2026-10-01&to=2026-10-31");
    expect(csv.html).toContain("12345.67");
    expect(csv.html).toContain("# 3 rows");
    expect(csv.headers.get("Content-Disposition")).toMatch(/^attachment/);
  });
});

describe("settlements", () => {
  it("are listed, and each says what it is made of", async ({ expect }) => {
    const id = await expectSettlement(owner(), account, "2026-09-01", -500);
    const { html } = await shop.get("/console/settlements?to=2026-09-30");
    expect(html).toContain(id);
    expect(textOf(html)).toContain("−CNY 5.00");
    expect((await shop.get("/console/settlements?from=2026-09-02&to=2026-09-03")).html).toContain(
      "No settlement fits.",
    );
    const one = textOf((await shop.get(`/console/settlements/${id}`)).html);
    expect(one).toContain("The channel's fee −CNY 0.01");
    expect(one).toContain("To your bank −CNY 5.00");
    // The day after by the channel's clock, which in UTC has not begun.
    expect(textOf(html)).toContain("expected 2026-09-02");
    expect(one).toContain("Expected 2026-09-02 by the channel's clock");
  });

  it("a payout is recorded of those that are chosen; a difference only on purpose", async ({
    expect,
  }) => {
    const id = await expectSettlement(owner(), account, "2026-09-10", 700_000);
    const begun = await shop.get(
      `/console/settlements/payouts/new?channel_account=${account}&settlement=${id}`,
    );
    expect(begun.html).toContain('value="7000.00"');
    expect(begun.html).toMatch(new RegExp(`value="${id}" checked`));
    const key = /name="_key" value="([^"]+)"/.exec(begun.html)?.[1] ?? "";
    const fields = {
      _key: key,
      channel_account: account,
      settlements: [id],
      amount: "6999.00",
      currency: "CNY",
      arrived_at: "2026-09-11T02:00",
      bank_reference: "B <1>",
    };
    const POST = "/console/settlements/payouts";
    const short = await shop.post(POST, fields);
    expect(short.status).toBe(409);
    expect(textOf(short.html)).toContain("sum to CNY 7,000.00; the difference is −CNY 1.00");
    expect((await shop.post(POST, { ...fields, amount: "much" })).status).toBe(400);
    const again = { ...fields, _key: crypto.randomUUID(), accept_difference: ["true"] };
    const done = await shop.post(POST, again);
    expect([done.status, done.location.endsWith("?done=recorded")]).toEqual([303, true]);
    const page = await shop.get(done.location);
    expect(page.html).toContain("B &lt;1&gt;");
    expect(page.html).toContain(`/console/settlements/${id}`);
    expect((await shop.post(POST, again)).location).toBe(done.location);
    expect((await read(`/v1/settlements/${id}`)).state).toBe("paid");
    expect((await shop.get(POST)).html).toContain(pathOf(done));
    expect((await rival.get(pathOf(done))).status).toBe(404);
  });

  it("without an account, or with nothing expected, it asks for one", async ({ expect }) => {
    const NEW = "/console/settlements/payouts/new";
    expect((await shop.get(NEW)).html).toContain("Go on");
    const { html } = await rival.get(`${NEW}?channel_account=ca_1`);
    expect(textOf(html)).not.toContain("Amount that arrived");
  });

  it("invoices are read and printed, each by its merchant alone", async ({ expect }) => {
    const id = await invoiced(owner());
    const path = `/console/settlements/invoices/${id}`;
    const list = await shop.get("/console/settlements/invoices?month=2026-10");
    expect(list.html).toContain(path);
    expect(textOf(list.html)).toContain("to be paid");
    const { html } = await shop.get(path);
    expect(textOf(html)).toContain("CNY 0.88");
    const printed = await shop.get(`${path}/page`);
    expect(printed.status).toBe(200);
    expect(printed.html).toContain("Lantern &lt;b&gt;Tea&lt;/b&gt; House");
    expect(printed.headers.get("Content-Security-Policy")).toContain("style-src 'sha256-");
    expect(printed.headers.get("Content-Security-Policy")).not.toContain("script-src");
    for (const place of [path, `${path}/page`]) {
      expect([place, (await rival.get(place)).status]).toEqual([place, 404]);
    }
  });
});

describe("reports", () => {
  it("count what the API counts, for days and for a month, and as files", async ({ expect }) => {
    const own = await newMerchant("Reports");
    const person = await signIn(own.test);
    expect((await person.get("/console/reports")).html).toContain("Nothing happened");
    const at = startOfMonth("2026-10") + 5 * 86_400_000;
    await book({ merchantId: own.id, livemode: false }, [
      { kind: "fee", at, value: 500 },
      { kind: "fee_refund", at: at + 86_400_000, value: 700 },
    ]);
    for (const query of ["from=2026-10-01&to=2026-10-31", "month=2026-10"]) {
      const { status, html } = await person.get(`/console/reports?${query}`);
      expect([query, status]).toEqual([query, 200]);
      const text = textOf(html);
      expect(text).toContain("Volume in CNY CNY 500.00");
      // More was given back than was charged: below zero, and drawn so.
      expect(text).toContain("Fees in CNY −CNY 2.00");
      expect(html).toContain('id="fees-CNY-title"');
      expect(text).toContain("2026-10-06");
    }
    const week = await person.get("/console/reports?from=2026-10-06");
    expect(textOf(week.html)).toContain("CNY 5.00");
    const daily = await person.get("/console/reports.csv?from=2026-10-06&to=2026-10-06");
    expect(daily.headers.get("Content-Disposition")).toBe(
      'attachment; filename="daily-2026-10-06-2026-10-06.csv"',
    );
    expect(daily.html).toContain("500.00");
    const monthly = await person.get("/console/reports.csv?month=2026-10");
    expect(monthly.headers.get("Content-Disposition")).toContain("monthly-2026-10.csv");
  });

  it.for([
    "from=2026-02-30",
    "from=2026-01-01&to=2026-12-31",
    "from=2026-11-02&to=2026-11-01",
    "month=soon",
  ])("%s is said at the field", async (query, { expect }) => {
    const { status, html } = await shop.get(`/console/reports?${query}`);
    expect(status).toBe(400);
    expect(html).toContain('id="problem"');
  });

  it("success is of the payments that ended", ({ expect }) => {
    const line = (succeeded: number, failed: number) =>
      ({ succeeded, failed, expired: 0, cancelled: 0 }) as ReportLine;
    expect(rateOf([line(3, 1), line(1, 3)])).toBe(0.5);
    expect(rateOf([line(0, 0)])).toBeNull();
  });
});

describe("operators", () => {
  it("set rates; another of the same time is refused", async ({ expect }) => {
    const PATH = "/console/fx-rates";
    const fields = {
      base: "CNY",
      quote: "SGD",
      rate: "0.1865",
      source: "MAS <daily>",
      as_of: "2026-11-01T00:00",
    };
    const set = await operator.submit(`${PATH}/new`, PATH, fields);
    expect(set.location).toBe(`${PATH}?base=CNY&quote=SGD&done=set`);
    const { html } = await operator.get(set.location);
    expect(html).toContain("1 CNY = 0.1865 SGD");
    expect(html).toContain("MAS &lt;daily&gt;");
    const twice = await operator.submit(`${PATH}/new`, PATH, { ...fields, rate: "0.2" });
    expect([twice.status, twice.html.includes('value="0.2"')]).toEqual([409, true]);
    const typo = await operator.submit(`${PATH}/new`, PATH, { ...fields, rate: "0,19" });
    expect([typo.status, typo.html.includes('<a href="#f-rate">')]).toEqual([400, true]);
  });

  it("close a month, and note that an invoice was paid", async ({ expect }) => {
    const own = await newMerchant("Invoiced");
    const books = { merchantId: own.id, livemode: true };
    const month = monthBefore(monthAt(Date.now()));
    await book(books, [{ kind: "fee", at: startOfMonth(month), value: 4_200 }]);
    const PATH = "/console/invoices";
    const running = await operator.submit(`${PATH}/new`, PATH, { month: monthAt(Date.now()) });
    expect(running.status).toBe(409);
    const closed = await operator.submit(`${PATH}/new`, PATH, { month, merchant_id: own.id });
    expect(closed.location).toBe(`${PATH}?done=closed`);
    const { html } = await operator.get(`${PATH}?merchant_id=${own.id}`);
    expect(textOf(html)).toContain("CNY 42.00");
    const pay = (/href="(\/console\/invoices\/in_\w+\/pay[^"]*)"/.exec(html)?.[1] ?? "").replaceAll(
      "&amp;",
      "&",
    );
    const nameless = await operator.submit(pay, pay, { payment_reference: "" });
    expect(nameless.status).toBe(400);
    const paid = await operator.submit(pay, pay, {
      paid_at: `${new Date().toISOString().slice(0, 10)}T00:00`,
      payment_reference: "TT 1",
    });
    expect(paid.location).toBe(`${PATH}?done=paid`);
    const after = await operator.get(`${PATH}?merchant_id=${own.id}&state=paid`);
    expect(textOf(after.html)).toContain("CNY 42.00");
    const lost = pay.replace(/in_\w+/, randomId("invoice"));
    expect((await operator.get(lost)).status).toBe(404);
  });

  it("set the receiver of an account's shares, and take it away", async ({ expect }) => {
    const PATH = "/console/receivers";
    const here = `${PATH}?channel_account=${account}`;
    const set = (type: string, number: string) =>
      operator.post(PATH, {
        channel_account: account,
        "receiver.type": type,
        "receiver.account": number,
      });
    const wrong = await set("MERCHANT_ID", "x");
    expect([wrong.status, wrong.html.includes('<a href="#f-receiver-account">')]).toEqual([
      400,
      true,
    ]);
    expect((await set("MERCHANT_ID", "1900000109")).location).toBe(`${here}&done=saved`);
    expect((await read(`/v1/channel-accounts/${account}`)).settlement_method).toBe("channel_split");
    expect((await shop.get(`/console/accounts/${account}`)).html).toContain(
      "as a share of each payment",
    );
    expect((await operator.get(here)).html).toContain('value="1900000109"');
    await set("", "");
    expect((await read(`/v1/channel-accounts/${account}`)).settlement_method).toBe("invoice");
    expect((await operator.get(`${PATH}?channel_account=ca_none`)).status).toBe(404);
  });

  it("see what waits for the nightly jobs", async ({ expect }) => {
    const { html } = await operator.get("/console/sweeper");
    const text = textOf(html);
    expect(text).toContain("Begins last night's comparison of every account");
    expect(text).toContain("Open exceptions");
  });
});

describe("amounts as they are typed", () => {
  it("are read by the currency's places, and never rounded", ({ expect }) => {
    expect(minorUnits("12.5", "CNY")).toBe(1_250);
    expect(minorUnits("1200", "JPY")).toBe(1_200);
    expect(minorUnits("-1.00", "CNY")).toBe(-100);
    expect(minorUnits("0", "CNY")).toBe(0);
    for (const text of ["", "1,50", "1.005", "1e3", "--1", "12.5 ", "90071992547409.93"]) {
      expect([text, minorUnits(text, "CNY")]).toEqual([text, null]);
    }
    expect(minorUnits("1.5", "JPY")).toBeNull();
  });
});
