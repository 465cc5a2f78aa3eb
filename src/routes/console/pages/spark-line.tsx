/** A line as small as a word: how something went over the last hours. Drawn on the server. */
import { area, curveMonotoneX, line } from "d3-shape";

const WIDTH = 120;
const HEIGHT = 28;
const EDGE = 2;

interface Props {
  /** Oldest first; null: nothing happened in that hour. */
  readonly values: readonly (number | null)[];
  /** What it shows, for people who cannot see it. */
  readonly label: string;
}

export function SparkLine({ values, label }: Props) {
  const top = Math.max(1, ...values.map((value) => value ?? 0));
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1);
  const points = values.map((value, place) => ({ x: EDGE + place * step, value }));
  const y = (value: number | null) => HEIGHT - EDGE - ((value ?? 0) / top) * (HEIGHT - 2 * EDGE);
  const isDefined = ({ value }: (typeof points)[number]) => value !== null;
  const stroke = line<(typeof points)[number]>()
    .defined(isDefined)
    .x(({ x }) => x)
    .y(({ value }) => y(value))
    .curve(curveMonotoneX)
    .digits(1);
  const fill = area<(typeof points)[number]>()
    .defined(isDefined)
    .x(({ x }) => x)
    .y0(HEIGHT - EDGE)
    .y1(({ value }) => y(value))
    .curve(curveMonotoneX)
    .digits(1);
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={label}
    >
      <path class="spark-area" d={fill(points) ?? ""} />
      <path class="spark-line" d={stroke(points) ?? ""} />
    </svg>
  );
}
