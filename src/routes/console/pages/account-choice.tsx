/** Connecting an account, first steps: which channel, which mode, which bank. Links and a plain form. */
import { PROFILES } from "../../../channels/bank/profiles.ts";
import { Button } from "../components.tsx";
import { Select } from "../fields.tsx";
import { type Schema, labelOf, variantsOf } from "./credentials-fields.ts";
import type { ChannelView } from "./views.ts";

export interface Pick {
  readonly channel: string;
  readonly mode: string;
  readonly profile: string;
}

/** What the form for the credentials is made from. */
export interface Chosen {
  readonly channel: ChannelView;
  readonly mode: string;
  readonly schema: Schema;
  /** The bank's profile, where the channel works with several. */
  readonly profile: string | null;
}

/** Null: something is still to be chosen. The only mode, and the only profile, need no choosing. */
export function chosenFrom(channel: ChannelView, pick: Omit<Pick, "channel">): Chosen | null {
  const modes = channel.integration_modes;
  const mode = modes.length === 1 ? modes[0] : modes.find((one) => one.mode === pick.mode);
  if (mode === undefined) return null;
  const schema = mode.credentials_schema;
  const options = variantsOf(schema)?.options;
  if (options === undefined) return { channel, mode: mode.mode, schema, profile: null };
  const profile = options.length === 1 ? options[0] : options.find((one) => one === pick.profile);
  return profile === undefined ? null : { channel, mode: mode.mode, schema, profile };
}

const REGIONS: Readonly<Record<string, string>> = {
  CN: "Mainland China",
  HK: "Hong Kong",
  TH: "Thailand",
  SG: "Singapore",
  MY: "Malaysia",
  ID: "Indonesia",
  VN: "Vietnam",
  PH: "Philippines",
  CA: "Canada",
};

export const ChannelChoice = ({ channels }: { channels: readonly ChannelView[] }) => (
  <>
    <p>Where do you have an account that payments shall go to?</p>
    <ul class="cards">
      {channels.map(({ slug, name, region, currencies }) => (
        <li>
          <a href={`/console/accounts/new?channel=${slug}`}>{name}</a>
          <small class="quiet">
            {currencies.length > 4 ? `${currencies.length} currencies` : currencies.join(", ")}
            {` · ${REGIONS[region] ?? region}`}
          </small>
        </li>
      ))}
    </ul>
  </>
);

const asOptions = (names: readonly string[]) => names.map((name) => [name, labelOf(name)] as const);

/** The profile's own name; one that has left this deployment keeps its id. */
export const profileName = (id: string): string =>
  PROFILES.find((one) => one.id === id)?.name ?? id;

const ProfileSelect = ({ options, value }: { options: readonly string[]; value: string }) => (
  <Select
    name="profile"
    label="Who tells of payments?"
    hint="The bank or service that holds the account. None of them: the generic ones describe a message that any bank or relay can send."
    value={value}
    options={options.map((id) => [id, profileName(id)] as const)}
  />
);

const Continue = () => (
  <p class="buttons">
    <Button>Continue</Button>
  </p>
);

export function ModeChoice({ channel, pick }: { channel: ChannelView; pick: Pick }) {
  const modes = channel.integration_modes;
  const current = modes.find(({ mode }) => mode === pick.mode) ?? modes[0];
  const profiles = current === undefined ? null : variantsOf(current.credentials_schema);
  return (
    <form method="get" action="/console/accounts/new" class="form" aria-label="Mode">
      <input type="hidden" name="channel" value={channel.slug} />
      {modes.length > 1 ? (
        <Select
          name="mode"
          label="How are you connected?"
          hint="Direct, unless the channel gave you a contract of another kind."
          value={pick.mode}
          options={asOptions(modes.map(({ mode }) => mode))}
        />
      ) : null}
      {profiles === null ? null : <ProfileSelect options={profiles.options} value={pick.profile} />}
      <Continue />
    </form>
  );
}

/** The mode is the account's; only who tells of payments may change. */
export function ProfileChoice(props: { action: string; channel: ChannelView; mode: string }) {
  const current = props.channel.integration_modes.find(({ mode }) => mode === props.mode);
  const profiles = current === undefined ? null : variantsOf(current.credentials_schema);
  return (
    <form method="get" action={props.action} class="form" aria-label="Profile">
      {profiles === null ? null : <ProfileSelect options={profiles.options} value="" />}
      <Continue />
    </form>
  );
}
