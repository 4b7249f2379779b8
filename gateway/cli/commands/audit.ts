import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AUDIT_LOG, verifyAudit } from '../../audit/audit.ts'
import { failureOf } from '../../storage/files.ts'
import type { Verdict } from '../../admin/schemas.ts'
import type { AuditQuery } from '../client.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT, usage } from '../errors.ts'
import { changesInLine } from '../output/changes.ts'
import { count, time } from '../output/format.ts'
import { tableOf } from '../output/table.ts'

export async function list(context: Context, query: AuditQuery): Promise<void> {
  const client = await context.client()
  const entries = await client.audit(query)
  context.show(entries, paint => {
    const rows = entries.map(({ seq, at, actor, action, revision, changes, reason }) => [
      String(seq),
      time(at),
      `${actor.kind} ${actor.name}`,
      action,
      revision === undefined ? '' : `${revision.from} → ${revision.to}`,
      changesInLine(changes),
      reason
    ])
    const names = ['entry', 'at', 'by', 'action', 'revision', 'what', 'why']
    return rows.length === 0
      ? 'No entry fits.'
      : tableOf(
          names.map(name => ({ name, isNumber: name === 'entry' })),
          rows,
          paint
        )
  })
}

export interface VerifyOptions {
  readonly stateDir?: string
  readonly file?: string
}

/** Checks the record: that of a running gateway, or a file without one. */
export async function verify(context: Context, { stateDir, file }: VerifyOptions): Promise<void> {
  if (stateDir !== undefined && file !== undefined) throw usage('either a file or --state-dir, not both')
  const place = file ?? stateDir
  const verdict = place === undefined ? await (await context.client()).verifyAudit() : await verdictOf(place)
  if (verdict.ok) {
    const { entries, head } = verdict
    const text = `The audit is whole: ${count(entries, 'entry', 'entries')}, the last is number ${head.seq}`
    context.show(verdict, paint => `${paint('green', text)} (${head.hash}).`)
    return
  }
  const { line, problem } = verdict
  if (context.isJson) context.show(verdict, () => '')
  throw new CliError(EXIT.refused, 'refused', `the audit is not whole: line ${line}: ${problem}`, { line, problem })
}

/** @param file the log, or the directory that holds it. */
async function verdictOf(file: string): Promise<Verdict> {
  try {
    const isDirectory = (await stat(file)).isDirectory()
    return await verifyAudit(isDirectory ? join(file, AUDIT_LOG) : file)
  } catch (error) {
    throw usage(`the audit "${file}" cannot be read (${failureOf(error)})`)
  }
}
