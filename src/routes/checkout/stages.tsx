/** The part of the page that says what to do now, stage by stage. */
import { ChooseStage } from "./choose-stage.tsx";
import { CodeStage } from "./code-stage.tsx";
import { EndedStage } from "./ended-stage.tsx";
import { type PaymentPage, pagePath } from "./model.ts";
import type { ChannelName } from "./names.ts";
import { Heading, ProblemNote, SandboxButton, State } from "./parts.tsx";
import type { Stage } from "./stage.ts";

type Of<K extends Stage["kind"]> = Extract<Stage, { kind: K }>;

const NOBODY: ChannelName = { name: "", home: null, app: null };

export function StageView(props: { page: PaymentPage; channel: ChannelName | null }) {
  const { page } = props;
  const { stage } = page;
  const channel = props.channel ?? NOBODY;
  switch (stage.kind) {
    case "choose":
      return <ChooseStage page={page} chosen={stage.chosen} />;
    case "code":
      return (
        <>
          <ProblemNote problem={page.problem} />
          <CodeStage page={page} stage={stage} channel={channel} />
          <OtherWay page={page} />
        </>
      );
    case "redirect":
      return <RedirectStage page={page} stage={stage} channel={channel} />;
    case "invoke":
      return <InvokeStage page={page} stage={stage} channel={channel} />;
    case "elsewhere":
      return <ElsewhereStage page={page} stage={stage} channel={channel} />;
    case "wait":
      return <WaitStage page={page} stage={stage} />;
    case "ended":
      return <EndedStage page={page} ending={stage.ending} channel={channel} />;
  }
}

interface StageProps<K extends Stage["kind"]> {
  readonly page: PaymentPage;
  readonly stage: Of<K>;
  readonly channel: ChannelName;
}

/** Back to the list, where there is one. */
const OtherWay = ({ page }: { page: PaymentPage }) =>
  page.view.options.length > 1 ? (
    <a class="link" href={pagePath(page.view.intent.id, page.speech, { change: "1" })}>
      {page.speech.texts.otherWay}
    </a>
  ) : null;

/** A link and not a redirect: Chromium would hold a form's redirect against `form-action`. */
function RedirectStage({ page, stage, channel }: StageProps<"redirect">) {
  const { texts } = page.speech;
  return (
    <>
      <ProblemNote problem={page.problem} />
      <Heading>{texts.continueTo(channel.name)}</Heading>
      <p class="hint">{texts.continueHint(channel.name)}</p>
      <a class="button main" id="go" href={stage.url} {...(page.leadOn ? { "data-go": "" } : {})}>
        {texts.continueTo(channel.name)}
      </a>
      {stage.appUrl === null ? null : (
        <a class="button" href={stage.appUrl}>
          {texts.openApp(channel.app ?? channel.name)}
        </a>
      )}
      <State page={page} />
      <SandboxButton page={page} />
      <OtherWay page={page} />
    </>
  );
}

/** Inside the wallet: its own bridge takes the payment when the button is tapped. */
function InvokeStage({ page, stage, channel }: StageProps<"invoke">) {
  const { texts } = page.speech;
  return (
    <>
      <ProblemNote problem={page.problem} />
      <Heading>{texts.payWith(channel.name)}</Heading>
      <button
        type="button"
        class="button main"
        id="invoke"
        data-script
        data-invoke={stage.sdk}
        data-params={JSON.stringify(stage.params)}
        {...(page.leadOn ? { "data-go": "" } : {})}
        hidden
      >
        {texts.payWith(channel.name)}
      </button>
      <State page={page} />
      <SandboxButton page={page} />
      <OtherWay page={page} />
    </>
  );
}

function ElsewhereStage({ page, stage, channel }: StageProps<"elsewhere">) {
  const { texts } = page.speech;
  const { merchant_name: merchant } = page.view;
  return (
    <>
      <ProblemNote problem={page.problem} />
      <Heading>
        {stage.app ? texts.inMerchantApp(merchant) : texts.openPageIn(channel.app ?? channel.name)}
      </Heading>
      <State page={page} />
      <SandboxButton page={page} />
      <OtherWay page={page} />
    </>
  );
}

function WaitStage({ page, stage }: Omit<StageProps<"wait">, "channel">) {
  const { texts } = page.speech;
  const words = {
    ordering: texts.gettingReady,
    confirming: texts.beingConfirmed,
    time_is_up: texts.timeIsUp,
  };
  return (
    <>
      <ProblemNote problem={page.problem} />
      <div class="wheel"></div>
      <Heading>{texts.momentTitle}</Heading>
      <p class="hint" data-announce>
        {words[stage.why]}
      </p>
      {stage.why === "ordering" ? <OtherWay page={page} /> : null}
    </>
  );
}
