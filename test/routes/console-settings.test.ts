/**
 * The console's pages of settings and of operators: every form's good and refused way, secrets that
 * are shown once and never again, and whose page is whose.
 */
import { env, exports } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, it, vi } from "vitest";

import { CHANNELS } from "../../src/channels/registry.ts";
import { randomId } from "../../src/ids.ts";
import { PAGES } from "../../src/routes/console/table.ts";
import { settingsPages } from "../../src/routes/console/pages/settings.ts";
import { type Merchant, newMerchant } from "../intent/kit.ts";

const BASE = "https://pay.gateway.example";
const ADMIN = "admin-token-for-tests";

interface Answer {
  readonly status: number;
  readonly html: string;
  readonly location: string;
}

/** Somebody's browser: it keeps the cookie and posts the forms that pages hold. */
interface Person {
  get(path: string): Promise<Answer>;
  /** Posts the form of a page with this action, its hidden fields as they are, the rest as given. */
  submit(page: string, action: string, fields?: Fields): Promise<Answer>;
  /** Posts to a path; `csrf` is the session's own unless given. */
  post(path: string, fields?: Fields, csrf?: string | null): Promise<Answer>;
}

type Fields = Readonly<Record<string, string | readonly string[]>>;

const send = (path: string, init: RequestInit = {}) =>
  exports.default.fetch(new Request(`${BASE}${path}`, { redirect: "manual", ...init }));

async function answerOf(reply: Response): Promise<Answer> {
  const html = await reply.text();
  return { status: reply.status, html, location: reply.headers.get("Location") ?? "" };
}

const unescape = (text: string): string =>
  text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">").replaceAll("&amp;", "&"); // prettier-ignore

/** The hidden fields of the form with this action. */
function hiddenOf(html: string, action: string): Record<string, string> {
  const forms = html.match(/<form [^>]*>[\s\S]*?<\/form>/g) ?? [];
  const form = forms.find((one) => unescape(/ action="([^"]*)"/.exec(one)?.[1] ?? "") === action);
  if (form === undefined) throw new Error(`no form for ${action} in ${html}`);
  const hidden = form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  return Object.fromEntries([...hidden].map(([, name = "", value = ""]) => [name, unescape(value)]));
}

async function signIn(secret: string): Promise<Person> {
  const reply = await send("/console/sign-in", {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: BASE },
    body: new URLSearchParams({ secret }).toString(),
  });
  const cookie = (reply.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";
  if (reply.status !== 303 || cookie === "") throw new Error(`not signed in: ${reply.status}`);
  const get = async (path: string) => answerOf(await send(path, { headers: { Cookie: cookie } }));
  const home = await get("/console/nowhere");
  const own = /name="_csrf" value="([^"]+)"/.exec(home.html)?.[1] ?? "";
  const post: Person["post"] = async (path, fields = {}, csrf = own) => {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...fields, ...(csrf === null ? {} : { _csrf: csrf }) })) {
      for (const one of typeof value === "string" ? [value] : value) body.append(name, one);
    }
    const headers = {
      Cookie: cookie,
      Origin: BASE,
      "Content-Type": "application/x-www-form-urlencoded",
    };
    return answerOf(await send(path, { method: "POST", headers, body: body.toString() }));
  };
  const submit: Person["submit"] = async (page, action, fields = {}) => {
    const { html, status } = await get(page);
    if (status !== 200) throw new Error(`${page} answers ${status}: ${html}`);
    return post(action, { ...hiddenOf(html, action), ...fields });
  };
  return { get, post, submit };
}

let merchant: Merchant;
let other: Merchant;
let shop: Person;
let rival: Person;
let operator: Person;

beforeAll(async () => {
  merchant = await newMerchant("Lantern <b>Tea</b> House");
  other = await newMerchant("Rival");
  [shop, rival, operator] = await Promise.all([
    signIn(merchant.test),
    signIn(other.test),
    signIn(ADMIN),
  ]);
});

beforeEach(() => {
  // Webhooks go nowhere.
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("thank you"));
});

const pageTitle = ({ html }: Answer): string => /<h1>([^<]*)<\/h1>/.exec(html)?.[1] ?? "";

describe("every page", () => {
  it("that needs no id opens for whoever it is for, and for nobody else", async ({ expect }) => {
    const plain = settingsPages.filter(({ method, path }) => method === "get" && !path.includes(":"));
    expect(plain.length).toBeGreaterThan(20);
    for (const { path, scope } of plain) {
      const address = `/console${path}`;
      // The row of the price list to be removed is named in the query.
      const found = path === "/fee-plans/delete" ? 404 : 200;
      const [mine, theirs] = [await shop.get(address), await operator.get(address)];
      expect([path, mine.status]).toEqual([path, scope === "operator" ? 403 : found]);
      expect([path, theirs.status]).toEqual([path, scope === "merchant" ? 403 : found]);
    }
  });
});
