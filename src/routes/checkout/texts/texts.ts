/** Every word of the checkout page. One file per language has all of them, or it does not compile. */
export interface Texts {
  /** Of the browser's tab. */
  readonly title: (merchant: string) => string;
  readonly payTo: string;
  readonly paymentNumber: string;
  readonly orderNumber: string;
  readonly timeLeft: string;
  readonly testBanner: string;
  readonly openSandbox: string;
  readonly opensNewTab: string;
  readonly language: string;

  readonly chooseTitle: string;
  readonly scanAnyTitle: string;
  readonly scanAny: string;
  readonly payWith: (name: string) => string;
  readonly chosenNow: string;
  readonly staysValid: string;
  readonly keepThisWay: string;
  readonly otherWay: string;
  readonly otherWaysOutside: string;
  readonly notInThisApp: string;
  readonly openInBrowser: string;

  readonly scanWith: (app: string) => string;
  readonly scanWithBank: string;
  readonly stepOpen: (app: string) => string;
  readonly stepOpenBank: (scheme: string) => string;
  readonly stepScan: string;
  readonly stepConfirm: string;
  readonly openApp: (app: string) => string;
  readonly saveCode: string;
  readonly stepSave: string;
  readonly stepPick: (scheme: string) => string;
  readonly otherDevice: (app: string) => string;
  readonly continuePaying: string;
  readonly qrLabel: (name: string) => string;
  readonly codeAsText: string;
  readonly copy: string;
  readonly copied: string;

  readonly continueTo: (name: string) => string;
  readonly continueHint: (name: string) => string;
  readonly openPageIn: (app: string) => string;
  readonly inMerchantApp: (merchant: string) => string;

  readonly momentTitle: string;
  readonly gettingReady: string;
  readonly timeIsUp: string;
  readonly beingConfirmed: string;
  readonly waiting: string;
  readonly scanned: string;

  readonly paidTitle: string;
  readonly paidText: (amount: string, merchant: string) => string;
  readonly paidWith: string;
  readonly paidAt: string;
  readonly refundedTitle: string;
  readonly refundedText: (amount: string) => string;
  readonly partlyRefunded: (amount: string) => string;
  readonly expiredTitle: string;
  readonly expiredText: string;
  readonly failedTitle: string;
  readonly failedText: string;
  readonly cancelledTitle: string;
  readonly cancelledText: string;
  readonly alreadyPaid: (merchant: string) => string;
  readonly backTo: (merchant: string) => string;
  /** `seconds` may also be a placeholder that the page's script fills in. */
  readonly returning: (seconds: string) => string;
  readonly stay: string;

  readonly notFoundTitle: string;
  readonly notFoundText: string;
  readonly problemTitle: string;
  readonly outdated: string;
  readonly tooMany: string;
  readonly notPossible: string;
  readonly broken: string;
  readonly backToPayment: string;
  readonly offline: string;
  readonly refreshes: string;
}
