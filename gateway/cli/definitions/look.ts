import type { Command } from 'commander'
import type { PageQuery } from '../client.ts'
import type { ExplainOptions } from '../commands/look.ts'
import type { ApiOptions } from '../context.ts'
import { countOf, defineOnline, revisionNumber, type Run } from './define.ts'

/** Commands that show how things stand, and change nothing. */
export function defineLooks(program: Command, run: Run): void {
  defineOnline(program, {
    usage: 'status',
    summary: 'show how the gateway stands',
    examples: ['status', 'status --json | jq .readiness.status']
  }).action((options: ApiOptions) =>
    run(options, async context => (await import('../commands/look.ts')).status(context))
  )

  defineOnline(program, {
    usage: 'replicas',
    summary: 'list the gateways that share the routing store, and the revision that each serves',
    examples: ['replicas']
  }).action((options: ApiOptions) =>
    run(options, async context => (await import('../commands/look.ts')).replicas(context))
  )

  defineOnline(program, {
    usage: 'export [file]',
    summary: 'write the configuration that serves to a file, or print it',
    description: 'What `gateway apply` takes. A file that is there is replaced in one step.',
    examples: ['export > routing.config.json', 'export routing.config.json', 'export --revision 12']
  })
    .option('--revision <revision>', 'the one of an earlier revision', revisionNumber)
    .action((file: string | undefined, { revision, ...options }: ApiOptions & { readonly revision?: number }) =>
      run(options, async context => (await import('../commands/export.ts')).exportConfig(context, file, revision))
    )

  defineOnline(program, {
    usage: 'routes [route]',
    summary: 'list the routes, or show one with all that is known of it',
    description: 'Of one route: its rollout, what every guardrail says, and what it waits for.',
    examples: ['routes', 'routes notes.list']
  }).action((id: string | undefined, options: ApiOptions) =>
    run(options, async context => (await import('../commands/look.ts')).routes(context, id))
  )

  defineOnline(program, {
    usage: 'explain <method> <url>',
    summary: 'tell where a request would go, and why',
    description: 'Every rule in its order, and why it decided or did not.',
    examples: [
      'explain GET /api/notes/65f0c0ffee65f0c0ffee65f0 --as 65f0c0ffee65f0c0ffee65f1',
      "explain POST /users/login --address 203.0.113.9 --header 'x-gateway-target: native'"
    ]
  })
    .option('--as <user>', 'the id of the user who asks, as if a verified token said so')
    .option('--address <ip>', "the client's address (default: yours)")
    .option('--header <header>', "a header of the request, 'name: value'; may be given again", collected)
    .action((method: string, url: string, options: ApiOptions & ExplainOptions) =>
      run(options, async context => (await import('../commands/look.ts')).explain(context, { method, url, ...options }))
    )

  defineOnline(program, {
    usage: 'history',
    summary: 'list the revisions of the configuration, newest first',
    examples: ['history', 'history --limit 5 --before 40']
  })
    .option('--limit <n>', 'at most this many', countOf, 20)
    .option('--before <revision>', 'only lower numbers', revisionNumber)
    .action(({ limit, before, ...options }: ApiOptions & PageQuery) =>
      run(options, async context => (await import('../commands/look.ts')).history(context, { limit, before }))
    )

  defineOnline(program, {
    usage: 'diff <from> [to]',
    summary: 'show what became different between two revisions',
    description: 'Without the second: to the revision that serves.',
    examples: ['diff 11', 'diff 11 12'],
    parse: { from: revisionNumber, to: revisionNumber }
  }).action((from: number, to: number | undefined, options: ApiOptions) =>
    run(options, async context => (await import('../commands/look.ts')).diff(context, from, to))
  )

  defineOnline(program, {
    usage: 'watch',
    summary: 'show the routes live, until Ctrl-C',
    description:
      'On a terminal a table that is drawn anew; elsewhere a line for every change, with --json a document a line.',
    examples: ['watch', 'watch --json >> rollout.jsonl']
  }).action((options: ApiOptions) =>
    run(options, async context => (await import('../commands/watch.ts')).watch(context))
  )
}

function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
