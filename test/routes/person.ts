/** People in front of the console: a browser without scripts that keeps a cookie and posts forms. */
import { exports } from "cloudflare:workers";

export const BASE = "https://pay.gateway.example";
export const ADMIN = "admin-token-for-tests";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  readonly location: string;
}

/** Somebody's browser: it keeps the cookie and posts the forms that pages hold. */
export interface Person {
  get(path: string): Promise<Answer>;
  /** Posts the form of a page with this action, its hidden fields as they are, the rest as given. */
  submit(page: string, action: string, fields?: Fields): Promise<Answer>;
  /** What a script of ours sends, or a form with a file: the token is the caller's to carry. */
  send(path: string, init: RequestInit): Promise<Answer>;
  /** The token that the session's forms carry. */
  readonly csrf: string;
  /** Posts to a path; `csrf` is the session's own unless given. */
  post(path: string, fields?: Fields, csrf?: string | null): Promise<Answer>;
}

export type Fields = Readonly<Record<string, string | readonly string[]>>;

export const fetchPage = (path: string, init: RequestInit = {}) =>
  exports.default.fetch(new Request(`${BASE}${path}`, { redirect: "manual", ...init }));

async function answerOf(reply: Response): Promise<Answer> {
  const html = await reply.text();
  return {
    status: reply.status,
    headers: reply.headers,
    html,
    location: reply.headers.get("Location") ?? "",
  };
}

const unescape = (text: string): string =>
  text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">").replaceAll("&amp;", "&"); // prettier-ignore

/** The hidden fields of the form with this action. */
export function hiddenOf(html: string, action: string): Record<string, string> {
  const forms = html.match(/<form [^>]*>[\s\S]*?<\/form>/g) ?? [];
  const form = forms.find((one) => unescape(/ action="([^"]*)"/.exec(one)?.[1] ?? "") === action);
  if (form === undefined) throw new Error(`no form for ${action} in ${html}`);
  const hidden = form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  return Object.fromEntries(
    [...hidden].map(([, name = "", value = ""]) => [name, unescape(value)]),
  );
}

/** Signs in as people do, with an API key or the operator's token. */
export async function signIn(secret: string): Promise<Person> {
  const reply = await fetchPage("/console/sign-in", {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: BASE },
    body: new URLSearchParams({ secret }).toString(),
  });
  const cookie = (reply.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";
  if (reply.status !== 303 || cookie === "") throw new Error(`not signed in: ${reply.status}`);
  const get = async (path: string) =>
    answerOf(await fetchPage(path, { headers: { Cookie: cookie } }));
  const home = await get("/console/nowhere");
  const own = /name="_csrf" value="([^"]+)"/.exec(home.html)?.[1] ?? "";
  const post: Person["post"] = async (path, fields = {}, csrf = own) => {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries({
      ...fields,
      ...(csrf === null ? {} : { _csrf: csrf }),
    })) {
      for (const one of typeof value === "string" ? [value] : value) body.append(name, one);
    }
    const headers = {
      Cookie: cookie,
      Origin: BASE,
      "Content-Type": "application/x-www-form-urlencoded",
    };
    return answerOf(await fetchPage(path, { method: "POST", headers, body: body.toString() }));
  };
  const submit: Person["submit"] = async (page, action, fields = {}) => {
    const { html, status } = await get(page);
    if (status !== 200) throw new Error(`${page} answers ${status}: ${html}`);
    return post(action, { ...hiddenOf(html, action), ...fields });
  };
  const send: Person["send"] = async (path, { headers, ...init }) =>
    answerOf(
      await fetchPage(path, {
        ...init,
        headers: { Cookie: cookie, Origin: BASE, ...(headers as Record<string, string>) },
      }),
    );
  return { get, post, submit, send, csrf: own };
}
