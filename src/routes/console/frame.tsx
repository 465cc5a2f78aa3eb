/**
 * The frame of every page of the console.
 *
 * How a page is written
 * 1. One file in `pages/` exports `Page` values (env.ts), one for each method and path under
 *    /console: `export const refundsPage: Page = {method: "get", path: "/refunds", scope: "merchant",
 *    title: "Refunds", nav: {group: "Money", label: "Refunds"}, handler}`. Add them to the table in
 *    `table.ts`; the navigation is made from it.
 * 2. Data and actions: `await api<T>(c, "GET", "/v1/…", body?, {key, query})` (client.ts) asks our own
 *    API as whoever is signed in. It answers `{ok: true, status, body}` or `{ok: false, status, error}`
 *    and throws nothing. A page whose main object cannot be had ends with `return refused(c, answer)`.
 * 3. HTML: `return show(c, {title, …}, <>…</>)`. `wide` for tables, `back` for a way up, `notices` for
 *    what a redirect says, `status` for answers that are not 200, `refresh` for pages that wait
 *    without JavaScript.
 * 4. After an action that worked: `return done(c, "/console/…", "code")` (303); the page there has
 *    `notices: {code: "What happened."}`. Only codes travel in addresses, never texts or secrets. A
 *    secret that is shown once is shown by the answer of the POST itself.
 * 5. After an action that the API refused: render the same form again with `status: answer.status`
 *    and `problem={answer.error}`: `<Problem>` above the form is the summary with links, and every
 *    `<Field>` shows its own issue. What was typed goes back in as `value`, except secrets.
 * 6. Forms: `<Form action="/console/…">` writes the CSRF token and the Idempotency-Key of this
 *    rendering; `const form = await readForm(c)` (form.ts) reads them, `form.key` goes to the API.
 *    The check has happened before a POST handler runs. Names of fields are the API's paths.
 * 7. What the key may not do: `<Button needs="refunds:write">` is disabled and says why.
 * 8. Destructive actions have a page of their own that asks (GET), whose form acts (POST).
 * 9. Progress: `<Live id="job" path={…} on={running}>` is fetched again every few seconds by htmx;
 *    give the page `refresh: 5` too, for people without JavaScript.
 * 10. Files: one page takes them (upload.ts), as `<Form upload>`. Those that go out are passed on
 *    (pages/pass-on.ts), as downloads. Neither is ever whole in memory.
 * 11. No inline script, no style attribute: the policy refuses both. Classes are in
 *    public/assets/console.css. Texts of others are only ever JSX children: they are escaped.
 */
import { html } from "hono/html";
import { createContext, useContext } from "hono/jsx";
import type { Child, PropsWithChildren } from "hono/jsx";

import type { ErrorCode, ERRORS } from "../../errors.ts";
import type { ApiAnswer, ApiProblem } from "./client.ts";
import { type ConsoleContext, NAV_GROUPS, type NavItem, type Session } from "./env.ts";
import { CSRF_HEADER } from "./form.ts";
import { setPageHeaders } from "./headers.ts";

const HOME = "/console";

type Status = 200 | 201 | 202 | (typeof ERRORS)[ErrorCode]["status"];

export interface PageOptions {
  readonly title: string;
  readonly status?: number;
  /** Texts for the codes that {@link done} sends here. */
  readonly notices?: Readonly<Record<string, string>>;
  /** A link to the page above. */
  readonly back?: { readonly href: string; readonly label: string };
  /** Beside the heading: buttons and links. */
  readonly aside?: Child;
  /** Uses the whole width, for tables. */
  readonly wide?: boolean;
  /** Seconds until the page is loaded again where there is no JavaScript; for pages that wait. */
  readonly refresh?: number | undefined;
}

/** The session of the page that is being rendered, for components. */
const SignedIn = createContext<Session | null>(null);

export const useSession = (): Session | null => useContext(SignedIn);

/** A page. */
export function show(
  c: ConsoleContext,
  options: PageOptions,
  body: Child,
): Response | Promise<Response> {
  setPageHeaders(c);
  const session = c.get("session") ?? null;
  const code = c.req.query("done") ?? "";
  const notices = options.notices ?? {};
  const notice = Object.hasOwn(notices, code) ? notices[code] : undefined;
  const page = (
    <SignedIn.Provider value={session}>
      <Layout
        title={options.title}
        session={session}
        nav={c.get("nav") ?? []}
        path={c.req.path}
        refresh={options.refresh}
      >
        {notice === undefined ? null : (
          <p class="flash" role="status">
            {notice}
          </p>
        )}
        {options.back === undefined ? null : (
          <p class="up">
            <a href={options.back.href}>{options.back.label}</a>
          </p>
        )}
        <div class="heading">
          <h1>{options.title}</h1>
          {options.aside === undefined ? null : <div class="aside">{options.aside}</div>}
        </div>
        <div class={options.wide === true ? "wide" : "narrow"}>{body}</div>
      </Layout>
    </SignedIn.Provider>
  );
  return c.html(html`<!doctype html>${page}`, (options.status ?? 200) as Status);
}

/** After an action that worked. `code` is one of the target's `notices`. */
export function done(c: ConsoleContext, path: string, code: string): Response {
  setPageHeaders(c);
  const url = new URL(path, c.req.url);
  url.searchParams.set("done", code);
  return c.redirect(`${url.pathname}${url.search}${url.hash}`, 303);
}

/** A page that says no, in the frame. */
export function refusePage(
  c: ConsoleContext,
  status: number,
  title: string,
  { text, requestId }: { text: string; requestId?: string },
): Response | Promise<Response> {
  const home = c.get("session") === undefined ? `${HOME}/sign-in` : HOME;
  return show(
    c,
    { title, status },
    <>
      <p class="refused" role="alert">
        {text}
      </p>
      {requestId === undefined ? null : (
        <p class="quiet">
          Request <code>{requestId}</code>
        </p>
      )}
      <p>
        <a href={home}>{home === HOME ? "Overview" : "Sign in"}</a>
      </p>
    </>,
  );
}

const TITLES: Readonly<Record<number, string>> = {
  401: "Signed out",
  403: "Not allowed",
  404: "Not found",
  409: "Not possible now",
  429: "Too many requests",
};

/** The page for an answer of the API without which there is nothing to show. */
export function refused(
  c: ConsoleContext,
  { status, error }: { readonly status: number; readonly error: ApiProblem },
): Response | Promise<Response> {
  c.set("errorCode", error.code);
  const { message: text, requestId } = error;
  return refusePage(c, status, TITLES[status] ?? "That did not work", { text, requestId });
}

/** For the type of `refused`'s argument in pages: the refusals among the answers. */
export type Refusal = Extract<ApiAnswer<never>, { ok: false }>;

function Layout(
  props: PropsWithChildren<{
    title: string;
    session: Session | null;
    nav: readonly NavItem[];
    path: string;
    refresh?: number | undefined;
  }>,
) {
  const { title, session, nav, path, refresh } = props;
  const headers = session === null ? undefined : JSON.stringify({ [CSRF_HEADER]: session.csrf });
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta name="htmx-config" content={HTMX_CONFIG} />
        <title>{`${title} · ItPay Edge`}</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/console.css" />
        <script src="/assets/htmx.min.js" defer></script>
        <script src="/assets/console.js" type="module"></script>
        {refresh === undefined ? null : (
          <noscript>
            <meta http-equiv="refresh" content={String(refresh)} />
          </noscript>
        )}
      </head>
      <body class={session === null ? "signed-out" : session.kind} hx-headers:inherited={headers}>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <Header session={session} />
        {session === null ? null : <Navigation nav={nav} path={path} />}
        <main id="main" tabindex={-1}>
          {props.children}
        </main>
        <footer>
          <p>
            <a href="/docs">API reference</a> · Times are UTC.
          </p>
        </footer>
      </body>
    </html>
  );
}

/**
 * htmx under a strict policy: no style sheet of its own, nothing evaluated (attributes with
 * expressions are not used), the back button loads pages anew, and details that a person opened stay
 * open when a part is refreshed.
 */
const HTMX_CONFIG = JSON.stringify({
  includeIndicatorCSS: false,
  history: "reload",
  prefix: "",
  morphIgnore: ["data-htmx-powered", "open"],
});

function Header({ session }: { session: Session | null }) {
  const principal = session?.principal ?? null;
  return (
    <header>
      <a class="brand" href="/console">
        <img src="/favicon.svg" alt="" width="22" height="22" />
        <span>ItPay Edge</span>
      </a>
      {session === null ? null : (
        <>
          <p class="who">
            <strong>{principal === null ? "Operator" : principal.merchant.name}</strong>{" "}
            <ModeBadge livemode={principal === null ? null : principal.key.livemode} />
          </p>
          <form method="post" action="/console/sign-out" class="sign-out">
            <input type="hidden" name="_csrf" value={session.csrf} />
            <button class="plain">Sign out</button>
          </form>
        </>
      )}
    </header>
  );
}

/** Null: an operator, who sees both modes. */
function ModeBadge({ livemode }: { livemode: boolean | null }) {
  if (livemode === null) return <span class="mode operator">All modes</span>;
  return livemode ? <span class="mode live">Live</span> : <span class="mode test">Test mode</span>;
}

/** The item whose address is the longest beginning of the page's; the overview is above no other. */
const currentOf = (nav: readonly NavItem[], path: string): NavItem | undefined =>
  nav
    .filter(({ href }) => path === href || (href !== HOME && path.startsWith(`${href}/`)))
    .toSorted((a, b) => b.href.length - a.href.length)[0];

function Navigation({ nav, path }: { nav: readonly NavItem[]; path: string }) {
  const current = currentOf(nav, path);
  return (
    <nav class="side" aria-label="Console">
      <details class="menu">
        <summary>{current === undefined ? "Menu" : `Menu: ${current.label}`}</summary>
        <NavLists nav={nav} current={current} />
      </details>
      <div class="rail">
        <NavLists nav={nav} current={current} />
      </div>
    </nav>
  );
}

const NavLists = (props: { nav: readonly NavItem[]; current: NavItem | undefined }) => (
  <>
    {NAV_GROUPS.map((group) => {
      const items = props.nav.filter((item) => item.group === group);
      if (items.length === 0) return null;
      return (
        <>
          {group === "Home" ? null : <p class="group">{group}</p>}
          <ul>
            {items.map((item) => (
              <li>
                <a href={item.href} aria-current={item === props.current ? "page" : undefined}>
                  {item.label}
                </a>
              </li>
            ))}
          </ul>
        </>
      );
    })}
  </>
);
