/** The page's addresses. An operation's is its operationId. */
import { OBJECTS } from "./tags.ts";

export const tagAnchor = (name: string) => `tag-${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;

export const objectAnchor = (name: string) => `object-${name}`;

export const errorAnchor = (code: string) => `error-${code}`;

const SHOWN = new Set(Object.values(OBJECTS).flat());

/** Whether a schema has a place of its own on the page. */
export const isShown = (name: string) => SHOWN.has(name);
