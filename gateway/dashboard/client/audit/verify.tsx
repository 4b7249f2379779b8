import { useState } from 'preact/hooks'
import type { Verdict } from '../../../admin/schemas.ts'
import { get } from '../api.ts'
import { Button, Notice } from '../components/index.ts'
import { messageOf } from '../editor/message.ts'

type Result = { readonly verdict: Verdict } | { readonly failure: string }

/** Checks the chain of hashes on demand, and says in words what came of it. */
export function VerifyChain() {
  const [result, setResult] = useState<Result>()
  const [busy, setBusy] = useState(false)
  const verify = async () => {
    setBusy(true)
    try {
      setResult({ verdict: (await get<Verdict>('/audit/verify')).data })
    } catch (error) {
      setResult({ failure: messageOf(error) })
    } finally {
      setBusy(false)
    }
  }
  return (
    <section class="audit-verify" aria-label="The chain of the audit">
      <Button busy={busy} onClick={verify}>
        Verify the chain
      </Button>
      <div role="status">{result !== undefined && <Outcome result={result} />}</div>
    </section>
  )
}

function Outcome({ result }: { readonly result: Result }) {
  if ('failure' in result) return <Notice kind="error">It could not be verified: {result.failure}</Notice>
  const { verdict } = result
  if (verdict.ok) {
    const { entries, head } = verdict
    return (
      <Notice kind="success">
        <strong>The audit is whole.</strong> {entries === 1 ? 'Its one entry is' : `All ${entries} entries are`} as
        written, none is missing, none changed places. The last one is number {head.seq}, of hash{' '}
        <code class="hash">{head.hash}</code>: who noted an earlier hash can compare.
      </Notice>
    )
  }
  return (
    <Notice kind="error">
      <strong>The audit is not whole.</strong> Line {verdict.line} of its log: {verdict.problem}. Entries that were
      tampered with are left out of the table below. Keep a copy of the log before anything else writes to it.
    </Notice>
  )
}
