/** Numbers that are looked at first. */

const number = new Intl.NumberFormat("en");

/** `1,234`. */
export const whole = (value: number): string => number.format(value);

export const Figure = (props: {
  label: string;
  value: string;
  /** What the number is to be seen beside. */
  beside?: string | undefined;
  href?: string;
}) => (
  <div class="figure">
    <p class="label">
      {props.href === undefined ? props.label : <a href={props.href}>{props.label}</a>}
    </p>
    <p class="value">{props.value}</p>
    {props.beside === undefined ? null : <p class="beside">{props.beside}</p>}
  </div>
);
