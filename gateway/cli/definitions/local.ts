import { Argument, type Command } from 'commander'
import type { AuditQuery } from '../client.ts'
import type { VerifyOptions } from '../commands/audit.ts'
import type { ApiOptions, CommonOptions } from '../context.ts'
import type { Io } from '../io.ts'
import { countOf, define, defineGroup, defineOnline, type Run } from './define.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

/** The audit, and what works without a gateway. */
export function defineLocals(program: Command, run: Run, { env }: Io): void {
  define(program, {
    usage: 'validate [file]',
    summary: 'check a configuration file as the gateway does, and tell everything that is wrong',
    description: 'Without a file: ROUTING_CONFIG, else routing.config.json. Needs no gateway.',
    examples: ['validate', 'validate routing.next.json --json']
  }).action((file: string | undefined, options: CommonOptions) =>
    run(options, async context =>
      (await import('../commands/validate.ts')).validate(
        context,
        file ?? (env['ROUTING_CONFIG'] || 'routing.config.json')
      )
    )
  )

  const audit = defineGroup(program, {
    usage: 'audit',
    summary: 'tell who changed what, when and why, and whether that record is whole',
    examples: ['audit', 'audit verify']
  })

  defineOnline(audit, {
    usage: 'list',
    summary: 'list the entries of the audit, newest first',
    examples: ['audit', 'audit list --route notes.list --limit 5'],
    isDefault: true
  })
    .option('--limit <n>', 'at most this many', countOf, 20)
    .option('--before <entry>', 'only lower numbers', countOf)
    .option('--route <route>', 'only what concerns this route')
    .option('--actor <name>', 'only what somebody of this name did')
    .option('--action <action>', 'only this action, such as rollout.start')
    .action(({ limit, before, route, actor, action, ...options }: ApiOptions & AuditQuery) =>
      run(options, async context => {
        const query = { limit, before, route, actor, action }
        await (await import('../commands/audit.ts')).list(context, query)
      })
    )

  defineOnline(audit, {
    usage: 'verify [file]',
    summary: 'find entries of the audit that were changed, removed, cut off or moved',
    description: 'With a file, or the state directory, it reads audit.jsonl itself and needs no gateway.',
    examples: ['audit verify', 'audit verify --state-dir .gateway-state', 'audit verify backup/audit.jsonl']
  })
    .option('--state-dir <directory>', 'holds audit.jsonl and audit.head')
    .action((file: string | undefined, options: ApiOptions & VerifyOptions) =>
      run(options, async context =>
        (await import('../commands/audit.ts')).verify(context, { ...options, ...(file === undefined ? {} : { file }) })
      )
    )

  define(program, {
    usage: 'completion',
    summary: 'print the completion script of a shell',
    description: 'It completes commands, options, and the routes and groups of the configuration.',
    examples: [
      'completion bash > ~/.local/share/bash-completion/completions/gateway',
      'completion zsh > "${fpath[1]}/_gateway"'
    ]
  })
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .action((shell: (typeof SHELLS)[number], options: CommonOptions) =>
      run(options, async context => (await import('../commands/completion.ts')).script(context, shell))
    )

  program
    .command('completion-server', { hidden: true })
    .argument('[words...]')
    .action((words: readonly string[]) =>
      run({}, async context => (await import('../commands/completion.ts')).complete(context, program, words))
    )
}
