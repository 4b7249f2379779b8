import type { Discovery } from '../../../admin/schemas.ts'
import { get } from '../api.ts'
import { Notice, Page, Time } from '../components/index.ts'
import { Unmatched } from '../discovery/unmatched.tsx'
import { Unused } from '../discovery/unused.tsx'
import { WithoutNative } from '../discovery/without-native.tsx'
import { useAnswer } from '../editor/answer.ts'
import { useLive } from '../live.ts'

const LEAD = 'What to migrate next, and what to switch off: seen from what callers ask for.'

/** What callers use that no route or no native service serves, and what nobody uses any more. */
export default function DiscoveryPage() {
  const { totals } = useLive()
  const { answer: discovery, failure } = useAnswer(
    async () => (await get<Discovery>('/discovery')).data,
    [totals?.revision]
  )

  return (
    <Page title="Discovery" lead={LEAD}>
      {failure !== undefined && <Notice kind="error">{failure}</Notice>}
      {discovery !== undefined && (
        <>
          <p class="quiet">
            Requests have been watched since <Time at={discovery.since} />, restarts included. Counts are of the last 24
            hours. What may name somebody in a path stands here as <code>:value</code>.
          </p>
          <Unmatched unmatched={discovery.unmatched} others={discovery.unmatchedOthers} />
          <WithoutNative routes={discovery.withoutNative} />
          <Unused routes={discovery.unused} />
        </>
      )}
    </Page>
  )
}
