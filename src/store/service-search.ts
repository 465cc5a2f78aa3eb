/**
 * Finding services. The active ones are in `services_fts` (FTS5, trigrams), by their texts and by
 * marks for mode, channels and currencies, so that every filter is answered by that index.
 */
import { and, desc, eq, getTableColumns, gte, lt, type SQL, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

import type { AlsoItem } from "./audit-log.ts";
import type { Database } from "./db.ts";
import { olderThan, type PageRequest } from "./page.ts";
import { merchants, services } from "./schema.ts";
import type { ServiceRow } from "./services.ts";

const servicesFts = sqliteTable("services_fts", {
  rowid: integer("rowid").notNull(),
  service_id: text("service_id").notNull(),
  text: text("text").notNull(),
});

/** Words with fewer characters have no trigram. */
const SHORTEST_INDEXED = 3;

/** Shorter words are looked for in the names of so many of the newest services, and no others. */
const NAMES_READ = 2_000;

/**
 * A service's place in the index: the time it was made and three characters of its id, so that the
 * index itself is in the order of the list and a cursor is a place in it. Not the table's rowid,
 * which a rebuilt table gives anew. 42 bits and 21; two services made in the same millisecond meet
 * in one of 32,768 cases, and then only the later change is found by search.
 */
const placeOf = (createdAt: SQL, id: SQL): SQL<number> =>
  sql<number>`((CAST(${createdAt} AS INTEGER) << 21) | (unicode(substr(${id}, 5, 1)) << 14)
    | (unicode(substr(${id}, 6, 1)) << 7) | unicode(substr(${id}, 7, 1)))`;

/** Control characters cannot be in a manifest's texts or in a search: nobody can fake a mark. */
const mark = (kind: string, value: string) => `\u0001${kind}=${value}\u0001`;

const markInSql = (kind: string, value: SQL): SQL =>
  sql`char(1) || ${kind} || '=' || ${value} || char(1)`;

/** Of one entry of `pricing.one_time`: fixed, or a range. */
const PRICE_CURRENCY = sql`COALESCE(value ->> '$.amount.currency', value ->> '$.max.currency')`;

/** Everything of an active service that can be searched, from its row. */
const SEARCHED = sql`concat_ws(char(10), name, manifest ->> '$.description',
  manifest ->> '$.provider.display_name',
  (SELECT group_concat(value, char(10)) FROM json_each(manifest, '$.tags')),
  ${markInSql("mode", sql`livemode`)},
  (SELECT group_concat(${markInSql("channel", sql`value`)}, '')
    FROM json_each(manifest, '$.accepted_channels')),
  (SELECT group_concat(${markInSql("currency", PRICE_CURRENCY)}, '')
    FROM json_each(manifest, '$.pricing.one_time')))`;

/** Statements that bring the index to where a service's row is: in it while active, else not. */
export function indexService(db: Database, id: string): AlsoItem[] {
  const place = placeOf(sql`created_at`, sql`id`);
  const old = sql`(SELECT ${place} FROM ${services} WHERE id = ${id})`;
  return [
    db.delete(servicesFts).where(eq(servicesFts.rowid, old)),
    db.insert(servicesFts).select(
      // All columns in the order of the table.
      sql`SELECT ${place}, id, ${SEARCHED} FROM ${services} WHERE id = ${id} AND status = 'active'`,
    ),
  ];
}

/** Live services need a merchant that was let in; test ones only one that is not shut out. */
export const isOpenForBusiness = (livemode: boolean): SQL => {
  const statuses = livemode ? sql`('active')` : sql`('active', 'unverified')`;
  return sql`EXISTS (SELECT 1 FROM ${merchants}
    WHERE ${merchants.id} = ${services.merchant_id} AND ${merchants.status} IN ${statuses})`;
};

export interface ServiceFilter {
  /** Words that must all be there. */
  readonly q?: string | undefined;
  readonly channel?: string | undefined;
  /** Of a one-time price. */
  readonly currency?: string | undefined;
}

const wordsOf = (q: string | undefined) => (q ?? "").split(/\s+/).filter((word) => word !== "");

const isShort = (word: string) => Array.from(word).length < SHORTEST_INDEXED;

/** A text as FTS5 takes it literally: within quotes nothing is syntax but the quote itself. */
const quoted = (term: string) => `"${term.replaceAll('"', '""')}"`;

/** What the index is asked for; null when the list alone answers. */
function matchFor(livemode: boolean, filter: ServiceFilter): string | null {
  const terms = [
    ...wordsOf(filter.q).filter((word) => !isShort(word)),
    ...(filter.channel === undefined ? [] : [mark("channel", filter.channel)]),
    ...(filter.currency === undefined ? [] : [mark("currency", filter.currency)]),
  ];
  if (terms.length === 0) return null;
  return [...terms, mark("mode", livemode ? "1" : "0")].map(quoted).join(" AND ");
}

/** Every short word is in the name. Letters beyond ASCII are compared as they are. */
const namesHave = (words: readonly string[]) =>
  and(...words.map((word) => sql`instr(lower(${services.name}), lower(${word})) > 0`));

/** A page of the active services that anybody may see, the newest first. */
export async function searchServices(
  db: Database,
  livemode: boolean,
  filter: ServiceFilter,
  page: PageRequest,
): Promise<ServiceRow[]> {
  const short = wordsOf(filter.q).filter(isShort);
  const match = matchFor(livemode, filter);
  return match === null
    ? listActive(db, livemode, short, page)
    : searchIndex(db, livemode, match, short, page);
}

function listActive(db: Database, livemode: boolean, short: string[], page: PageRequest) {
  const { created_at, id } = services;
  const shown = and(
    eq(services.livemode, livemode),
    eq(services.status, "active"),
    olderThan(created_at, id, page.before),
  );
  const order = [desc(created_at), desc(id)] as const;
  const lastRead = db
    .select({ created_at })
    .from(services)
    .where(shown)
    .orderBy(...order)
    .limit(1)
    .offset(NAMES_READ - 1);
  return db
    .select()
    .from(services)
    .where(
      and(
        shown,
        short.length === 0 ? undefined : gte(created_at, sql`COALESCE((${lastRead}), 0)`),
        namesHave(short),
        isOpenForBusiness(livemode),
      ),
    )
    .orderBy(...order)
    .limit(page.limit);
}

function searchIndex(
  db: Database,
  livemode: boolean,
  match: string,
  short: string[],
  { before, limit }: PageRequest,
) {
  const { rowid } = servicesFts;
  const found = and(
    sql`services_fts MATCH ${match}`,
    before === null ? undefined : lt(rowid, placeOf(sql`${before.createdAt}`, sql`${before.id}`)),
  );
  const lastRead = db
    .select({ rowid })
    .from(servicesFts)
    .where(found)
    .orderBy(desc(rowid))
    .limit(1)
    .offset(NAMES_READ - 1);
  return db
    .select(getTableColumns(services))
    .from(servicesFts)
    .crossJoin(services)
    .where(
      and(
        found,
        short.length === 0 ? undefined : gte(rowid, sql`COALESCE((${lastRead}), 0)`),
        eq(services.id, servicesFts.service_id),
        eq(services.livemode, livemode),
        eq(services.status, "active"),
        namesHave(short),
        isOpenForBusiness(livemode),
      ),
    )
    .orderBy(desc(rowid))
    .limit(limit);
}

const accepts = (channel: string) =>
  sql`EXISTS (SELECT 1 FROM json_each(${services.manifest}, '$.accepted_channels')
    WHERE value = ${channel})`;

const hasPriceIn = (currency: string) =>
  sql`EXISTS (SELECT 1 FROM json_each(${services.manifest}, '$.pricing.one_time')
    WHERE ${PRICE_CURRENCY} = ${currency})`;

/**
 * A page of a merchant's own services in every state, the newest first. They are few: words are
 * looked for in names, and filters in the manifests.
 */
export const listOwnServices = (
  db: Database,
  merchantId: string,
  livemode: boolean,
  filter: ServiceFilter,
  page: PageRequest,
): Promise<ServiceRow[]> =>
  db
    .select()
    .from(services)
    .where(
      and(
        eq(services.merchant_id, merchantId),
        eq(services.livemode, livemode),
        olderThan(services.created_at, services.id, page.before),
        namesHave(wordsOf(filter.q)),
        filter.channel === undefined ? undefined : accepts(filter.channel),
        filter.currency === undefined ? undefined : hasPriceIn(filter.currency),
      ),
    )
    .orderBy(desc(services.created_at), desc(services.id))
    .limit(page.limit);
