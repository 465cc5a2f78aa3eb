/** For people with a browser: the front door leads to the reference, and the pages have an icon. */
import type { App } from "./http.ts";

/** Two arrows through one gate. Attributes only: its policy allows no style. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0a5f73"/><path d="M7 11h17m-4-4 4 4-4 4M25 21H8m4-4-4 4 4 4" fill="none" stroke="#fff" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/></svg>
`;

/** Not of the API, and so not in its document. */
export function registerHome(app: App): void {
  app.get("/", (c) => c.redirect("/docs", 302));

  app.get("/favicon.svg", (c) => {
    c.header("Content-Type", "image/svg+xml; charset=utf-8");
    c.header("Cache-Control", "public, max-age=86400");
    c.header("Content-Security-Policy", "default-src 'none'");
    c.header("X-Content-Type-Options", "nosniff");
    return c.body(ICON, 200);
  });
}
