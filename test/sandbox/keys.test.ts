import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, it, vi } from "vitest";

import { readPrivateKey, readPublicKey } from "../../src/crypto/pem.ts";
import {
  importSigningKey,
  importVerifyingKey,
  publicKeyOf,
  signSha256,
  verifySha256,
} from "../../src/crypto/rsa.ts";
import { registeredMerchant, registerMerchant } from "../../src/sandbox/keys.ts";

const stub = (name: string) => env.SANDBOX_KEYS.getByName(name);

/** What the object wrote, sealed or not. */
const storedIn = (name: string) =>
  runInDurableObject(stub(name), (_, { storage }) =>
    storage.sql.exec<{ name: string; sealed: string }>("SELECT * FROM kept").toArray(),
  );

function unwrap<T>(result: { ok: true; value: T } | { ok: false }): T {
  if (!result.ok) throw new Error("the PEM does not parse");
  return result.value;
}

const entry = (mark: string) => ({
  publicKeys: { [`SERIAL${mark}`]: `-----BEGIN PUBLIC KEY-----${mark}` },
  symmetricKey: mark.repeat(32).slice(0, 32),
});

describe("the keys of a simulated channel", () => {
  it("are two pairs that fit, and 32 ASCII characters", async ({ expect }) => {
    const keys = await stub("keys-fit").keyring("keys-fit");
    const pairs = [
      [keys.merchantPrivateKey, keys.merchantPublicKey],
      [keys.platformPrivateKey, keys.platformPublicKey],
    ] as const;
    for (const [privatePem, publicPem] of pairs) {
      const privateKey = unwrap(readPrivateKey(privatePem));
      const publicKey = unwrap(readPublicKey(publicPem));
      expect(await publicKeyOf(privateKey)).toEqual(publicKey);
      const signature = await signSha256(await importSigningKey(privateKey), "text");
      expect(await verifySha256(await importVerifyingKey(publicKey), "text", signature)).toBe(true);
    }
    expect(keys.merchantPublicKey).not.toBe(keys.platformPublicKey);
    expect(keys.symmetricKey).toMatch(/^[\u0021-\u007e]{32}$/);
  });

  it("two first uses at once end with one set of keys", async ({ expect }) => {
    const name = "keys-race";
    const [first, second, third] = await Promise.all([
      stub(name).keyring(name),
      stub(name).keyring(name),
      stub(name).keyring(name),
    ]);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(await storedIn(name)).toHaveLength(1);
    await evictDurableObject(stub(name));
    expect(await stub(name).keyring(name)).toEqual(first);
  });

  it("are others for each channel, and the same on every use", async ({ expect }) => {
    // A new isolate: the memory of this one is older than what is stored.
    vi.resetModules();
    const { sandboxKeyring } = await import("../../src/sandbox/keys.ts");
    const wechat = await sandboxKeyring(env, "wechat");
    const alipay = await sandboxKeyring(env, "alipay");
    expect(await sandboxKeyring(env, "wechat")).toEqual(wechat);
    expect(await stub("wechat").keyring("wechat")).toEqual(wechat);
    expect(alipay.platformPublicKey).not.toBe(wechat.platformPublicKey);
    expect(alipay.symmetricKey).not.toBe(wechat.symmetricKey);
  });

  it("are sealed at rest, each for its own place", async ({ expect }) => {
    const name = "keys-sealed";
    const keys = await stub(name).keyring(name);
    const [row] = await storedIn(name);
    expect(row?.sealed).toMatch(/^v1\./);
    for (const secret of Object.values(keys)) expect(row?.sealed).not.toContain(secret);
    // Whoever can write rows cannot pass one channel's keys off as another's.
    await runInDurableObject(stub(`${name}-thief`), (_, { storage }) => {
      storage.sql.exec("CREATE TABLE kept (name TEXT PRIMARY KEY, sealed TEXT NOT NULL) STRICT");
      storage.sql.exec(
        "INSERT INTO kept VALUES (?, ?)",
        `sandbox-keyring/${name}-thief`,
        row?.sealed ?? "",
      );
    });
    await runInDurableObject(stub(`${name}-thief`), async (object) => {
      await expect(object.keyring(`${name}-thief`)).rejects.toThrow(/altered|context/);
    });
  });
});

describe("merchants with credentials of their own", () => {
  it("are not registered until they are", async ({ expect }) => {
    expect(await registeredMerchant(env, "wechat", "1900000700")).toBeNull();
    // Strangers may ask for any number: nothing is stored for it.
    const tables = await runInDurableObject(stub("wechat:1900000700"), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'kept'").toArray(),
    );
    expect(tables).toEqual([]);
    await registerMerchant(env, "wechat", "1900000700", entry("a"));
    expect(await registeredMerchant(env, "wechat", "1900000700")).toEqual(entry("a"));
  });

  it("are known per channel and number", async ({ expect }) => {
    await registerMerchant(env, "wechat", "1900000701", entry("b"));
    expect(await registeredMerchant(env, "alipay", "1900000701")).toBeNull();
    expect(await registeredMerchant(env, "wechat", "1900000702")).toBeNull();
  });

  it("the newest registration counts, and lasts", async ({ expect }) => {
    await registerMerchant(env, "alipay", "2021000000000001", entry("c"));
    await registerMerchant(env, "alipay", "2021000000000001", {
      publicKeys: { "": "PEM" },
      symmetricKey: null,
    });
    await evictDurableObject(stub("alipay:2021000000000001"));
    expect(await registeredMerchant(env, "alipay", "2021000000000001")).toEqual({
      publicKeys: { "": "PEM" },
      symmetricKey: null,
    });
  });

  it("their symmetric key is sealed", async ({ expect }) => {
    await registerMerchant(env, "wechat", "1900000703", entry("z"));
    const rows = await storedIn("wechat:1900000703");
    expect(JSON.stringify(rows)).not.toContain("z".repeat(8));
  });
});
