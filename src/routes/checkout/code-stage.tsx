/** A code to scan, or on a phone, which cannot scan itself, the way around that. */
import type { PaymentPage } from "./model.ts";
import type { ChannelName } from "./names.ts";
import { Code, CodeText, Heading, SandboxButton, State } from "./parts.tsx";
import type { PhoneHelp, Stage } from "./stage.ts";
import type { Texts } from "./texts/texts.ts";

interface Props {
  readonly page: PaymentPage;
  readonly stage: Extract<Stage, { kind: "code" }>;
  readonly channel: ChannelName;
}

export function CodeStage({ page, stage, channel }: Props) {
  const { texts } = page.speech;
  const { help } = stage;
  const reads = readerOf(stage, channel);
  return (
    <>
      <Heading>{titleOf(texts, help, reads)}</Heading>
      {help === null ? null : (
        <Help help={help} texts={texts} reads={reads} id={page.view.intent.id} />
      )}
      <Code data={stage.data} label={texts.qrLabel(channel.name)} small={help !== null} />
      <State page={page} />
      {help === null ? <Steps texts={texts} reads={reads} /> : null}
      <SandboxButton page={page} />
      <CodeText data={stage.data} texts={texts} />
    </>
  );
}

/** Nobody scans the screen that he holds. */
function titleOf(texts: Texts, help: PhoneHelp | null, reads: Reader): string {
  if (help !== null) return texts.payWith(reads.scheme);
  return reads.app === null ? texts.scanWithBank : texts.scanWith(reads.app);
}

/** Who reads the code: one app, or any that knows the scheme. */
interface Reader {
  readonly app: string | null;
  readonly scheme: string;
}

const readerOf = ({ type }: Props["stage"], { app, name }: ChannelName): Reader => ({
  // A channel with several wallets behind it is named itself.
  app: app ?? (type === "emvco_tlv" ? null : name),
  scheme: name,
});

const Steps = ({ texts, reads }: { texts: Texts; reads: Reader }) => (
  <ol class="steps">
    <li>{reads.app === null ? texts.stepOpenBank(reads.scheme) : texts.stepOpen(reads.app)}</li>
    <li>{texts.stepScan}</li>
    <li>{texts.stepConfirm}</li>
  </ol>
);

function Help(props: { help: PhoneHelp; texts: Texts; reads: Reader; id: string }) {
  const { help, texts, reads, id } = props;
  switch (help.kind) {
    case "open_app":
      return (
        <a class="button main" id="open-app" href={help.url}>
          {texts.openApp(reads.app ?? reads.scheme)}
        </a>
      );
    case "open_link":
      return (
        <a class="button main" id="open-link" href={help.url}>
          {texts.continuePaying}
        </a>
      );
    case "save":
      return (
        <>
          <a
            class="button main"
            id="save-code"
            href={`/v1/qr/${id}.svg?size=1024`}
            download={`${id}.svg`}
            data-save={id}
          >
            {texts.saveCode}
          </a>
          <ol class="steps">
            <li>{texts.stepSave}</li>
            <li>{texts.stepPick(reads.scheme)}</li>
            <li>{texts.stepConfirm}</li>
          </ol>
        </>
      );
    case "other_device":
      return <p class="hint">{texts.otherDevice(reads.app ?? reads.scheme)}</p>;
    case "open_in_browser":
      return (
        <p class="hint">
          {texts.notInThisApp}. {texts.openInBrowser}
        </p>
      );
  }
}
