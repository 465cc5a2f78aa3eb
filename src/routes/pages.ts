/** Pages of a list: `limit`, an opaque `cursor`, and the answer's shape (API.md section 1). */
import { z } from "@hono/zod-openapi";

import { fromBase64Url, fromUtf8Strict, toBase64Url, utf8 } from "../crypto/encoding.ts";
import { apiError } from "../errors.ts";
import type { PageRequest } from "../store/page.ts";
import { wholeNumber } from "./query.ts";

export const pageQuery = {
  limit: wholeNumber(1, 100, 20).openapi({ description: "How many to return, 1 to 100." }),
  cursor: z
    .string()
    .max(512)
    .optional()
    .openapi({ description: "`next_cursor` of the page before." }),
};

const CursorParts = z.tuple([z.string(), z.string(), z.int().nonnegative(), z.string()]);

/**
 * Reads a page request. A cursor names the list and the owner that it was issued for, so one from
 * another list or merchant is refused instead of silently paging through the wrong place.
 * @throws ApiError INVALID_CURSOR
 */
export function readPage(
  query: { limit: number; cursor?: string | undefined },
  list: string,
  owner: string,
): PageRequest {
  if (query.cursor === undefined) return { limit: query.limit, before: null };
  const bytes = fromBase64Url(query.cursor);
  const text = bytes === null ? null : fromUtf8Strict(bytes);
  const parts = CursorParts.safeParse(text === null ? null : parseJson(text));
  if (!parts.success || parts.data[0] !== list || parts.data[1] !== owner) {
    throw apiError("INVALID_CURSOR", "Use the next_cursor of a page of this list, unchanged.");
  }
  return { limit: query.limit, before: { createdAt: parts.data[2], id: parts.data[3] } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The rows to read for a page: one more than shown tells whether there are more. */
export const withLookahead = (page: PageRequest): PageRequest => ({
  ...page,
  limit: page.limit + 1,
});

/** The list answer of API.md section 1 from rows read with {@link withLookahead}. */
export function pageReply<R extends { created_at: number; id: string }, T>(
  rows: readonly R[],
  page: PageRequest,
  list: string,
  owner: string,
  show: (row: R) => T,
) {
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  const hasMore = rows.length > page.limit;
  return {
    object: "list" as const,
    data: shown.map(show),
    has_more: hasMore,
    next_cursor:
      hasMore && last !== undefined
        ? toBase64Url(utf8(JSON.stringify([list, owner, last.created_at, last.id])))
        : null,
  };
}

/** The answer of a list that has no pages. */
export const wholeList = <T>(data: T[]) => ({
  object: "list" as const,
  data,
  has_more: false,
  next_cursor: null,
});
