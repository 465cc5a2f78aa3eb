/** The simulated channels, by slug and by the host that adapters are given for them. */
import { channelOf } from "../channels/registry.ts";
import type { SandboxChannel } from "./simulator.ts";

/** The names resolve nowhere: nothing that is meant for the sandbox can leave the machine. */
const SUFFIX = ".sandbox.invalid";

/** The simulated channel of this slug; null where there is none. */
export const sandboxChannel = (slug: string): SandboxChannel | null =>
  channelOf(slug)?.sandbox ?? null;

/** The channel that a request to a sandbox endpoint is meant for. */
export const channelOfHost = (hostname: string): SandboxChannel | null =>
  hostname.endsWith(SUFFIX) ? sandboxChannel(hostname.slice(0, -SUFFIX.length)) : null;
