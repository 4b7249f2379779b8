import { type Static, Type } from '@sinclair/typebox'
import { EventNameSchema } from '../rollout/state.ts'

const rolloutTypes = EventNameSchema.anyOf.map(({ const: name }) => Type.Literal(`rollout.${name}` as const))

/** Something that staff want to know of. Holds nothing of any patient and nothing that a client wrote. */
export const GatewayEventSchema = Type.Object({
  id: Type.Integer({ description: 'Grows with every event, over restarts too.' }),
  at: Type.String({ description: 'ISO 8601, in UTC.' }),
  type: Type.Union([
    ...rolloutTypes,
    Type.Literal('rollout.alert', { description: 'Somebody has to look; told again and again until somebody does.' }),
    Type.Literal('breaker.open'),
    Type.Literal('breaker.half-open'),
    Type.Literal('breaker.closed'),
    Type.Literal('config.applied'),
    Type.Literal('config.refused'),
    Type.Literal('config.mended')
  ]),
  severity: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')]),
  message: Type.String({ description: 'What happened, as a sentence.' }),
  routes: Type.Array(Type.String(), { description: 'The ids of the routes that it is about.' }),
  group: Type.Optional(Type.String()),
  weight: Type.Optional(Type.Number({ description: 'The weight that the routes have, in percent.' })),
  by: Type.Optional(Type.String({ description: 'Who made it happen.' })),
  revision: Type.Optional(Type.Integer({ description: 'Of the configuration that serves.' })),
  replica: Type.Optional(Type.String({ description: 'The replica that it happened on; absent: on this one.' }))
})
export type GatewayEvent = Readonly<Static<typeof GatewayEventSchema>>
export type NewEvent = Omit<GatewayEvent, 'id' | 'at'>
