/** The list of an aggregate payment: forms only, so that it works in every browser. */
import { Chevron } from "./icons.tsx";
import { type PaymentPage, pagePath, type Way, waysOf } from "./model.ts";
import { namesOf } from "./names.ts";
import { Code, Heading, ProblemNote } from "./parts.tsx";
import { isOwnWallet } from "./ways.ts";

export function ChooseStage({ page, chosen }: { page: PaymentPage; chosen: string | null }) {
  const { texts } = page.speech;
  const ways = waysOf(page);
  const [only] = ways;
  const inWallet = only !== undefined && isOwnWallet(page.agent, only.channel);
  if (only === undefined) {
    return (
      <>
        <Heading>{texts.notInThisApp}</Heading>
        <p class="hint">{texts.openInBrowser}</p>
      </>
    );
  }
  return (
    <>
      <ProblemNote problem={page.problem} />
      <Heading>{texts.chooseTitle}</Heading>
      {inWallet ? (
        <OneTap page={page} way={only} first={chosen === null} />
      ) : (
        <List page={page} ways={ways} chosen={chosen} />
      )}
      {ways.length < page.view.options.length ? <p class="hint">{texts.otherWaysOutside}</p> : null}
      {chosen === null ? <AnyCode page={page} /> : <Keep page={page} />}
    </>
  );
}

const Fields = ({ page }: { page: PaymentPage }) => (
  <>
    <input type="hidden" name="token" value={page.chooseToken} />
    {page.speech.named ? <input type="hidden" name="lang" value={page.speech.language} /> : null}
  </>
);

const actionOf = ({ view }: PaymentPage) => `/pay/${view.intent.id}/choose`;

/** Scanned with the wallet itself: nothing is left to choose. The script taps by itself, once. */
function OneTap({ page, way, first }: { page: PaymentPage; way: Way; first: boolean }) {
  const { texts, language } = page.speech;
  const auto = first && page.problem === null ? { "data-auto": "" } : {};
  return (
    <form class="ways" method="post" action={actionOf(page)} {...auto}>
      <Fields page={page} />
      <input type="hidden" name="channel" value={way.channel} />
      <button class="button main" id={`way-${way.channel}`}>
        {texts.payWith(namesOf(way.channel, language).name)}
      </button>
    </form>
  );
}

function List(props: { page: PaymentPage; ways: readonly Way[]; chosen: string | null }) {
  const { page, ways, chosen } = props;
  const { texts, language } = page.speech;
  return (
    <form class="ways" method="post" action={actionOf(page)}>
      <Fields page={page} />
      {ways.map(({ channel }) => {
        const { name, home } = namesOf(channel, language);
        const current = channel === chosen;
        return (
          <button
            class="way"
            id={`way-${channel}`}
            name="channel"
            value={channel}
            {...(current ? { "aria-current": "true" } : {})}
          >
            <span>
              {name}
              {home === null ? null : (
                <>
                  {" "}
                  <span class="home" lang={home.language}>
                    {home.name}
                  </span>
                </>
              )}
            </span>
            {current ? <span class="mark">{texts.chosenNow}</span> : null}
            <Chevron />
          </button>
        );
      })}
    </form>
  );
}

/** On a big screen: one code that each wallet opens in its own browser, which then decides. */
function AnyCode({ page }: { page: PaymentPage }) {
  const { texts } = page.speech;
  const { qr } = page.view.intent;
  if (page.agent.browser !== "desktop" || qr === null) return null;
  return (
    <>
      <h2 class="small">{texts.scanAnyTitle}</h2>
      <Code data={qr.data} label={texts.scanAnyTitle} small />
      <p class="hint">{texts.scanAny}</p>
    </>
  );
}

function Keep({ page }: { page: PaymentPage }) {
  const { texts } = page.speech;
  return (
    <>
      <p class="hint">{texts.staysValid}</p>
      <a class="link" href={pagePath(page.view.intent.id, page.speech)}>
        {texts.keepThisWay}
      </a>
    </>
  );
}
