/** `/console`: what happened in the last hours. */
import type { ConsoleContext, Page } from "../env.ts";
import { show } from "../frame.tsx";

async function handler(c: ConsoleContext): Promise<Response> {
  return show(c, { title: "Overview", wide: true }, <p>…</p>);
}

export const overviewPage: Page = {
  method: "get",
  path: "/",
  scope: "both",
  title: "Overview",
  nav: { group: "Money", label: "Overview" },
  handler,
};
