/**
 * Regions (`REGIONS`, JSON): where an account's channel posts, and where its payments' objects
 * live. One pure function decides both, because a location hint only counts at the first touch.
 */
import * as z from "zod";

const HINTS = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;

const Regions = z.record(
  z.string(),
  z.strictObject({ callback_base: z.url().optional(), hint: z.enum(HINTS).optional() }),
);

export interface Region {
  /** `https://host`, without a slash at the end; null: the host of the request. */
  readonly callbackBase: string | null;
  readonly hint: DurableObjectLocationHint | undefined;
}

let parsed: { readonly text: string; readonly regions: z.infer<typeof Regions> } | null = null;

/** All regions of the deployment. @throws Error that names the variable when it is malformed. */
export function regionsOf(text: string): z.infer<typeof Regions> {
  if (parsed?.text === text) return parsed.regions;
  const result = Regions.safeParse(JSON.parse(text === "" ? "{}" : text));
  if (!result.success) throw new Error(`REGIONS is malformed: ${z.prettifyError(result.error)}`);
  parsed = { text, regions: result.data };
  return result.data;
}

/** The settings of an account's region; an account without one takes the defaults. */
export function regionOf(text: string, name: string | null): Region {
  const region = name === null ? undefined : regionsOf(text)[name];
  return {
    callbackBase: region?.callback_base?.replace(/\/+$/, "") ?? null,
    hint: region?.hint,
  };
}
