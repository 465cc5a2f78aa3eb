/** What the console's pages find in their context. */
import type { Context } from "hono";

import type { Scope } from "../authenticate.ts";
import type { App, AppEnv, Principal } from "../http.ts";

/** Who is signed in. */
export interface Session {
  readonly kind: "merchant" | "operator";
  /** SHA-256 of the cookie, as in the table. */
  readonly id: string;
  /** Null: an operator. */
  readonly principal: Principal | null;
  /** What every form must carry. */
  readonly csrf: string;
}

export interface ConsoleEnv {
  Bindings: Env;
  Variables: AppEnv["Variables"] & {
    /** The API itself, for `api()` in client.ts. */
    gateway: App;
    /** Set by `signedIn()`. */
    session: Session;
    /** What the navigation offers to whoever is signed in. */
    nav: readonly NavItem[];
  };
}

export type ConsoleContext = Context<ConsoleEnv>;

export interface NavItem {
  readonly group: NavGroup;
  readonly label: string;
  readonly href: string;
}

/** One page, or one action of a page. */
export interface Page {
  readonly method: "get" | "post";
  /** Under /console, such as `/payments/:id`. */
  readonly path: string;
  /** Who may open it; anybody else gets a page that says so. */
  readonly scope: "merchant" | "operator" | "both";
  readonly title: string;
  /** Its place in the navigation; without one it is reached from other pages. */
  readonly nav?: { readonly group: NavGroup; readonly label: string };
  readonly handler: (c: ConsoleContext) => Response | Promise<Response>;
}

/** `Home` has no heading: it is the overview. */
export const NAV_GROUPS = [
  "Home",
  "Money",
  "Books",
  "Settings",
  "Developers",
  "Operations",
] as const;

export type NavGroup = (typeof NAV_GROUPS)[number];

/** Whether the key behind the session has a scope. The API checks it again, this is for buttons. */
export const can = (session: Session, scope: Scope): boolean => {
  const scopes = session.principal?.key.scopes ?? ["*"];
  return scopes.includes("*") || scopes.includes(scope);
};
