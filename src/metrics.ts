/**
 * Counters for dashboards, behind an interface so that the ledger can never depend on them:
 * Analytics Engine samples and forgets after three months.
 */
export interface Metrics {
  /** One thing that happened. `index` is what it is sampled by (a merchant or a channel). */
  record(
    name: MetricName,
    index: string,
    labels: readonly string[],
    numbers: readonly number[],
  ): void;
}

export type MetricName =
  | "request"
  | "channel_call"
  | "callback"
  | "webhook_delivery"
  | "transition";

export function analyticsMetrics(dataset: AnalyticsEngineDataset | undefined): Metrics {
  return {
    record(name, index, labels, numbers) {
      dataset?.writeDataPoint({
        indexes: [index.slice(0, 96)],
        blobs: [name, ...labels],
        doubles: [...numbers],
      });
    },
  };
}
