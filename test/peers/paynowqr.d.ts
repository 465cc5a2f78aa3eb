declare module "paynowqr" {
  interface PaynowQROptions {
    uen: string;
    amount?: number;
    editable?: boolean;
    /** YYYYMMDD; five years from now when absent. */
    expiry?: string;
    refNumber?: string;
    company?: string;
  }
  export default class PaynowQR {
    constructor(options: PaynowQROptions);
    output(): string;
  }
}
