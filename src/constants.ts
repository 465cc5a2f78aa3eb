/** Numbers that several files need, each with its unit and its reason. */

/** API.md section 1. */
export const BODY_LIMIT_BYTES = 64 * 1024;

/** Version stamped on every event; changes only together with the shape of event data. */
export const API_VERSION = "2026-11-01";

/** A channel that has not answered by then is `unknown`. WeChat Pay advises 5–10 s. */
export const CHANNEL_TIMEOUT_MS = 8_000;

/** Largest channel reply or callback that is read. Real ones are under 20 KB. */
export const CHANNEL_BODY_LIMIT_BYTES = 256 * 1024;

/** A second request with the same key waits this long for the first (API.md section 1). */
export const IN_FLIGHT_WAIT_MS = 10_000;

/** Keys, merchants and accounts live this long in isolate memory: a revoke is felt within it. */
export const SETTINGS_CACHE_MS = 10_000;

/** Clock difference allowed on signed requests and channel callbacks (both ways). */
export const SIGNATURE_TOLERANCE_MS = 300_000;

/** Minutes that China's clock is ahead of UTC, all year: most channels' days begin by it, and ours. */
export const CHINA_OFFSET_MINUTES = 480;
