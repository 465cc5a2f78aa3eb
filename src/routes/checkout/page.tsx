/** The frame of every page of the checkout: head, banner, card, languages. */
import { raw } from "hono/html";
import type { Child } from "hono/jsx";

import { namesOf } from "./names.ts";
import type { PaymentPage, Speech } from "./model.ts";
import { pagePath } from "./model.ts";
import { Clock } from "./icons.tsx";
import { StageView } from "./stages.tsx";
import { showMoney } from "./amount.ts";
import { STYLE } from "./style.ts";
import { LANGUAGE_NAMES, LANGUAGES } from "./texts/index.ts";
import { Copyable } from "./parts.tsx";

/**
 * Kept by browsers for an hour, so its address changes with its content: the first digits of its
 * SHA-256. A test compares them.
 */
const SCRIPT = "/assets/checkout.js?v=e11e93f6";

/** Seconds between two looks of a browser that runs no script. */
const REFRESH_SECONDS = 10;

interface FrameProps {
  readonly speech: Speech;
  readonly title: string;
  /** The page without anything that happens once. */
  readonly path: string;
  readonly sandbox?: boolean;
  /** Something may change, or can be copied. */
  readonly live?: boolean;
  /** Where to go without scripts; absent: the page does not change. */
  readonly refresh?: { readonly seconds: number; readonly url: string };
  readonly children: Child;
}

const Frame = (props: FrameProps) => {
  const { speech, title, path, sandbox, live, refresh, children } = props;
  return (
    <html lang={speech.language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <meta name="format-detection" content="telephone=no" />
        <title>{title}</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        {refresh === undefined ? null : (
          <noscript>
            <meta http-equiv="refresh" content={`${refresh.seconds};url=${refresh.url}`} />
          </noscript>
        )}
        <style>{raw(STYLE)}</style>
        {live === true ? <script src={SCRIPT} type="module"></script> : null}
      </head>
      <body data-page={path}>
        {sandbox === true ? (
          <header>
            <p class="banner">{speech.texts.testBanner}</p>
          </header>
        ) : null}
        {children}
        <p id="live" class="unseen" role="status"></p>
        <footer>
          <Languages speech={speech} path={path} />
        </footer>
      </body>
    </html>
  );
};

/** Every language leads to the same payment; the present one is no link. */
const Languages = ({ speech, path }: { speech: Speech; path: string }) => (
  <nav aria-label={speech.texts.language}>
    <ul class="languages">
      {LANGUAGES.map((language) => (
        <li>
          {language === speech.language ? (
            <span aria-current="true">{LANGUAGE_NAMES[language]}</span>
          ) : (
            <a href={`${path.split("?")[0]}?lang=${language}`} lang={language} hreflang={language}>
              {LANGUAGE_NAMES[language]}
            </a>
          )}
        </li>
      ))}
    </ul>
  </nav>
);

/** Minutes and seconds, as on a kitchen clock. */
const clockText = (ms: number): string => {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

/** Smaller type, so that an amount stays on one line also on a small phone. */
const sizeOf = (amount: string): string => {
  if (amount.length <= 9) return "amount";
  return amount.length <= 13 ? "amount long" : "amount longest";
};

function Summary({ page }: { page: PaymentPage }) {
  const { speech, view, stage, now, deadline } = page;
  const { intent } = view;
  const { texts, language } = speech;
  const amount = showMoney(intent.amount, language);
  const { currency } = intent.amount;
  const counts = stage.kind !== "ended" && stage.kind !== "wait";
  return (
    <section class="summary">
      <h1>
        <span>{texts.payTo}</span> <bdi>{view.merchant_name}</bdi>
      </h1>
      <p class={sizeOf(amount)}>
        {amount}
        {/* Half of Asia has a yuan, yen or dollar sign. */}
        {amount.includes(currency) ? null : <small> {currency}</small>}
      </p>
      {intent.description === null ? null : (
        <p class="what">
          <bdi>{intent.description}</bdi>
        </p>
      )}
      {counts ? (
        <p class="left" data-now={String(now)} data-until={String(deadline)}>
          <Clock />
          <span>{texts.timeLeft}</span>
          <strong role="timer">{clockText(deadline - now)}</strong>
        </p>
      ) : null}
    </section>
  );
}

/** What the buyer and the shop talk about when something is not clear. */
function Numbers({ page }: { page: PaymentPage }) {
  const { texts } = page.speech;
  const { intent } = page.view;
  return (
    <dl class="numbers">
      {intent.merchant_order_id === null ? null : (
        <div>
          <dt>{texts.orderNumber}</dt>
          <dd>
            <code>{intent.merchant_order_id}</code>
          </dd>
        </div>
      )}
      <div>
        <dt>{texts.paymentNumber}</dt>
        <dd>
          <code id="payment-number">{intent.id}</code>
          <Copyable of="payment-number" what={texts.paymentNumber} texts={texts} />
        </dd>
      </div>
    </dl>
  );
}

/** What the script has to know; null members are left out. */
function marks(page: PaymentPage): Record<string, string> {
  const { view, stage, speech } = page;
  const { id, sequence, status } = view.intent;
  const ended = stage.kind === "ended";
  // Money that arrives after the end turns the page too, for as long as anybody may still look.
  const waitsForLate = ended && status !== "succeeded";
  return {
    "data-stage": stage.kind === "ended" ? stage.ending : stage.kind,
    "data-sequence": String(sequence),
    "data-status-url": `/pay/${id}/status`,
    "data-offline": speech.texts.offline,
    "data-copied": speech.texts.copied,
    ...(ended
      ? {}
      : { "data-stream-url": `/v1/payment-intents/${id}/stream?token=${page.streamToken}` }),
    ...(waitsForLate ? { "data-late": "true" } : {}),
  };
}

function refreshOf(page: PaymentPage, path: string): FrameProps["refresh"] {
  const { stage, leadOn } = page;
  if (stage.kind === "redirect" && leadOn) return { seconds: 0, url: stage.url };
  return stage.kind === "ended" || stage.kind === "choose"
    ? undefined
    : { seconds: REFRESH_SECONDS, url: path };
}

/** The payment's page in whatever stage it is. */
export function CheckoutPage({ page }: { page: PaymentPage }) {
  const { speech, view, stage } = page;
  const path = pagePath(view.intent.id, speech);
  const refresh = refreshOf(page, path);
  return (
    <Frame
      speech={speech}
      title={speech.texts.title(view.merchant_name)}
      path={path}
      sandbox={!view.intent.livemode}
      live
      {...(refresh === undefined ? {} : { refresh })}
    >
      <main id="payment" {...marks(page)}>
        <div class={stage.kind === "ended" ? "card narrow" : "card wide"}>
          <Summary page={page} />
          <section class="stage">
            <StageView page={page} channel={channelNameOf(page)} />
          </section>
          <Numbers page={page} />
        </div>
        {refresh === undefined ? null : (
          <noscript>
            <p class="banner">{speech.texts.refreshes}</p>
          </noscript>
        )}
      </main>
    </Frame>
  );
}

const channelNameOf = ({ view, speech }: PaymentPage) =>
  view.intent.channel === null ? null : namesOf(view.intent.channel, speech.language);

/** A page with words and nothing else: no such payment, or a request that was refused. */
export const NoticePage = (props: {
  speech: Speech;
  title: string;
  text: string;
  path: string;
  back?: { readonly href: string; readonly label: string };
}) => (
  <Frame speech={props.speech} title={props.title} path={props.path}>
    <main>
      <div class="card narrow">
        <section class="stage">
          <h1 class="notice">{props.title}</h1>
          <p class="hint">{props.text}</p>
          {props.back === undefined ? null : (
            <a class="button main" href={props.back.href}>
              {props.back.label}
            </a>
          )}
        </section>
      </div>
    </main>
  </Frame>
);
