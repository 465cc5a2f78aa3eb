/** `/v1/channel-accounts/{id}/statement-profile`: a merchant says how its bank writes. */
import { describe, it } from "vitest";

import { api, newMerchant } from "../intent/kit.ts";

const profile = {
  columns: { reference: "Ref 1", amount: "Amount", status: "State", occurred_at: "Date" },
  currency: "THB",
  statuses: { PAID: "succeeded" },
  utc_offset_minutes: 420,
};

const whole = {
  ...profile,
  refunds: "none",
  amounts: { unit: "major", decimal: ".", thousands: "" },
  date_format: "iso",
  encoding: "utf-8",
  delimiter: ",",
  skip_lines: 0,
  end_mark: null,
};

async function shop() {
  const { test: key } = await newMerchant();
  const { body } = await api("GET", "/v1/channel-accounts?limit=100", { key });
  const { id } = body.data.find(({ channel }: { channel: string }) => channel === "promptpay");
  return { key, id, path: `/v1/channel-accounts/${id}/statement-profile` };
}

describe("a statement's profile", () => {
  it("is set whole, read back and taken away", async ({ expect }) => {
    const { key, id, path } = await shop();
    const none = { object: "statement_profile", channel_account: id, format: "promptpay_plain" };
    expect((await api("GET", path, { key })).body).toEqual({ ...none, profile: null });
    const set = await api("PUT", path, { key, body: { profile } });
    expect([set.status, set.body]).toEqual([
      200,
      { ...none, format: "promptpay_profile", profile: whole },
    ]);
    expect((await api("GET", path, { key })).body).toEqual(set.body);
    // What was stored is taken again as it is.
    expect((await api("PUT", path, { key, body: { profile: set.body.profile } })).status).toBe(200);
    expect((await api("PUT", path, { key, body: { profile: null } })).body).toEqual({
      ...none,
      profile: null,
    });
  });

  const wrong: [string, unknown, string][] = [
    ["nothing", {}, "profile"],
    ["another member", { profile, script: "x" }, "script"],
    [
      "a column that is none",
      { profile: { ...profile, columns: { ...profile.columns, x: "y" } } },
      "profile.columns.x",
    ],
    ["a control character", { profile: { ...profile, end_mark: "a\u0000" } }, "profile.end_mark"],
    [
      "an unknown state",
      { profile: { ...profile, statuses: { PAID: "done" } } },
      "profile.statuses.PAID",
    ],
    ["no currency", { profile: { ...profile, currency: undefined } }, "profile.currency"],
    [
      "half an hour too much",
      { profile: { ...profile, utc_offset_minutes: 870 } },
      "profile.utc_offset_minutes",
    ],
  ];
  it.for(wrong)("is refused with %s, by its path", async ([, body, at], { expect }) => {
    const { key, path } = await shop();
    const reply = await api("PUT", path, { key, body });
    expect(reply.status).toBe(400);
    const paths = reply.body.error.details.issues.map((issue: { path: string }) => issue.path);
    expect(paths).toContain(at);
    expect((await api("GET", path, { key })).body.profile).toBeNull();
  });

  it("is nobody else's, and in its own mode", async ({ expect }) => {
    const own = await shop();
    const other = await newMerchant();
    for (const key of [other.test, other.live]) {
      expect((await api("GET", own.path, { key })).status).toBe(404);
      expect((await api("PUT", own.path, { key, body: { profile } })).status).toBe(404);
    }
    expect((await api("GET", own.path, { key: own.key })).body.profile).toBeNull();
  });
});
