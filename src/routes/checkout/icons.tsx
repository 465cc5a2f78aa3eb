/** The page's few drawings, all of them decoration: the words beside them say the same. */
import type { Ending } from "./stage.ts";

const line = {
  fill: "none",
  stroke: "currentColor",
  "stroke-width": "2",
  "stroke-linecap": "round",
  "stroke-linejoin": "round",
} as const;

const PATHS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  back: "M9 7l-4 4 4 4M5 11h9a5 5 0 0 1 0 10h-3",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2",
  cross: "M7 7l10 10M17 7L7 17",
  chevron: "M9 6l6 6-6 6",
} as const;

const Icon = ({ path, size }: { path: keyof typeof PATHS; size: number }) => (
  <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" {...line}>
    <path d={PATHS[path]} />
  </svg>
);

export const Clock = () => <Icon path="clock" size={16} />;
export const Chevron = () => <Icon path="chevron" size={20} />;

const OF_ENDING: Readonly<Record<Ending, readonly [keyof typeof PATHS, string]>> = {
  paid: ["check", "good"],
  part_refunded: ["check", "good"],
  refunded: ["back", "plain"],
  expired: ["clock", "warn"],
  failed: ["cross", "bad"],
  cancelled: ["cross", "plain"],
};

export const EndingIcon = ({ ending }: { ending: Ending }) => {
  const [path, tone] = OF_ENDING[ending];
  return (
    <div class={`icon ${tone}`}>
      <Icon path={path} size={32} />
    </div>
  );
};
