/** What a measurement has to show. */
export interface Rule {
  /** A whole sentence, with what was measured. */
  readonly text: string
  readonly isMet: boolean
}
