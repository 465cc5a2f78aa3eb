/** A file of the API, streamed through: however long it is, nothing of it waits in memory. */
import { type CallOptions, fetchApi, readRefusal } from "../client.ts";
import type { ConsoleContext } from "../env.ts";
import { refused } from "../frame.tsx";
import { setPageHeaders } from "../headers.ts";

interface File {
  /** The API's address of it. */
  readonly path: string;
  readonly query?: CallOptions["query"];
  /** Without it the API names the file. */
  readonly name?: string;
  readonly type?: string;
}

/**
 * Always a download, never a page: what merchants and channels put into a file must not run with the
 * rights of whoever opens it.
 */
export async function passOn(c: ConsoleContext, file: File): Promise<Response> {
  const { path, query = {}, name, type = "text/csv; charset=utf-8" } = file;
  const reply = await fetchApi(c, "GET", path, undefined, { query });
  if (!reply.ok) return refused(c, await readRefusal(reply));
  const given = reply.headers.get("Content-Disposition");
  setPageHeaders(c);
  c.header("Content-Type", type);
  c.header(
    "Content-Disposition",
    name === undefined && given?.startsWith("attachment") === true
      ? given
      : `attachment; filename="${name ?? "file"}"`,
  );
  return c.body(reply.body ?? "");
}
