/** What saving an account's credentials checks, in each mode, and that nothing secret comes back. */
import * as z from "zod";
import { describe, it } from "vitest";

import { antom } from "../../../src/channels/antom/adapter.ts";
import { sha256Hex } from "../../../src/crypto/digest.ts";
import { fromBase64 } from "../../../src/crypto/encoding.ts";
import { toPem } from "../../../src/crypto/pem.ts";
import { NOW } from "../kit.ts";
import { CLIENT_ID, subMerchant, vectorCredentials, vectors } from "./kit.ts";

const examine = async (mode: string, credentials: unknown) => {
  const examined = await antom.modes[mode]?.examine(credentials, NOW);
  if (examined === undefined) throw new Error(`no mode ${mode}`);
  return examined;
};

const issuesOf = async (mode: string, credentials: unknown) => {
  const examined = await examine(mode, credentials);
  return examined.ok ? [] : examined.error;
};

const bytes = (base64: string) => fromBase64(base64) ?? new Uint8Array();

const acquirer = { ...vectorCredentials, merchant: subMerchant };
const isv = { ...vectorCredentials, agent_token: "token-of-the-merchant" };
const full = {
  ...vectorCredentials,
  key_version: 3,
  payment_method_type: "GCASH",
  merchant_account_id: "site-2",
};

describe("credentials that fit", () => {
  it("pass in their mode, and only fingerprints come back", async ({ expect }) => {
    const fingerprints = {
      public_key: await sha256Hex(bytes(vectors.merchant_public_b64)),
      antom_public_key: await sha256Hex(bytes(vectors.platform_public_b64)),
    };
    for (const [mode, credentials, version] of [
      ["merchant", vectorCredentials, "1"],
      ["integrator", vectorCredentials, "1"],
      ["merchant", full, "3"],
      ["merchant", { ...full, key_version: "12" }, "12"],
      ["acquirer", acquirer, "1"],
      ["acquirer", { ...full, merchant: { ...subMerchant, store: undefined } }, "3"],
      ["isv", isv, "1"],
    ] as const) {
      expect(await examine(mode, credentials)).toEqual({
        ok: true,
        value: {
          merchantAccount: CLIENT_ID,
          fingerprints: { ...fingerprints, key_version: version },
        },
      });
    }
  });

  it("pass in every form in which keys are handed out", async ({ expect }) => {
    const pkcs1 = toPem("RSA PRIVATE KEY", bytes(vectors.merchant_private_pkcs1_b64));
    for (const private_key of [
      vectors.merchant_private_pkcs1_b64,
      pkcs1,
      pkcs1.replaceAll("\n", "\\n"),
      toPem("PRIVATE KEY", bytes(vectors.merchant_private_pkcs8_b64)),
    ]) {
      expect(await issuesOf("merchant", { ...vectorCredentials, private_key })).toEqual([]);
    }
    const antom_public_key = toPem("PUBLIC KEY", bytes(vectors.platform_public_b64));
    expect(await issuesOf("merchant", { ...vectorCredentials, antom_public_key })).toEqual([]);
  });
});

describe("credentials that do not", () => {
  it("own public key in the place of Antom's, in any form", async ({ expect }) => {
    const own = vectors.merchant_public_b64;
    for (const antom_public_key of [own, toPem("PUBLIC KEY", bytes(own))]) {
      expect(await issuesOf("merchant", { ...vectorCredentials, antom_public_key })).toEqual([
        { path: "antom_public_key", message: expect.stringContaining("your own public key") },
      ]);
    }
  });

  it("a member of another mode is named, with the mode it belongs to", async ({ expect }) => {
    for (const [mode, credentials, path, owner] of [
      ["merchant", acquirer, "merchant", "acquirer"],
      ["integrator", acquirer, "merchant", "acquirer"],
      ["isv", { ...isv, merchant: subMerchant }, "merchant", "acquirer"],
      ["merchant", isv, "agent_token", "isv"],
      ["integrator", isv, "agent_token", "isv"],
      ["acquirer", { ...acquirer, agent_token: "x" }, "agent_token", "isv"],
    ] as const) {
      expect(await issuesOf(mode, credentials)).toEqual([
        { path, message: expect.stringContaining(`mode ${owner}`) },
      ]);
    }
  });

  it("a missing member of the mode, or a malformed one", async ({ expect }) => {
    const { private_key: _private, ...keyless } = vectorCredentials;
    for (const [mode, credentials, path] of [
      ["acquirer", vectorCredentials, "merchant"],
      ["isv", vectorCredentials, "agent_token"],
      ["isv", { ...isv, agent_token: "two words" }, "agent_token"],
      ["merchant", keyless, "private_key"],
      ["merchant", { ...vectorCredentials, client_id: "a b" }, "client_id"],
      ["merchant", { ...vectorCredentials, key_version: 0 }, "key_version"],
      ["merchant", { ...vectorCredentials, payment_method_type: "alipay" }, "payment_method_type"],
      ["merchant", { ...vectorCredentials, region: "eu" }, "region"],
      [
        "acquirer",
        { ...acquirer, merchant: { ...subMerchant, merchant_mcc: "541" } },
        "merchant.merchant_mcc",
      ],
      [
        "acquirer",
        { ...acquirer, merchant: { ...subMerchant, store: { store_name: "x" } } },
        "merchant.store.reference_store_id",
      ],
    ] as const) {
      const issues = await issuesOf(mode, credentials);
      expect(issues.map((issue) => issue.path)).toEqual([path]);
    }
  });

  it("keys that are none, and never with their value in the message", async ({ expect }) => {
    const secret = "MIIsecretsecretsecret";
    for (const [member, value] of [
      ["private_key", secret],
      ["private_key", vectors.platform_public_b64],
      ["antom_public_key", secret],
      ["antom_public_key", vectors.merchant_private_pkcs8_b64],
    ] as const) {
      const issues = await issuesOf("merchant", { ...vectorCredentials, [member]: value });
      expect(issues.map(({ path }) => path)).toEqual([member]);
      expect(JSON.stringify(issues)).not.toContain(value.slice(0, 20));
    }
    for (const input of [null, 1, "x", []]) {
      expect((await examine("merchant", input)).ok).toBe(false);
    }
  });
});

describe("the schemas", () => {
  it("are served as JSON Schema, one for each mode", ({ expect }) => {
    expect(Object.keys(antom.modes)).toEqual(["merchant", "acquirer", "isv", "integrator"]);
    const required = (mode: string) => {
      const schema = antom.modes[mode]?.credentials;
      return schema === undefined ? [] : z.toJSONSchema(schema, { io: "input" }).required;
    };
    const common = ["client_id", "private_key", "antom_public_key"];
    expect(required("merchant")).toEqual(common);
    expect(required("acquirer")).toEqual([...common, "merchant"]);
    expect(required("isv")).toEqual([...common, "agent_token"]);
  });
});
