/** One request, followed for a collector of traces. Nothing here rejects or throws. */
export interface RequestTrace {
  /** 32 hexadecimal digits; what the log names. */
  readonly traceId: string
  /**
   * A native service takes the request. What `next` leads to, over promises and timers too, is followed.
   *
   * @param pattern Fastify's, without anything of the URL in it; undefined where it has none.
   */
  nativeBegan(pattern: string | undefined, next: () => void): void
  /** Goes on following: events of a socket come from outside, and so does a body that was read from one. */
  nativeGoesOn(next: () => void): void
  /** The service has its answer, with that status. */
  nativeAnswered(status: number): void
  /** Native failed, and an upstream answers instead. */
  fellBack(): void
  /**
   * The request goes on to an upstream.
   *
   * @param headers as they would be sent: flat, names and values in turn.
   */
  relayed(upstream: TracedUpstream, headers: readonly string[]): ExchangeTrace
  /** It is over: what the client got, and how many milliseconds after its header was read. */
  ended(status: number, milliseconds: number, servedBy: string, failure: string | undefined): void
}

export interface TracedUpstream {
  readonly name: string
  readonly url: URL
}

/** One exchange with an upstream. */
export interface ExchangeTrace {
  /** The header for the upstream, flat: `traceparent` and `tracestate` are this exchange's, all else is as it was. */
  readonly headers: string[]
  /** A final answer has begun. */
  answered(status: number): void
  /** The exchange is over; with a short code, when it went wrong. Only the first call counts. */
  ended(failure?: string): void
}
