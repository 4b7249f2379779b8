import { useState } from 'preact/hooks'
import type { Config } from '../../../admin/schemas.ts'
import { get } from '../api.ts'
import { Notice, Page } from '../components/index.ts'
import { useAnswer } from '../editor/answer.ts'
import { CodeView, type Place } from '../editor/code-view.tsx'
import { EditableText } from '../editor/editable-text.tsx'
import { useEditing } from '../editor/editing.ts'
import { GoToRoute } from '../editor/go-to-route.tsx'
import { RevisionList } from '../editor/revision-list.tsx'
import type { Path } from '../editor/schema.ts'
import { SchemaPanel } from '../editor/schema-panel.tsx'
import { useLive } from '../live.ts'
import { useSession } from '../session.ts'

const LEAD =
  'What the gateway routes by. A change serves as soon as it is saved, and is a revision with your name and reason.'

/** The routing configuration: its text, help and problems in place, and its revisions. */
export default function ConfigPage() {
  const { answer: config, failure } = useAnswer(async () => (await get<Config>('/config')).data, [])
  const { totals } = useLive()
  const { role } = useSession()

  const Text = role === 'viewer' ? ReadOnlyText : EditableText
  return (
    <Page title="Configuration" lead={LEAD}>
      {failure !== undefined && <Notice kind="error">{failure}</Notice>}
      {config !== undefined && <Text opened={config} serving={Math.max(totals?.revision ?? 0, config.revision)} />}
    </Page>
  )
}

interface TextProps {
  readonly opened: Config
  readonly serving: number
}

function ReadOnlyText({ opened, serving }: TextProps) {
  const [path, setPath] = useState<Path>([])
  const [place, setPlace] = useState<Place>()
  const { name } = useSession()
  const [{ base, source }] = useEditing(opened, serving, name)
  return (
    <div class="config-page">
      <div class="config-main">
        <div class="config-bar">
          <span>Revision {base.revision}. You are signed in as a viewer, so the text cannot be changed here.</span>
          <GoToRoute text={source.text} onGo={setPlace} />
        </div>
        <CodeView readOnly source={source} label="Routing configuration, read only" place={place} onPlace={setPath} />
      </div>
      <aside class="config-side">
        <SchemaPanel path={path} />
        <RevisionList serving={base.revision} />
      </aside>
    </div>
  )
}
