/** Where the NHS terminology server is, and this client's credentials. */
export interface TerminologyOptions {
  /** An origin; default `https://ontology.nhs.uk`. */
  readonly baseUrl?: string
  readonly clientId?: string
  readonly clientSecret?: string
  /** Milliseconds that one request may take. */
  readonly timeoutMs?: number
}

export interface ClinicalCode {
  readonly name: string
  readonly code: string
  /** The code system. */
  readonly url: string
}

export interface Terminology {
  /** The SNOMED CT terms that match, best first, at most 10. @throws TerminologyFailure */
  search(name: string, signal?: AbortSignal): Promise<readonly ClinicalCode[]>
}

/** The terminology server gave no usable answer. */
export class TerminologyFailure extends Error {
  override readonly name = 'TerminologyFailure'
}
