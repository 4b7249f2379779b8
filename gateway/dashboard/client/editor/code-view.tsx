import { useEffect, useRef } from 'preact/hooks'
import type { ConfigProblem } from '../../../config/problem.ts'
import { type CodeEditor, createCodeEditor } from './code-editor.ts'
import type { Path } from './schema.ts'

/** A place to go to. Another object each time, so that one goes there again. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A text from outside, to stand in the editor from now on. What is typed after it does not make another one. */
export interface Source {
  readonly text: string
}

interface CodeViewProps {
  readonly source: Source
  readonly label: string
  readonly readOnly?: boolean
  readonly problems?: readonly ConfigProblem[] | undefined
  readonly place?: Place | undefined
  readonly onChange?: (text: string) => void
  readonly onPlace?: (path: Path) => void
}

/** A configuration's text in an editor. `label` and `readOnly` are those of the first time. */
export function CodeView({ source, label, readOnly = false, problems, place, onChange, onPlace }: CodeViewProps) {
  const host = useRef<HTMLDivElement>(null)
  const editor = useRef<CodeEditor>(undefined)
  const listeners = useRef({ onChange, onPlace })
  listeners.current = { onChange, onPlace }

  useEffect(() => {
    if (host.current === null) return undefined
    const made = createCodeEditor({
      host: host.current,
      text: source.text,
      label,
      readOnly,
      onChange: changed => listeners.current.onChange?.(changed),
      onPlace: path => listeners.current.onPlace?.(path)
    })
    editor.current = made
    return () => made.destroy()
  }, [])
  useEffect(() => editor.current?.setText(source.text), [source])
  useEffect(() => editor.current?.showProblems(problems ?? []), [problems])
  useEffect(() => {
    if (place !== undefined) editor.current?.goTo(place.line, place.column)
  }, [place])

  return <div class="code-view" ref={host} />
}
