/** How it ended, and the way back to the shop. */
import { showMoney } from "./amount.ts";
import { EndingIcon } from "./icons.tsx";
import type { PaymentPage } from "./model.ts";
import type { ChannelName } from "./names.ts";
import { Heading } from "./parts.tsx";
import type { Ending } from "./stage.ts";
import type { Texts } from "./texts/texts.ts";

/** Until the page of a paid payment goes back by itself. */
const RETURN_SECONDS = 8;

/** A page that is opened later than this was not waiting for the payment: it stays. */
const FRESH_MS = 10 * 60_000;

interface Props {
  readonly page: PaymentPage;
  readonly ending: Ending;
  readonly channel: ChannelName;
}

const titleOf = (texts: Texts): Readonly<Record<Ending, string>> => ({
  paid: texts.paidTitle,
  part_refunded: texts.paidTitle,
  refunded: texts.refundedTitle,
  expired: texts.expiredTitle,
  failed: texts.failedTitle,
  cancelled: texts.cancelledTitle,
});

function textsOf({ page, ending }: Props): readonly string[] {
  const { texts, language } = page.speech;
  const { intent, merchant_name: merchant } = page.view;
  const paid = texts.paidText(showMoney(intent.amount, language), merchant);
  const returned = showMoney(intent.amount_refunded, language);
  switch (ending) {
    case "paid":
      return [paid];
    case "part_refunded":
      return [paid, texts.partlyRefunded(returned)];
    case "refunded":
      return [texts.refundedText(returned)];
    case "expired":
      return [texts.expiredText, texts.alreadyPaid(merchant)];
    case "failed":
      return [texts.failedText, texts.alreadyPaid(merchant)];
    case "cancelled":
      return [texts.cancelledText, texts.alreadyPaid(merchant)];
  }
}

export function EndedStage(props: Props) {
  const { page, ending } = props;
  const wasPaid = page.view.intent.succeeded_at !== null;
  return (
    <>
      <EndingIcon ending={ending} />
      <Heading>
        <span data-announce>{titleOf(page.speech.texts)[ending]}</span>
      </Heading>
      {textsOf(props).map((text) => (
        <p class="hint">{text}</p>
      ))}
      {wasPaid ? <Receipt {...props} /> : null}
      <Return {...props} />
    </>
  );
}

function Receipt({ page, channel }: Props) {
  const { texts, language } = page.speech;
  const at = page.view.intent.succeeded_at ?? "";
  const format = new Intl.DateTimeFormat(language, {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone: "UTC",
  });
  return (
    <dl class="receipt">
      {channel.name === "" ? null : (
        <>
          <dt>{texts.paidWith}</dt>
          <dd>{channel.name}</dd>
        </>
      )}
      <dt>{texts.paidAt}</dt>
      <dd>
        {/* The script puts it into the buyer's own time zone. */}
        <time datetime={at} data-local>{`${format.format(new Date(at))} UTC`}</time>
      </dd>
    </dl>
  );
}

function Return({ page, ending }: Props) {
  const { texts } = page.speech;
  const { intent, merchant_name: merchant } = page.view;
  if (page.wayBack === null) return null;
  const fresh = page.now - Date.parse(intent.succeeded_at ?? "") < FRESH_MS;
  return (
    <div class="return">
      <a class="button main" id="return" href={page.wayBack}>
        {texts.backTo(merchant)}
      </a>
      {ending === "paid" && fresh ? (
        <p
          class="hint"
          data-script
          data-return={String(RETURN_SECONDS)}
          data-returning={texts.returning("{n}")}
          hidden
        >
          <span>{texts.returning(String(RETURN_SECONDS))}</span>{" "}
          <button type="button" class="copy" id="stay">
            {texts.stay}
          </button>
        </p>
      ) : null}
    </div>
  );
}
