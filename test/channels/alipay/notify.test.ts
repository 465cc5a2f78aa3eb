/** Notifications: published ones, every kind, and what must be refused. */
import { describe, it } from "vitest";

import { alipay } from "../../../src/channels/alipay/adapter.ts";
import { notifyContents } from "../../../src/channels/alipay/signing.ts";
import { secureRandom } from "../../../src/ids.ts";
import type { ChannelAccount } from "../../../src/channels/adapter.ts";
import {
  accountOf,
  ioWith,
  openapi,
  rawCallback,
  signAsAlipay,
  vectorCertificates,
  vectorCredentials,
} from "./kit.ts";

const io = ioWith(() => Promise.reject(new Error("a callback needs no call")));

const verify = (
  body: string | Uint8Array,
  account: ChannelAccount = accountOf(vectorCredentials),
) => alipay.verifyCallback(rawCallback(body), account, io);

const wireOf = (name: string): string => {
  const vector = openapi.notify.find((entry) => entry.name.startsWith(name));
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return vector.wire;
};

const paidWire = wireOf("TRADE_SUCCESS");

/** The published notice with changes, signed anew; undefined removes a field. */
async function notice(
  changes: Readonly<Record<string, string | undefined>> = {},
  options: { readonly sign?: string; readonly unsigned?: readonly string[] } = {},
): Promise<string> {
  const fields = Object.fromEntries(new URLSearchParams(paidWire));
  delete fields["sign"];
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete fields[name];
    else fields[name] = value;
  }
  const unsigned = options.unsigned ?? ["sign_type"];
  const text = Object.keys(fields)
    .filter((name) => !unsigned.includes(name))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `${name}=${fields[name] ?? ""}`)
    .join("&");
  const sign = options.sign ?? (await signAsAlipay(text));
  return new URLSearchParams({ ...fields, sign }).toString();
}

const PAID = {
  paymentId: "pi_01J7XZ",
  state: "paid",
  amount: { currency: "CNY", value: 69_900 },
  channelTransactionId: "2026052722001424330500000001",
  paidAt: Date.parse("2026-05-27T01:30:09Z"),
  channelStatus: "TRADE_SUCCESS",
};

describe("published notifications", () => {
  const expected: Record<string, object> = {
    TRADE_SUCCESS: PAID,
    // The first payment again: a report of where it stands, not a second success.
    "partial refund": PAID,
    // Paid, and given back whole.
    "full refund": { ...PAID, state: "reversed", paidAt: null, channelStatus: "TRADE_CLOSED" },
    "timeout close": { ...PAID, state: "closed", paidAt: null, channelStatus: "TRADE_CLOSED" },
    "gateway-style": PAID,
  };
  it("are all of them, and sign the published texts", ({ expect }) => {
    expect(openapi.notify).toHaveLength(Object.keys(expected).length);
    for (const { name, wire, string_to_verify } of openapi.notify) {
      const texts = notifyContents(new Map(new URLSearchParams(wire)));
      expect([...texts], name).toContain(string_to_verify);
    }
  });

  for (const [name, report] of Object.entries(expected)) {
    it(`say where the payment stands: ${name}`, async ({ expect }) => {
      const verdict = {
        kind: "reports",
        notificationId: "2026052700222093010024330500000001",
        reports: [report],
      };
      expect(await verify(wireOf(name))).toEqual(verdict);
      // A replay gives the same report, which changes nothing.
      expect(await verify(wireOf(name))).toEqual(verdict);
    });
  }

  it("the genuine one that Alipay signed in 2019 is accepted", async ({ expect }) => {
    const real = openapi.notify_real.trade_drop_sign_type;
    const account = accountOf({
      ...vectorCredentials,
      app_id: real.params.app_id,
      seller_id: real.params.seller_id,
      alipay_public_key: real.alipay_public_key,
    });
    expect(await verify(new URLSearchParams(real.params).toString(), account)).toEqual({
      kind: "reports",
      notificationId: "2019081500222155624068450559358070",
      reports: [
        {
          paymentId: "20190815155618536-564-57",
          state: "paid",
          amount: { currency: "CNY", value: 10 },
          channelTransactionId: "2019081522001468450512505578",
          paidAt: Date.parse("2019-08-15T07:56:24Z"),
          channelStatus: "TRADE_SUCCESS",
        },
      ],
    });
  });
});

describe("every trade_status", () => {
  const cases: [string, string | undefined, string][] = [
    ["WAIT_BUYER_PAY", undefined, "scanning"],
    ["TRADE_SUCCESS", "2026-05-27 09:30:09", "paid"],
    ["TRADE_FINISHED", "2026-05-27 09:30:09", "paid"],
    ["TRADE_FINISHED", undefined, "paid"],
    ["TRADE_CLOSED", undefined, "closed"],
    ["TRADE_CLOSED", "2026-05-27 09:30:09", "reversed"],
  ];
  for (const [trade_status, gmt_payment, state] of cases) {
    it(`${trade_status} ${gmt_payment === undefined ? "without" : "with"} a payment is ${state}`, async ({
      expect,
    }) => {
      const verdict = await verify(await notice({ trade_status, gmt_payment }));
      expect(verdict).toMatchObject({ kind: "reports", reports: [{ state }] });
    });
  }

  it("TRADE_CLOSED with refund fields alone was paid and given back", async ({ expect }) => {
    for (const marks of [{ gmt_refund: "2026-05-28 10:00:00.123" }, { refund_fee: "699.00" }]) {
      const body = await notice({ trade_status: "TRADE_CLOSED", gmt_payment: undefined, ...marks });
      expect(await verify(body)).toMatchObject({ reports: [{ state: "reversed", paidAt: null }] });
    }
  });

  it("that is not in the table is not acknowledged", async ({ expect }) => {
    for (const trade_status of ["TRADE_PENDING", "", "toString", undefined]) {
      expect(await verify(await notice({ trade_status }))).toMatchObject({ kind: "refused" });
    }
  });
});

describe("variants of the signed text", () => {
  it("with and without sign_type, empty values and the certificate's serial", async ({
    expect,
  }) => {
    const empty = { passback_params: "", body: "" };
    const cert = { alipay_cert_sn: openapi.cert_sn.throwaway_chain.alipay_sn };
    const bodies = [
      await notice(empty),
      await notice(empty, { unsigned: ["sign_type", "passback_params", "body"] }),
      await notice(empty, { unsigned: [] }),
      await notice(empty, { unsigned: ["passback_params", "body"] }),
      await notice(cert, { unsigned: ["sign_type", "alipay_cert_sn"] }),
      await notice(cert, { unsigned: ["sign_type"] }),
      await notice(
        { ...empty, ...cert },
        { unsigned: ["alipay_cert_sn", "body", "passback_params"] },
      ),
    ];
    for (const account of [accountOf(vectorCredentials), accountOf(vectorCertificates)]) {
      for (const body of bodies) {
        expect(await verify(body, account)).toMatchObject({ kind: "reports" });
      }
    }
  });

  it("never leave out a value that matters", async ({ expect }) => {
    for (const field of ["total_amount", "trade_status", "out_trade_no", "app_id", "gmt_payment"]) {
      const body = await notice({}, { unsigned: ["sign_type", field] });
      expect(await verify(body)).toMatchObject({ kind: "refused" });
    }
  });

  it("decode once: per cents, plus signs and ampersands in values survive", async ({ expect }) => {
    for (const passback_params of ["a%3Db", "100%", "%", "%zz", "a+b c&d=e", "%2525"]) {
      expect(await verify(await notice({ passback_params }))).toMatchObject({ kind: "reports" });
    }
  });
});

describe("refused", () => {
  it("any changed, added, removed or repeated field", async ({ expect }) => {
    const genuine = new URLSearchParams(paidWire);
    for (const name of genuine.keys()) {
      if (name === "sign_type") continue;
      const changed = new URLSearchParams(genuine);
      changed.set(name, `${genuine.get(name) ?? ""}0`);
      expect(await verify(changed.toString()), name).toMatchObject({ kind: "refused" });
      const removed = new URLSearchParams(genuine);
      removed.delete(name);
      expect(await verify(removed.toString()), name).toMatchObject({ kind: "refused" });
      expect(await verify(`${paidWire}&${name}=x`), name).toMatchObject({ kind: "refused" });
      expect(await verify(`${name}=x&${paidWire}`), name).toMatchObject({ kind: "refused" });
    }
    expect(await verify(`${paidWire}&extra=1`)).toMatchObject({ kind: "refused" });
  });

  it("signatures that are none", async ({ expect }) => {
    for (const sign of ["", "AAAA", "null", "****", "WECHATPAY/SIGNTEST/x", "A".repeat(344)]) {
      expect(await verify(await notice({}, { sign }))).toMatchObject({ kind: "refused" });
    }
  });

  it("a message that asks for the older algorithm, unless it is signed with the pinned one", async ({
    expect,
  }) => {
    // sign_type is not believed: what counts is that the RSA-SHA256 signature verifies.
    expect(await verify(await notice({ sign_type: "RSA" }))).toMatchObject({ kind: "reports" });
    const forged = await notice({ sign_type: "RSA" }, { sign: "A".repeat(342) + "==" });
    expect(await verify(forged)).toMatchObject({ kind: "refused" });
  });

  it("bodies that are no form, are not UTF-8, or are endless", async ({ expect }) => {
    const bodies = [
      "", "{}", "null", "app_id", "=", "&&&", '{"app_id":"2021000123456789"}',
      new Uint8Array([0xff, 0xfe, 0x61]), secureRandom(4_096),
    ]; // prettier-ignore
    for (const body of bodies) expect(await verify(body)).toMatchObject({ kind: "refused" });
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`f${n}`, "1"]));
    expect(await verify(await notice(many))).toEqual({
      kind: "refused",
      reason: "too many fields",
    });
  });

  it("well signed notices for another account, seller or order form", async ({ expect }) => {
    const cases: Record<string, string | undefined>[] = [
      { app_id: "2021000999999999" },
      { app_id: undefined },
      { auth_app_id: "2021000999999999" },
      { out_trade_no: undefined },
      { out_trade_no: "../../other" },
      { out_trade_no: "x".repeat(65) },
      { total_amount: undefined },
      { total_amount: "6.999" },
      { total_amount: "-1" },
      { total_amount: "1e3" },
      { total_amount: "699" + "0".repeat(20) },
      { notify_id: undefined },
      { notify_id: "" },
    ];
    for (const changes of cases) {
      expect(await verify(await notice(changes))).toMatchObject({ kind: "refused" });
    }
  });

  it("another seller's, when the account names its seller", async ({ expect }) => {
    const pinned = accountOf({ ...vectorCredentials, seller_id: "2088000000000001" });
    expect(await verify(paidWire, pinned)).toMatchObject({ kind: "reports" });
    for (const seller_id of ["2088000000000002", "", undefined]) {
      const body = await notice({ seller_id });
      expect(await verify(body, pinned)).toMatchObject({ kind: "refused" });
      expect(await verify(body)).toMatchObject({ kind: "reports" });
    }
  });

  it("reasons hold no value of the message", async ({ expect }) => {
    for (const changes of [{ app_id: "stranger" }, { out_trade_no: "stranger text" }]) {
      const verdict = await verify(await notice(changes));
      expect(verdict.kind).toBe("refused");
      expect(JSON.stringify(verdict)).not.toContain("stranger");
    }
  });
});

describe("other messages and key changes", () => {
  it("agreement and application messages are acknowledged and ignored", async ({ expect }) => {
    for (const notify_type of ["dut_user_sign", "dut_user_unsign", "open_app_auth_notify"]) {
      expect(await verify(await notice({ notify_type }))).toMatchObject({
        kind: "ignored",
        notificationId: "2026052700222093010024330500000001",
      });
    }
    const untyped = await notice({ notify_type: undefined, notify_id: undefined });
    expect(await verify(untyped)).toMatchObject({ kind: "ignored", notificationId: "" });
  });

  it("each version verifies with its own key, application and seller", async ({ expect }) => {
    const real = openapi.notify_real.trade_drop_sign_type;
    const rotated = { ...vectorCredentials, alipay_public_key: real.alipay_public_key };
    expect(await verify(paidWire, accountOf(rotated))).toMatchObject({ kind: "refused" });
    expect(await verify(paidWire, accountOf(rotated, vectorCredentials))).toMatchObject({
      kind: "reports",
    });
    // A key of another application does not vouch for this one.
    const elsewhere = { ...vectorCredentials, app_id: "2021000999999999" };
    expect(await verify(paidWire, accountOf(rotated, elsewhere))).toMatchObject({
      kind: "refused",
    });
  });
});

describe("acknowledgement", () => {
  it("is exactly what stops Alipay from sending again, and a refusal is anything else", ({
    expect,
  }) => {
    expect(alipay.acknowledge.accepted()).toEqual({
      status: 200,
      body: "success",
      contentType: "text/plain",
    });
    const refusal = alipay.acknowledge.refused("the signature does not verify");
    expect(refusal).toMatchObject({ status: 400, body: "fail" });
  });
});
