/** Whose payment it must be for a request to see or move it. */
export interface Owner {
  readonly merchantId: string;
  readonly livemode: boolean;
}
