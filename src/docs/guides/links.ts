/** Where the links of guides lead: one text serves the site and the code host. */

/** The address that guides are written with: what `npm start` opens. */
export const LOCAL_ORIGIN = "http://localhost:8787";

export const GUIDES_PATH = "/docs/guides";

export const guidePath = (slug: string): string =>
  slug === "README" ? GUIDES_PATH : `${GUIDES_PATH}/${slug}`;

const FILE = /^([a-z0-9-]+|README)\.md(#[^\s]+)?$/;

/**
 * The address on the site, or null for what no guide may link to.
 * @param href as in the file, with `origin` in place of the local address
 */
export function linkTarget(href: string, origin: string): string | null {
  if (/^#\S+$/.test(href)) return href;
  if (href === origin) return "/";
  if (href.startsWith(`${origin}/`)) return href.slice(origin.length);
  const file = FILE.exec(href);
  if (file !== null) return `${guidePath(file[1] ?? "")}${file[2] ?? ""}`;
  return /^https:\/\/[^\s/]/.test(href) ? href : null;
}
