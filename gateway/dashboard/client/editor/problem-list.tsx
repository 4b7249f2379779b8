import type { ConfigProblem } from '../../../config/problem.ts'
import type { Check } from './check.ts'

interface ProblemListProps {
  readonly check: Check | undefined
  readonly onGo: (problem: ConfigProblem) => void
}

/** What is wrong with the text, each a button that goes there; or that nothing is. */
export function ProblemList({ check, onGo }: ProblemListProps) {
  return (
    <section class="problem-list" aria-labelledby="problem-list-title">
      <h2 id="problem-list-title">Problems</h2>
      <p role="status" class="problem-state">
        {sentenceOf(check)}
      </p>
      {check?.state === 'invalid' && (
        <ul>
          {check.problems.map(problem => (
            <li key={`${problem.line}:${problem.column}${problem.path}`}>
              <button type="button" class="problem" onClick={() => onGo(problem)}>
                <span class="problem-place">
                  Line {problem.line}, column {problem.column}
                </span>{' '}
                <code>{problem.path}</code>{' '}
                <span>
                  Found {problem.found}, expected {problem.expected}.
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function sentenceOf(check: Check | undefined): string {
  if (check === undefined) return 'No unsaved change.'
  switch (check.state) {
    case 'checking':
      return 'Checking …'
    case 'valid':
      return '✓ No problems: this text can be saved.'
    case 'failed':
      return `✕ It could not be checked: ${check.message}`
    default:
      return check.problems.length === 1 ? '✕ One problem.' : `✕ ${check.problems.length} problems.`
  }
}
