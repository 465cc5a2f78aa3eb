/** Active services in isolate memory, so that a payment by `service_id` asks D1 for nothing. */
import { systemClock } from "../clock.ts";
import { SETTINGS_CACHE_MS } from "../constants.ts";
import { type Failure, failure } from "../errors.ts";
import { ExpiringCache } from "../expiring-cache.ts";
import type { Owner } from "../owner.ts";
import { err, ok, type Result } from "../result.ts";
import { database } from "../store/db.ts";
import { findActiveService, type NoService } from "../store/services.ts";
import type { ServiceManifest } from "./manifest.ts";

const manifests = new ExpiringCache<ServiceManifest>(SETTINGS_CACHE_MS);

const keyOf = ({ merchantId, livemode }: Owner, id: string): string =>
  `${merchantId}:${livemode ? "live" : "test"}:${id}`;

const WORDS: Readonly<Record<NoService, string>> = {
  no_manifest_registered: "No such service.",
  not_active: "The service is not active.",
};

/** SERVICE_NOT_FOUND as the protocol has it. */
export const serviceNotFound = (id: string, reason: NoService): Failure =>
  failure("SERVICE_NOT_FOUND", WORDS[reason], {
    // The caller's own text: it must not carry a whole document back.
    service_id: id.slice(0, 64).toWellFormed(),
    reason,
  });

/**
 * The manifest in force of a merchant's own service, for its payments. Another merchant's is not
 * found. One that was deactivated or changed elsewhere is used for up to `SETTINGS_CACHE_MS`.
 */
export async function manifestInForce(
  env: Env,
  owner: Owner,
  id: string,
): Promise<Result<ServiceManifest, Failure>> {
  let reason: NoService = "no_manifest_registered";
  const manifest = await manifests.get(keyOf(owner, id), systemClock.now(), async () => {
    const found = await findActiveService(database(env.DB), owner.merchantId, owner.livemode, id);
    // It was checked when it was saved.
    if (found.ok) return found.value.manifest as unknown as ServiceManifest;
    reason = found.error;
    return null;
  });
  return manifest === null ? err(serviceNotFound(id, reason)) : ok(manifest);
}

/** After a change: this isolate uses the new manifest at once. */
export const forgetService = (owner: Owner, id: string): void => manifests.drop(keyOf(owner, id));
