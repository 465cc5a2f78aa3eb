/** Counts beside each other: a table whose rows have a bar. Drawn on the server, as charts are. */

export interface Tally {
  readonly name: string;
  readonly value: number;
  readonly tone: "good" | "bad";
  /** Where those that are counted stand. */
  readonly href?: string;
}

/** Counts beside each other, as a table whose rows have a bar. */
export function Tallies(props: {
  title: string;
  /** Headings of the names and of the numbers. */
  head: string;
  unit: string;
  tallies: readonly Tally[];
}) {
  const { title, head, unit, tallies } = props;
  const most = Math.max(1, ...tallies.map(({ value }) => value));
  return (
    <figure class="panel tallies">
      <figcaption>
        <h2>{title}</h2>
      </figcaption>
      <table>
        <thead class="hidden">
          <tr>
            <th scope="col">{head}</th>
            <th scope="col">{unit}</th>
          </tr>
        </thead>
        <tbody>
          {tallies.map(({ name, value, tone, href }) => (
            <tr>
              <th scope="row">{href === undefined ? name : <a href={href}>{name}</a>}</th>
              <td>
                <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect
                    class={tone}
                    // One line among thousands must be seen.
                    width={Math.max(1, Math.round((value / most) * 100))}
                    height="8"
                  />
                </svg>
                <span>{value.toLocaleString("en")}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
