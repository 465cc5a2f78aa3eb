import { env } from "cloudflare:workers";
import { beforeAll, describe, it } from "vitest";

import { randomId } from "../../src/ids.ts";
import { database, type Database } from "../../src/store/db.ts";
import { insertMerchant } from "../../src/store/merchants.ts";
import {
  listOwnServices,
  searchServices,
  type ServiceFilter,
} from "../../src/store/service-search.ts";
import {
  findActiveService,
  findOwnService,
  findPublicService,
  insertService,
  listServiceVersions,
  type ServiceRow,
  updateService,
} from "../../src/store/services.ts";
import { manifestOf, money } from "../agents/kit.ts";

const db = database(env.DB);
const first = { limit: 100, before: null };

async function newMerchant(): Promise<string> {
  const id = randomId("merchant");
  await insertMerchant(
    db,
    {
      id,
      name: "Shop",
      email: null,
      settlement_currency: null,
      status: "active",
      created_at: 1,
      updated_at: 1,
    },
    [],
  );
  return id;
}

let merchant = "";
let clock = 1_800_000_000_000;

beforeAll(async () => {
  merchant = await newMerchant();
});

const draftOf = (changes: Record<string, unknown> = {}, row: Partial<ServiceRow> = {}) => {
  const manifest = manifestOf({ name: randomId("request"), ...changes });
  clock += 1_000;
  return {
    id: randomId("service"),
    merchant_id: merchant,
    livemode: true,
    status: "draft" as const,
    version: manifest.version,
    name: manifest.name,
    manifest,
    created_at: clock,
    updated_at: clock,
    ...row,
  };
};

async function saved(changes: Record<string, unknown> = {}, row: Partial<ServiceRow> = {}) {
  const draft = await insertService(db, draftOf(changes, row), []);
  if (draft === null) throw new Error("the name is taken");
  return draft;
}

async function become(row: ServiceRow, change: Parameters<typeof updateService>[2]) {
  const changed = await updateService(db, row, change, row.updated_at, []);
  if (changed === null) throw new Error("lost");
  return changed;
}

const active = async (changes: Record<string, unknown> = {}, row: Partial<ServiceRow> = {}) =>
  become(await saved(changes, row), { status: "active" });

const found = async (filter: ServiceFilter, livemode = true, page = first) =>
  (await searchServices(db, livemode, filter, page)).map(({ id }) => id);

const indexed = async (id: string) => {
  const row = await env.DB.prepare("SELECT count(*) AS n FROM services_fts WHERE service_id = ?")
    .bind(id)
    .first<{ n: number }>();
  return row?.n;
};

describe("a service's life", () => {
  it("is found only while it is active, and paid only then", async ({ expect }) => {
    const draft = await saved();
    const { id } = draft;
    const states = async () => [
      await indexed(id),
      (await findPublicService(db, true, id)) !== null,
      await findActiveService(db, merchant, true, id).then((each) => (each.ok ? "ok" : each.error)),
      (await listServiceVersions(db, id, first)).length,
    ];
    expect(await states()).toEqual([0, false, "not_active", 0]);
    const up = await become(draft, { status: "active" });
    expect(await states()).toEqual([1, true, "ok", 1]);
    const down = await become(up, { status: "inactive" });
    expect(await states()).toEqual([0, false, "not_active", 1]);
    await become(down, { status: "active" });
    expect(await states()).toEqual([1, true, "ok", 1]);
  });

  it("belongs to one merchant and mode", async ({ expect }) => {
    const { id } = await active();
    const other = await newMerchant();
    expect(await findOwnService(db, other, true, id)).toBeNull();
    expect(await findOwnService(db, merchant, false, id)).toBeNull();
    expect(await findActiveService(db, other, true, id)).toEqual({
      ok: false,
      error: "no_manifest_registered",
    });
    expect(await findPublicService(db, false, id)).toBeNull();
  });

  it("keeps every manifest that was in force, the newest first", async ({ expect }) => {
    let row = await active();
    const { id } = row;
    for (const version of ["1.1.0", "1.10.0", "2.0.0"]) {
      row = await become(row, { version, manifest: { ...row.manifest, version } });
    }
    const versions = (page = first) => listServiceVersions(db, id, page);
    expect((await versions()).map(({ version }) => version)).toEqual([
      "2.0.0",
      "1.10.0",
      "1.1.0",
      "1.0.0",
    ]);
    const [, second, , oldest] = await versions();
    expect(oldest?.manifest).toEqual({ ...row.manifest, version: "1.0.0" });
    const before = { createdAt: second?.created_at ?? 0, id: second?.version ?? "" };
    const rest = await listServiceVersions(db, id, { limit: 1, before });
    expect(rest.map(({ version }) => version)).toEqual(["1.1.0"]);
  });

  it("is changed by one of two at once", async ({ expect }) => {
    const draft = await saved();
    const changes = ["a", "b"].map((name) =>
      updateService(db, draft, { name: `${name}-${draft.id}` }, clock, []),
    );
    const results = await Promise.all(changes);
    expect(results.filter((row) => row !== null)).toHaveLength(1);
    expect(await updateService(db, draft, { status: "active" }, clock, [])).toBeNull();
    expect(await indexed(draft.id)).toBe(0);
  });

  it("made twice with one id is one", async ({ expect }) => {
    const draft = draftOf();
    expect(await insertService(db, draft, [])).toEqual(draft);
    expect(await insertService(db, { ...draft, created_at: clock + 5 }, [])).toEqual(draft);
  });
});

describe("names", () => {
  it("are given once, whatever their case, also to two at once", async ({ expect }) => {
    const name = `Twin ${merchant}`;
    const rows = [draftOf({ name }), draftOf({ name: name.toUpperCase() })];
    const made = await Promise.all(rows.map((row) => insertService(db, row, [])));
    expect(made.filter((row) => row !== null)).toHaveLength(1);
    const other = await newMerchant();
    expect(await insertService(db, draftOf({ name }, { merchant_id: other }), [])).not.toBeNull();
    expect(await insertService(db, draftOf({ name }, { livemode: false }), [])).not.toBeNull();
  });

  it("are free again when their service is out of force", async ({ expect }) => {
    const name = `Phoenix ${merchant}`;
    const old = await become(await active({ name }), { status: "inactive" });
    expect(await insertService(db, draftOf({ name }), [])).not.toBeNull();
    expect(await updateService(db, old, { status: "active" }, clock, [])).toBeNull();
    expect(await indexed(old.id)).toBe(0);
  });
});

describe("search", () => {
  const word = "zebrafish";

  it("finds parts of words in every script, in all texts, and all words together", async ({
    expect,
  }) => {
    const { id } = await active({
      name: "智能摘要服务",
      description: "แปลภาษาอัตโนมัติ for Übergrößen",
      provider: { display_name: `Näher ${word}` },
      tags: ["übersetzung"],
    });
    for (const q of [
      "能摘要",
      "ภาษา",
      "ÜBERGRÖ",
      "zebra",
      "ZEBRAFISH",
      "setzung",
      "摘要服 zebra",
    ]) {
      expect([q, await found({ q })]).toEqual([q, [id]]);
    }
    expect(await found({ q: "摘要服 nowhere" })).toEqual([]);
    expect(await found({ q: "智 zebra" })).toEqual([id]);
    expect(await found({ q: "疑 zebra" })).toEqual([]);
  });

  it("takes what is syntax elsewhere as text", async ({ expect }) => {
    const { id } = await active({ name: `50% "off" (now) ${randomId("request")} a_b AND*` });
    for (const q of ['"off"', '50% "off"', "(now)", "a_b", "AND*", '% "off"']) {
      expect([q, await found({ q })]).toEqual([q, [id]]);
    }
    const syntax = [
      '""', '" OR text:', "NEAR(a b)", "off OR now", "off NOT now", "text : off", "^50%", "a*b",
      "service_id:svc", "-off", "{text} : off", "off)", "'; DROP TABLE services; --", "\\", "%%%", "___",
    ]; // prettier-ignore
    for (const q of syntax) expect([q, await found({ q })]).toEqual([q, []]);
  });

  it("looks for short words in names", async ({ expect }) => {
    const { id } = await active({ name: `Ü! ${randomId("request")}`, description: "=+" });
    expect(await found({ q: "Ü!" })).toEqual([id]);
    expect(await found({ q: "! ü" })).toEqual([]);
    expect(await found({ q: "=+" })).toEqual([]);
    // What LIKE would take for anything.
    expect(await found({ q: "%!" })).toEqual([]);
    expect(await found({ q: "_!" })).toEqual([]);
  });

  it("filters by channel and currency, exactly", async ({ expect }) => {
    const tags = [randomId("request")];
    const [q = ""] = tags;
    const china = await active({ tags });
    const thai = await active({
      tags,
      pricing: { one_time: [{ id: "p", max: money(3_500, "THB") }] },
      accepted_channels: ["promptpay", "wechat_global"],
    });
    // A manifest cannot fake the mark of a channel.
    const fake = await active({ tags: [...tags, "channel=fps", "mode=0"] });
    expect(await found({ q })).toEqual([fake.id, thai.id, china.id]);
    expect(await found({ q, channel: "wechat" })).toEqual([fake.id, china.id]);
    expect(await found({ q, channel: "wechat_global" })).toEqual([thai.id]);
    expect(await found({ q, currency: "THB" })).toEqual([thai.id]);
    expect(await found({ q, channel: "wechat", currency: "THB" })).toEqual([]);
    expect(await found({ q, channel: "fps" })).toEqual([]);
    expect(await found({ channel: "wechat_global", currency: "THB" })).toContain(thai.id);
    expect(await found({ q }, false)).toEqual([]);
    const own = (filter: ServiceFilter) =>
      listOwnServices(db, merchant, true, filter, first).then((rows) => rows.map(({ id }) => id));
    expect(await own({ channel: "wechat_global" })).toContain(thai.id);
    expect(await own({ channel: "wechat_global" })).not.toContain(china.id);
    expect(await own({ currency: "THB" })).toEqual([thai.id]);
    expect(await own({ q: fake.name.slice(4, 20).toUpperCase() })).toEqual([fake.id]);
  });

  it("follows a change of the manifest", async ({ expect }) => {
    const [before, after] = [randomId("request"), randomId("request")];
    const row = await active({ description: before });
    await become(row, { version: "2.0.0", manifest: { ...row.manifest, description: after } });
    expect(await found({ q: before })).toEqual([]);
    expect(await found({ q: after })).toEqual([row.id]);
  });

  it("goes newest first, page by page, with and without words", async ({ expect }) => {
    const tags = [randomId("request")];
    const [q = ""] = tags;
    const same = clock + 1_000_000;
    const rows = [];
    for (const created_at of [same + 2, same, same, same, same + 1]) {
      rows.push(await active({ tags }, { created_at, updated_at: created_at }));
    }
    const expected = rows
      .toSorted((a, b) => b.created_at - a.created_at || (a.id < b.id ? 1 : -1))
      .map(({ id }) => id);
    for (const filter of [{ q }, {}]) {
      const seen: string[] = [];
      let before: { createdAt: number; id: string } | null = null;
      while (seen.length < 5) {
        const page: ServiceRow[] = await searchServices(db, true, filter, { limit: 2, before });
        const last = page.at(-1);
        if (last === undefined) break;
        seen.push(...page.map(({ id }) => id));
        before = { createdAt: last.created_at, id: last.id };
      }
      expect(seen.slice(0, 5)).toEqual(expected);
    }
  });

  it("leaves out merchants that are not in business", async ({ expect }) => {
    const owner = await newMerchant();
    const tags = [randomId("request")];
    const [q = ""] = tags;
    const live = await active({ tags }, { merchant_id: owner });
    const test = await active({ tags }, { merchant_id: owner, livemode: false });
    const seen = async () => [
      (await found({ q })).length,
      (await found({ q }, false)).length,
      (await findPublicService(db, true, live.id)) !== null,
      (await findPublicService(db, false, test.id)) !== null,
    ];
    const standing = (status: string) =>
      env.DB.prepare("UPDATE merchants SET status = ? WHERE id = ?").bind(status, owner).run();
    expect(await seen()).toEqual([1, 1, true, true]);
    await standing("unverified");
    expect(await seen()).toEqual([0, 1, false, true]);
    await standing("suspended");
    expect(await seen()).toEqual([0, 0, false, false]);
  });
});

/** The plan of each statement that `run` sends. */
async function plansOf(run: (db: Database) => Promise<unknown>): Promise<string[]> {
  const sent: { text: string; values: unknown[] }[] = [];
  const spied = (text: string, statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...values: unknown[]): unknown => {
          if (name === "bind") sent.push({ text, values });
          return Reflect.apply(value, target, values);
        };
      },
    });
  const binding = new Proxy(env.DB, {
    get(target, name) {
      if (name === "prepare") return (text: string) => spied(text, target.prepare(text));
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await run(database(binding));
  const plans = [];
  for (const { text, values } of sent) {
    const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${text}`)
      .bind(...values)
      .all();
    plans.push(plan.results.map(({ detail }) => String(detail)).join("; "));
  }
  return plans;
}

describe("query plans", () => {
  const second = { limit: 21, before: { createdAt: 1_800_000_000_000, id: "svc_01k5x0e8m3v7" } };

  it.for<[string, (db: Database) => Promise<unknown>, string]>([
    [
      "all active",
      (d) => searchServices(d, true, {}, first),
      "services_active (livemode=? AND status=?)",
    ],
    [
      "their next page",
      (d) => searchServices(d, true, {}, second),
      "services_active (livemode=? AND status=? AND ",
    ],
    [
      "short words",
      (d) => searchServices(d, true, { q: "ai" }, second),
      "services_active (livemode=? AND status=? AND ",
    ],
    [
      "words",
      (d) => searchServices(d, true, { q: "summary" }, first),
      "services_fts VIRTUAL TABLE",
    ],
    [
      "words, the next page",
      (d) => searchServices(d, true, { q: "summary ai", channel: "wechat" }, second),
      "services_fts VIRTUAL TABLE",
    ],
    [
      "a merchant's own",
      (d) => listOwnServices(d, "m", true, {}, second),
      "services_by_merchant (merchant_id=? AND livemode=? AND ",
    ],
  ])("%s: found and ordered by an index", async ([, run, index], { expect }) => {
    const [plan = ""] = await plansOf(run);
    expect(plan).toContain(`INDEX ${index}`.replace("INDEX services_fts", "services_fts"));
    expect(plan).not.toMatch(/SCAN (?!services_fts VIRTUAL)|TEMP B-TREE/);
  });

  it("a service's versions: found by its key, sorted by themselves", async ({ expect }) => {
    const [plan = ""] = await plansOf((d) => listServiceVersions(d, "svc_1", second));
    expect(plan.match(/SEARCH service_versions USING PRIMARY KEY \(service_id=\?/g)).toHaveLength(
      2,
    );
    expect(plan).not.toContain("SCAN service_versions");
  });

  it("a change touches one row of each table", async ({ expect }) => {
    const row = await active();
    const plans = await plansOf((d) => updateService(d, row, { status: "inactive" }, clock, []));
    expect(plans).toEqual([
      "SEARCH services USING INDEX sqlite_autoindex_services_1 (id=?)",
      "SEARCH services USING INDEX sqlite_autoindex_services_1 (id=?)",
      // `=`: by its rowid.
      expect.stringMatching(/^SCAN services_fts VIRTUAL TABLE INDEX 0:=;/),
      expect.stringMatching(/^SEARCH services USING INDEX sqlite_autoindex_services_1 \(id=\?\);/),
    ]);
  });
});
