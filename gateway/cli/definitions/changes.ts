import { type Command, Option } from 'commander'
import type { WriteOptions } from '../commands/write.ts'
import type { ApiOptions } from '../context.ts'
import type { Role } from '../../admin/schemas.ts'
import {
  defineGroup,
  defineOnline,
  defineWrite,
  revisionNumber,
  type Run,
  weight as weightArgument,
  yesOption
} from './define.ts'

/** By name, with what they may. */
const ROLES: Readonly<Record<Role, string>> = { viewer: 'may look', operator: 'may change things as well' }

type ChangeOptions = ApiOptions & WriteOptions
type SwitchOptions = ChangeOptions & { readonly all?: boolean }

/** Commands that change the configuration otherwise than a rollout, and who may. */
export function defineChanges(program: Command, run: Run): void {
  defineWrite(program, {
    usage: 'kill [route]',
    summary: 'send every caller of a route to legacy, now',
    description: 'Asks nothing, and works for whatever revision serves. The weight stays for later.',
    examples: ['kill notes.list', 'kill --all']
  })
    .option('--all', 'of every route')
    .action((id: string | undefined, options: SwitchOptions) =>
      run(options, async context => (await import('../commands/change.ts')).kill(context, id, options))
    )

  defineWrite(program, {
    usage: 'unkill [route]',
    summary: 'turn a kill switch off: the weight decides again',
    examples: ["unkill notes.list --reason 'fixed in 1.4.2'", "unkill --all --reason 'the drill is over'"]
  })
    .option('--all', 'the switch of the whole gateway')
    .addOption(yesOption())
    .action((id: string | undefined, options: SwitchOptions) =>
      run(options, async context => (await import('../commands/change.ts')).unkill(context, id, options))
    )

  defineWrite(program, {
    usage: 'restore <revision>',
    summary: 'put the configuration of an earlier revision back, as a new revision',
    examples: ['restore 12 --dry-run', "restore 12 --reason 'as before the incident'"],
    parse: { revision: revisionNumber }
  })
    .addOption(yesOption())
    .action((revision: number, options: ChangeOptions) =>
      run(options, async context => (await import('../commands/change.ts')).restore(context, revision, options))
    )

  defineWrite(program, {
    usage: 'apply <file>',
    summary: 'make a file the configuration',
    examples: ['apply routing.next.json --dry-run', "apply routing.next.json --reason 'new routes'"]
  })
    .addOption(yesOption())
    .action((file: string, options: ChangeOptions) =>
      run(options, async context => (await import('../commands/change.ts')).apply(context, file, options))
    )

  definePlans(program, run)
  defineCredentials(program, run)
}

/** The same as `--dry-run`, for whoever looks for it by this name. */
function definePlans(program: Command, run: Run): void {
  const plan = defineGroup(program, {
    usage: 'plan',
    summary: 'show what a change would come to, and who would move',
    examples: ['plan set notes 75']
  })
  const dryRun = true

  defineOnline(plan, {
    usage: 'set <target> <weight>',
    summary: 'show what setting a weight would come to',
    examples: ['plan set notes 75'],
    parse: { weight: weightArgument }
  }).action((target: string, weight: number, options: ApiOptions) =>
    run(options, async context => {
      const request = { verb: 'set', target, weight, dryRun } as const
      await (await import('../commands/order.ts')).order(context, request)
    })
  )

  defineOnline(plan, {
    usage: 'restore <revision>',
    summary: 'show what restoring a revision would come to',
    examples: ['plan restore 12'],
    parse: { revision: revisionNumber }
  }).action((revision: number, options: ApiOptions) =>
    run(options, async context => (await import('../commands/change.ts')).restore(context, revision, { dryRun }))
  )

  defineOnline(plan, {
    usage: 'apply <file>',
    summary: 'show what a file would come to as the configuration',
    examples: ['plan apply routing.next.json']
  }).action((file: string, options: ApiOptions) =>
    run(options, async context => (await import('../commands/change.ts')).apply(context, file, { dryRun }))
  )
}

function defineCredentials(program: Command, run: Run): void {
  const credentials = defineGroup(program, {
    usage: 'credentials',
    summary: 'list, make and delete credentials of the admin API',
    examples: ['credentials list']
  })

  defineOnline(credentials, {
    usage: 'list',
    summary: 'list the credentials',
    examples: ['credentials list']
  }).action((options: ApiOptions) =>
    run(options, async context => (await import('../commands/credentials.ts')).list(context))
  )

  defineOnline(credentials, {
    usage: 'create <name>',
    summary: 'make a credential; it is shown once, on stdout',
    examples: ['credentials create anna --role operator', 'credentials create ci --role viewer > ci.credential']
  })
    .addOption(
      new Option(
        '--role <role>',
        Object.entries(ROLES)
          .map(entry => entry.join(' '))
          .join(', ')
      )
        .choices(Object.keys(ROLES))
        .makeOptionMandatory()
    )
    .option('--dry-run', 'do nothing')
    .action((name: string, options: ApiOptions & { role: Role; dryRun?: boolean }) =>
      run(options, async context => {
        const { role, ...rest } = options
        await (await import('../commands/credentials.ts')).create(context, { name, role }, rest)
      })
    )

  defineOnline(credentials, {
    usage: 'delete <credential>',
    summary: 'delete a credential: it works no more',
    examples: ['credentials delete ci']
  })
    .option('--dry-run', 'do nothing')
    .action((name: string, options: ApiOptions & { dryRun?: boolean }) =>
      run(options, async context => (await import('../commands/credentials.ts')).remove(context, name, options))
    )
}
