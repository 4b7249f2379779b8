/*
 * What the admin API takes and answers; the single source of its checks, its types and its description.
 */

export { type AuditEntry, AuditEntrySchema, type FieldChange, FieldChangeSchema } from '../audit/entry.ts'
export { type RevisionRecord, RevisionRecordSchema } from '../config/history.ts'
export { type GatewayEvent, GatewayEventSchema } from '../events/event.ts'
export { type RolloutStatus, RolloutStatusSchema } from '../rollout-controller/status.ts'
export * from './schemas/audit.ts'
export * from './schemas/config.ts'
export * from './schemas/credentials.ts'
export * from './schemas/discovery.ts'
export * from './schemas/explanation.ts'
export * from './schemas/live.ts'
export * from './schemas/problems.ts'
export * from './schemas/progress.ts'
export * from './schemas/replicas.ts'
export * from './schemas/rollouts.ts'
export * from './schemas/routes.ts'
