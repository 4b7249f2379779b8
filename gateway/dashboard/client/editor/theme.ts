import { EditorView } from '@codemirror/view'

/*
 * The colours are custom properties of the page, which reach into the shadow root; so light and dark follow the page.
 */

/** How the editor looks. */
export const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--code-text)', backgroundColor: 'var(--code-ground)', fontSize: '13px' },
  '&.cm-focused': { outline: '2px solid var(--code-focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--code-text)' },
  '.cm-json-key': { color: 'var(--code-key)' },
  '.cm-json-string': { color: 'var(--code-string)' },
  '.cm-json-number': { color: 'var(--code-number)' },
  '.cm-json-constant': { color: 'var(--code-constant)' },
  '.cm-gutters': { backgroundColor: 'var(--code-gutter)', color: 'var(--code-quiet)', borderRight: 'none' },
  '.cm-activeLine': { backgroundColor: 'var(--code-line)' },
  '.cm-activeLineGutter': { backgroundColor: 'var(--code-line)', color: 'var(--code-text)' },
  '.cm-line::selection, .cm-line ::selection': { backgroundColor: 'var(--code-selected)' },
  '.cm-tooltip': {
    color: 'var(--code-text)',
    backgroundColor: 'var(--code-raised)',
    border: '1px solid var(--code-edge)',
    borderRadius: '6px',
    maxWidth: 'min(32rem, 90vw)'
  },
  '.cm-suggestions ul': { margin: '0', padding: '4px 0', listStyle: 'none', maxHeight: '14em', overflowY: 'auto' },
  '.cm-suggestions li': { padding: '2px 10px', cursor: 'pointer' },
  '.cm-suggestions li[aria-selected=true]': { background: 'var(--code-chosen)', color: 'var(--code-on-chosen)' },
  '.cm-suggestions p': {
    margin: '0',
    padding: '6px 10px',
    borderTop: '1px solid var(--code-edge)',
    font: '13px/1.4 system-ui, sans-serif'
  },
  '.cm-suggestions p:empty': { display: 'none' },
  '.cm-diagnostic': { padding: '6px 10px', whiteSpace: 'pre-wrap' },
  '.cm-diagnostic-error': { borderLeft: '4px solid var(--code-wrong)' },
  '.cm-help': { padding: '6px 10px', font: '13px/1.45 system-ui, sans-serif' },
  '.cm-help p': { margin: '0 0 4px' },
  '.cm-help dl': { margin: '0', display: 'grid', gridTemplateColumns: 'auto 1fr', gap: '0 8px' },
  '.cm-help dt': { color: 'var(--code-quiet)' },
  '.cm-help dd': { margin: '0' }
})
