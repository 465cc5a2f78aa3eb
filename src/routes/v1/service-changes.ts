/** What happens when a merchant's service is made, changed, put into force and taken out of it. */
import type { ServiceManifest } from "../../agents/manifest.ts";
import { withCheckedUrls } from "../../agents/manifest-rules.ts";
import { examineManifest, faultsOf, type Finding } from "../../agents/readiness.ts";
import { compareVersions } from "../../agents/semver.ts";
import { forgetService } from "../../agents/service-cache.ts";
import { type ApiError, apiError, type Issue } from "../../errors.ts";
import { database } from "../../store/db.ts";
import {
  insertService,
  type ServiceChange,
  serviceNames,
  type ServiceRow,
  updateService,
} from "../../store/services.ts";
import { listEnabledEndpoints } from "../../store/webhook-endpoints.ts";
import { type EndpointPolicy, ownHostsOf } from "../../webhooks/policy.ts";
import { auditEntry } from "../audit.ts";
import { type AppContext, ownerOf } from "../http.ts";
import { showOwn } from "./service-schemas.ts";

/** There is no end to a service, but each can be changed into another. Per merchant and mode. */
const SERVICES_LIMIT = 200;

const policyFor = (c: AppContext): EndpointPolicy => ({
  livemode: c.var.principal.key.livemode,
  environment: c.env.ENVIRONMENT,
  // Without PUBLIC_URL the host that was asked is the only one known to be ours.
  ownHosts: [...ownHostsOf(c.env), new URL(c.req.url).hostname],
});

const refusal = (code: "INVALID_REQUEST" | "INVALID_STATE", issues: readonly Issue[]): ApiError => {
  const [first] = issues;
  return apiError(code, `${first?.path}: ${first?.message}.`, { issues });
};

/** The manifest as it is saved. @throws ApiError INVALID_REQUEST when a URL may not be called */
function savable(c: AppContext, manifest: ServiceManifest): ServiceManifest {
  const checked = withCheckedUrls(manifest, policyFor(c));
  if (!checked.ok) throw refusal("INVALID_REQUEST", checked.error);
  return checked.value;
}

/** Everything that stands between a manifest and being in force, and what is only worth knowing. */
export async function examine(
  c: AppContext,
  manifest: Readonly<Record<string, unknown>>,
): Promise<Finding[]> {
  const { accounts, key, merchant } = c.var.principal;
  const asks = manifest["webhook_url"] !== undefined;
  const endpoints = asks
    ? await listEnabledEndpoints(database(c.env.DB), merchant.id, key.livemode)
    : [];
  return examineManifest(manifest, {
    policy: policyFor(c),
    // The sandbox has an account for every channel.
    channels: key.livemode
      ? accounts.filter(({ status }) => status === "active").map(({ channel }) => channel)
      : null,
    webhookUrls: endpoints.map(({ url }) => url),
  });
}

/** @throws ApiError INVALID_STATE with the issues */
async function checkReady(c: AppContext, manifest: Readonly<Record<string, unknown>>) {
  const faults = faultsOf(await examine(c, manifest));
  if (faults.length > 0) throw refusal("INVALID_STATE", faults);
}

/** Two names that people take for one. */
const fold = (name: string): string => name.normalize("NFKC").toLowerCase();

type Name = Pick<ServiceRow, "id" | "name" | "status">;

/** @throws ApiError INVALID_STATE when a draft or an active service has the name */
function checkName(names: readonly Name[], id: string, name: string): void {
  const other = names.find(
    (each) => each.id !== id && each.status !== "inactive" && fold(each.name) === fold(name),
  );
  if (other === undefined) return;
  const message = `another ${other.status} service of yours has this name`;
  throw apiError("INVALID_STATE", `name: ${message}.`, {
    issues: [{ path: "name", message }],
    service_id: other.id,
  });
}

const namesOf = (c: AppContext): Promise<Name[]> => {
  const { merchantId, livemode } = ownerOf(c);
  return serviceNames(database(c.env.DB), merchantId, livemode);
};

/** The members of a manifest that rows repeat. */
const columnsOf = (manifest: ServiceManifest) => ({
  name: manifest.name,
  version: manifest.version,
  manifest: manifest as unknown as Record<string, unknown>,
});

export async function createService(c: AppContext, body: ServiceManifest): Promise<ServiceRow> {
  const manifest = savable(c, body);
  const { merchantId, livemode } = ownerOf(c);
  const id = await c.var.newId("service");
  const names = await namesOf(c);
  checkName(names, id, manifest.name);
  if (names.length >= SERVICES_LIMIT && !names.some((each) => each.id === id)) {
    const limit = `A merchant has at most ${SERVICES_LIMIT} services`;
    throw apiError("INVALID_STATE", `${limit}; change one that you no longer offer.`);
  }
  const row: ServiceRow = {
    id,
    merchant_id: merchantId,
    livemode,
    status: "draft",
    ...columnsOf(manifest),
    created_at: c.var.now,
    updated_at: c.var.now,
  };
  const action = "service.created" as const;
  const entry = auditEntry(c, { action, target: id, before: null, after: showOwn(row) });
  const saved = await insertService(database(c.env.DB), row, entry);
  if (saved === null) throw changedMeanwhile();
  return saved;
}

const changedMeanwhile = (): ApiError =>
  apiError("INVALID_STATE", "Your services were changed at the same time; repeat this.");

async function change(
  c: AppContext,
  row: ServiceRow,
  fields: ServiceChange,
  action: `service.${string}`,
): Promise<ServiceRow> {
  const next = { ...row, ...fields };
  if (next.status !== "inactive") checkName(await namesOf(c), row.id, next.name);
  const [before, after] = [showOwn(row), showOwn(next)];
  const entry = auditEntry(c, { action, target: row.id, before, after });
  const changed = await updateService(database(c.env.DB), row, fields, c.var.now, entry);
  forgetService(ownerOf(c), row.id);
  if (changed === null) throw changedMeanwhile();
  return changed;
}

/**
 * Replaces a draft's manifest. A service that has been active is changed by a higher version; while
 * it is active the new one must be ready and is in force at once.
 */
export async function replaceManifest(
  c: AppContext,
  row: ServiceRow,
  body: ServiceManifest,
): Promise<ServiceRow> {
  const manifest = savable(c, body);
  if (row.status !== "draft" && compareVersions(manifest.version, row.version) <= 0) {
    const message = `must be higher than ${row.version}: a version that was published stays as it is`;
    throw apiError("INVALID_STATE", `version: ${message}.`, {
      issues: [{ path: "version", message }],
      current_version: row.version,
    });
  }
  const columns = columnsOf(manifest);
  if (row.status === "active") await checkReady(c, columns.manifest);
  return change(c, row, columns, "service.updated");
}

/** Puts a service into force; one that is there stays as it is. */
export async function activate(c: AppContext, row: ServiceRow): Promise<ServiceRow> {
  if (row.status === "active") return row;
  await checkReady(c, row.manifest);
  return change(c, row, { status: "active" }, "service.activated");
}

/** Takes a service out of force; one that is out stays as it is. */
export async function deactivate(c: AppContext, row: ServiceRow): Promise<ServiceRow> {
  if (row.status === "inactive") return row;
  if (row.status === "draft") {
    throw apiError("INVALID_STATE", "The service is a draft: it is not in force yet.");
  }
  return change(c, row, { status: "inactive" }, "service.deactivated");
}
