import type { Command } from 'commander'
import type { OrderRequest } from '../commands/order.ts'
import type { WriteOptions } from '../commands/write.ts'
import type { ApiOptions } from '../context.ts'
import { defineWrite, forceOption, type Run, weight as weightArgument, yesOption } from './define.ts'

type OrderOptions = ApiOptions & WriteOptions

const OUTSIDE_HOURS = 'also inside a no-advance window'

/** Commands that move the weight of a group of routes. */
export function defineOrders(program: Command, run: Run): void {
  const give = (request: OrderRequest & ApiOptions) =>
    run(request, async context => (await import('../commands/order.ts')).order(context, request))

  defineWrite(program, {
    usage: 'set <target> <weight>',
    summary: 'set the weight of a group, named by itself or by one of its routes',
    description: 'A rollout that runs is paused. With --file it edits the configuration file, without the gateway.',
    examples: [
      "set notes 25 --reason 'first clinics'",
      'set notes 75 --dry-run',
      'set notes 0',
      'set notes 25 --file routing.config.json'
    ],
    parse: { weight: weightArgument }
  })
    .option('--file <file>', 'edit this configuration file instead of asking the gateway')
    .addOption(yesOption())
    .addOption(forceOption(OUTSIDE_HOURS))
    .action((target: string, weight: number, { file, ...options }: OrderOptions & { file?: string }) => {
      if (file === undefined) return give({ verb: 'set', target, weight, ...options })
      return run(options, async context =>
        (await import('../commands/set-file.ts')).setInFile(context, { target, weight, file, ...options })
      )
    })

  defineWrite(program, {
    usage: 'start <target>',
    summary: 'start the rollout of a group',
    description: 'At 0 % it goes to the first step of the plan; a weight that was set by hand is where it begins.',
    examples: ["start notes --reason 'contract tests pass'"]
  })
    .addOption(yesOption())
    .addOption(forceOption(OUTSIDE_HOURS))
    .action((target: string, options: OrderOptions) => give({ verb: 'start', target, ...options }))

  defineWrite(program, {
    usage: 'pause <target>',
    summary: 'keep a rollout from advancing; its guardrails still watch',
    examples: ["pause notes --reason 'incident 12'"]
  }).action((target: string, options: OrderOptions) => give({ verb: 'pause', target, ...options }))

  defineWrite(program, {
    usage: 'resume <target>',
    summary: 'let a paused rollout go on',
    examples: ["resume notes --reason 'incident 12 is over'"]
  })
    .addOption(yesOption())
    .action((target: string, options: OrderOptions) => give({ verb: 'resume', target, ...options }))

  defineWrite(program, {
    usage: 'promote <target>',
    summary: 'take a rollout to its next step',
    description: 'At the last step it completes the rollout.',
    examples: ["promote notes --reason 'a week without errors'", "promote notes --full --yes --reason 'agreed'"]
  })
    .option('--full', 'to the last step at once')
    .addOption(yesOption())
    .addOption(forceOption(OUTSIDE_HOURS))
    .action((target: string, { full = false, ...options }: OrderOptions & { full?: boolean }) =>
      give({ verb: full ? 'promote-full' : 'promote', target, ...options })
    )

  defineWrite(program, {
    usage: 'rollback <target>',
    summary: 'take the weight of a group back to 0',
    description: 'Asks nothing, works in every phase and for whatever revision serves.',
    examples: ['rollback notes', 'rollback notes --force']
  })
    .addOption(forceOption('at once, also while legacy fails its health checks'))
    .action((target: string, options: OrderOptions) => give({ verb: 'rollback', target, ...options }))
}
