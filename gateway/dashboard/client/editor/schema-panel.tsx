import { helpAt } from './help.ts'
import type { Path } from './schema.ts'

/** What the schema says of the place where the cursor is. */
export function SchemaPanel({ path }: { readonly path: Path }) {
  const help = nearestHelp(path)
  return (
    <section class="schema-panel" aria-labelledby="schema-panel-title">
      <h2 id="schema-panel-title">At the cursor</h2>
      {help === undefined ? (
        <p>The schema knows nothing of this place.</p>
      ) : (
        <>
          <p class="schema-path">{help.title}</p>
          <p>{help.description}</p>
          <dl>
            {help.facts.map(([label, text]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </section>
  )
}

/** Of the path, or of what is around it while a key is not known (yet). */
function nearestHelp(path: Path): ReturnType<typeof helpAt> {
  return helpAt(path) ?? (path.length > 0 ? helpAt(path.slice(0, -1)) : undefined)
}
